// The proof that a store keeps the one strong promise that checkpoints rest on.
//
// Some stores that speak a protocol ignore its condition "only if absent": two coordinators would
// both believe that they reign. So the promise is tried before a job trusts a store.
#pragma once

#include "weir/env/blob_store.h"
#include "weir/env/random.h"

namespace weir::stores {

/// Creates a scratch blob twice: the second create must lose, and the first one's bytes be intact.
/// Answers once, on a thread of the store.
/// Shapes: `store` outlives the call.
/// Errors: FailedPrecondition: the store does not keep the promise, use another; Unavailable: try
///   again; others as the store gave them.
void ProveCreateIfAbsent(env::BlobStore& store, env::Random& random, env::StatusCallback done);

}  // namespace weir::stores
