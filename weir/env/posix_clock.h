// The machine's clocks.
#pragma once

#include "weir/env/clock.h"

namespace weir::env {

/// `Now` is the time since boot (CLOCK_MONOTONIC).
/// Threads: any thread.
class PosixClock final : public Clock {
 public:
  base::Instant Now() const override;
  int64_t UnixMillis() const override;
};

}  // namespace weir::env
