// From the text that a user writes (`--checkpoint-dir`) to a store.
// Threads: pure.
#pragma once

#include <memory>
#include <string>

#include "weir/base/status.h"
#include "weir/env/blob_store.h"
#include "weir/env/env.h"

namespace weir::stores {

/// "file:///var/lib/weir", or a plain path. Touches nothing outside.
/// Shapes: `env` outlives the store's calls under way.
/// Errors: InvalidArgument for an unknown scheme, naming the component that a known one needs.
StatusOr<std::unique_ptr<env::BlobStore>> OpenStore(const env::Env& env, const std::string& uri);

}  // namespace weir::stores
