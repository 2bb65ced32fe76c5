// The two kinds of time. Event time is a Timestamp: what a record says of itself. Machine time is
// an Instant: what a Clock says, good only for differences. They do not convert into each other.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace weir {
inline namespace v0 {

/// A span of machine or event time.
/// Units: nanoseconds.
using Duration = std::chrono::nanoseconds;

/// Event time.
/// Units: ms since 1970 UTC.
using Timestamp = int64_t;
// Before every record: no watermark yet.
inline constexpr Timestamp kMinTimestamp = std::numeric_limits<int64_t>::min();
// After every record: the input ended.
inline constexpr Timestamp kMaxTimestamp = std::numeric_limits<int64_t>::max();

}  // namespace v0
}  // namespace weir

namespace weir::base {

struct MonotonicTimeline {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicTimeline, duration>;
  static constexpr bool is_steady = true;
};

/// A point of monotonic machine time; its zero means nothing.
using Instant = MonotonicTimeline::time_point;

}  // namespace weir::base
