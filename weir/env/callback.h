// Callbacks: how a call that takes long answers. Exactly once, unless its interface says otherwise.
#pragma once

#include "weir/base/function.h"
#include "weir/base/status.h"

namespace weir::env {

using StatusCallback = base::UniqueFunction<void(Status)>;
template <class T>
using ResultCallback = base::UniqueFunction<void(StatusOr<T>)>;

}  // namespace weir::env
