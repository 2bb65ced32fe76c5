// Units: sizes, times and counts as people read them.
// Threads: pure; FormatWhen reads the machine's time zone.
#pragma once

#include <cstdint>
#include <string>

#include "weir/base/time.h"

namespace weir::cli {

/// "182 MB", "3.1 MB", "0 B": three digits at most, decimal units.
std::string FormatBytes(uint64_t bytes);

/// "1,203,400".
std::string FormatCount(uint64_t count);

/// Rows a second: "12/s", "27.1 k/s", "1.20 M/s".
std::string FormatRate(double per_second);

/// In milliseconds whatever its length, so that lines can be compared and parsed: "0.3 ms",
/// "48 ms", "61234 ms".
std::string FormatMillis(Duration duration);

/// How long ago something was: "0.9 s", "2 s", "5 min", "21 h", "3 d". A negative age (a clock that
/// was set back) is 0.
std::string FormatAge(Duration age);

/// "00:04:12".
std::string FormatElapsed(Duration elapsed);

/// A moment as seen from another: "10:14:07" of the same day, else "2025-03-01 10:14".
/// Units: ms since 1970 UTC; shown in local time.
std::string FormatWhen(int64_t unix_ms, int64_t now_unix_ms);

}  // namespace weir::cli
