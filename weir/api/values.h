// Values as people write them: in `-D key=value` and in options of a program.
//
// A message says what was written and what was expected; who asked puts the name in front.
// Threads: pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/base/status.h"
#include "weir/base/time.h"

namespace weir::api {

/// "-12". No spaces, no sign but a minus.
/// Errors: InvalidArgument, also when it does not fit into 64 bits.
StatusOr<int64_t> ParseInteger(std::string_view text);

/// "1.5", "2e-3".
/// Errors: InvalidArgument, also for what is no number ("nan") or has no end ("inf").
StatusOr<double> ParseDouble(std::string_view text);

/// "true" or "false".
/// Errors: InvalidArgument.
StatusOr<bool> ParseBool(std::string_view text);

/// A number and a unit, with or without a space: "200ms", "5 s", "1.5 min". "0" needs no unit.
/// Units: ns, us, ms, s, min, h, d.
/// Errors: InvalidArgument, also for a negative one and one above 292 years.
StatusOr<Duration> ParseDuration(std::string_view text);

/// The shortest form that ParseDuration reads back: "200 ms", "5 s", "0 s".
std::string FormatDuration(Duration duration);

}  // namespace weir::api
