#include "weir/api/values.h"

#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

namespace weir::api {
namespace {

struct Unit {
  std::string_view name;
  int64_t nanoseconds;
};
// From the largest down: FormatDuration takes the first that divides.
constexpr std::array kUnits = {
    Unit{"d", 86'400'000'000'000},
    Unit{"h", 3'600'000'000'000},
    Unit{"min", 60'000'000'000},
    Unit{"s", 1'000'000'000},
    Unit{"ms", 1'000'000},
    Unit{"us", 1'000},
    Unit{"ns", 1},
};

/// Reads a T from the front of `text` and takes it away; false when there is none.
template <class T>
bool TakeNumber(std::string_view& text, T& number) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(rest - text.data()));
  return true;
}

Status NotADuration(std::string_view text) {
  return InvalidArgumentError("\"", text,
                              "\" is not a duration (a number and one of ns, us, ms, s, ",
                              "min, h, d: \"200 ms\")");
}

}  // namespace

StatusOr<int64_t> ParseInteger(std::string_view text) {
  std::string_view rest = text;
  int64_t number = 0;
  if (TakeNumber(rest, number) && rest.empty()) return number;
  return InvalidArgumentError("\"", text, "\" is not an integer of 64 bits");
}

StatusOr<double> ParseDouble(std::string_view text) {
  std::string_view rest = text;
  double number = 0;
  if (TakeNumber(rest, number) && rest.empty() && std::isfinite(number)) return number;
  return InvalidArgumentError("\"", text, "\" is not a number");
}

StatusOr<bool> ParseBool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return InvalidArgumentError("\"", text, "\" is neither true nor false");
}

StatusOr<Duration> ParseDuration(std::string_view text) {
  std::string_view rest = text;
  double number = 0;
  if (!TakeNumber(rest, number) || !(number >= 0)) return NotADuration(text);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  if (rest.empty() && number == 0) return Duration(0);
  for (const Unit& unit : kUnits) {
    if (rest != unit.name) continue;
    const double nanoseconds = number * static_cast<double>(unit.nanoseconds);
    if (!(nanoseconds < 9.2e18)) return InvalidArgumentError("\"", text, "\" is above 292 years");
    return Duration(std::llround(nanoseconds));
  }
  return NotADuration(text);
}

std::string FormatDuration(Duration duration) {
  if (duration.count() == 0) return "0 s";
  for (const Unit& unit : kUnits) {
    if (duration.count() % unit.nanoseconds != 0) continue;
    return Concat(duration.count() / unit.nanoseconds, " ", unit.name);
  }
  return {};  // not reached: 1 divides
}

}  // namespace weir::api
