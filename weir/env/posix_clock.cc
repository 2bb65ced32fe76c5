#include "weir/env/posix_clock.h"

#include <chrono>

namespace weir::env {

base::Instant PosixClock::Now() const {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return base::Instant(std::chrono::duration_cast<Duration>(since_boot));
}

int64_t PosixClock::UnixMillis() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
}

}  // namespace weir::env
