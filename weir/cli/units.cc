#include "weir/cli/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <ctime>
#include <string_view>

namespace weir::cli {
namespace {

double SecondsOf(Duration duration) {
  return std::chrono::duration_cast<std::chrono::duration<double>>(duration).count();
}

std::tm LocalTime(int64_t unix_ms) {
  const std::time_t seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm local = {};
  localtime_r(&seconds, &local);
  return local;
}

}  // namespace

std::string FormatBytes(uint64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
  double amount = static_cast<double>(bytes);
  size_t unit = 0;
  while (amount >= 999.5 && unit + 1 < kUnits.size()) {
    amount /= 1000;
    ++unit;
  }
  const bool whole = unit == 0 || amount >= 9.95;
  return whole ? fmt::format("{:.0f} {}", amount, kUnits[unit])
               : fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

std::string FormatCount(uint64_t count) {
  std::string digits = std::to_string(count);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string FormatRate(double per_second) {
  if (per_second < 999.5) return fmt::format("{:.0f}/s", per_second);
  constexpr std::array<std::string_view, 3> kUnits = {"k", "M", "G"};
  size_t unit = 0;
  for (per_second /= 1000; per_second >= 999.5 && unit + 1 < kUnits.size(); ++unit)
    per_second /= 1000;
  const int decimals = per_second < 9.995 ? 2 : per_second < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}/s", per_second, decimals, kUnits[unit]);
}

std::string FormatMillis(Duration duration) {
  const double ms = SecondsOf(duration) * 1000;
  return ms < 9.95 ? fmt::format("{:.1f} ms", ms) : fmt::format("{:.0f} ms", ms);
}

std::string FormatAge(Duration age) {
  const double seconds = std::max(0.0, SecondsOf(age));
  if (seconds < 0.95) return fmt::format("{:.1f} s", seconds);
  if (seconds < 119.5) return fmt::format("{:.0f} s", seconds);
  if (seconds < 119.5 * 60) return fmt::format("{:.0f} min", seconds / 60);
  if (seconds < 47.5 * 3600) return fmt::format("{:.0f} h", seconds / 3600);
  return fmt::format("{:.0f} d", seconds / 86'400);
}

std::string FormatElapsed(Duration elapsed) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(elapsed).count();
  return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string FormatWhen(int64_t unix_ms, int64_t now_unix_ms) {
  const std::tm when = LocalTime(unix_ms);
  const std::tm now = LocalTime(now_unix_ms);
  const bool same_day = when.tm_year == now.tm_year && when.tm_yday == now.tm_yday;
  if (same_day) return fmt::format("{:02}:{:02}:{:02}", when.tm_hour, when.tm_min, when.tm_sec);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", when.tm_year + 1900, when.tm_mon + 1,
                     when.tm_mday, when.tm_hour, when.tm_min);
}

}  // namespace weir::cli
