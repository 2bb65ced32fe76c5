// The one place where exceptions of user functions end: each becomes a Status. Nothing of Weir
// throws.
// Threads: the caller's.
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "weir/base/status.h"

namespace weir::runtime {

namespace internal {
/// The Status of the exception being handled; only inside a catch block.
Status StatusOfCurrentException();

inline const Status& StatusOf(const Status& status) { return status; }
template <class T>
const Status& StatusOf(const StatusOr<T>& result) {
  return result.status();
}
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

/// Calls what is an operator's or a source's: what it throws and what it returns carries `uid`.
/// Errors: as CatchUserExceptions, annotated.
template <class F>
std::invoke_result_t<F> CallUserCode(const std::string& uid, F&& call) {
  std::invoke_result_t<F> result = CatchUserExceptions(std::forward<F>(call));
  const Status& status = internal::StatusOf(result);
  if (!status.ok()) return status.Annotated(uid);
  return result;
}

}  // namespace weir::runtime
