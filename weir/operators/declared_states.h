// The states that an operator declares, in words: for the description of a plan.
// Threads: pure, but for the user's code that it calls.
#pragma once

#include <string>
#include <vector>

#include "weir/base/status.h"
#include "weir/runtime/operator.h"

namespace weir::operators {

/// Opens an operator of a plan (OperatorContext::env is null) and returns a line for each keyed
/// state, in the order of declaration: "per-page.count: value state of int64 by string".
/// Errors: those of Open; Unknown when the user's code throws.
StatusOr<std::vector<std::string>> DeclaredStates(const runtime::OperatorFactory& factory,
                                                  const std::string& uid, uint32_t max_parallelism);

}  // namespace weir::operators
