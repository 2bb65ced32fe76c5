// Clock: the only source of time. Durations and deadlines come from `Now`. `UnixMillis` is for
// people and for timers of processing time; nothing of the protocol is decided by it.
#pragma once

#include <cstdint>

#include "weir/base/time.h"

namespace weir::env {

/// Threads: any thread.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Monotonic; not comparable between processes.
  virtual base::Instant Now() const = 0;

  /// Wall time; may jump.
  /// Units: ms since 1970 UTC.
  virtual int64_t UnixMillis() const = 0;
};

}  // namespace weir::env
