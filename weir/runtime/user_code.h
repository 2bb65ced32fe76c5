// The one place where exceptions of user functions end: each becomes a Status. Nothing of Weir
// throws.
// Threads: the caller's.
#pragma once

#include <type_traits>

#include "weir/base/status.h"

namespace weir::runtime {

namespace internal {
/// The Status of the exception being handled; only inside a catch block.
Status StatusOfCurrentException();
}  // namespace internal

/// Calls `call`, which returns a Status or a StatusOr; what it throws becomes Unknown with the
/// exception's own words.
/// Errors: those of `call`, and Unknown.
template <class F>
std::invoke_result_t<F> CatchUserExceptions(F&& call) {
  try {
    return call();
  } catch (...) {
    return internal::StatusOfCurrentException();
  }
}

}  // namespace weir::runtime
