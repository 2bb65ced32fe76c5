#include "weir/connectors/rate_limit.h"

#include <algorithm>
#include <limits>

#include "weir/base/limits.h"

namespace weir::connectors {
namespace {

constexpr double kSecond = 1e9;
constexpr double kPieceMax = 1e6;  // looking at the clock more often would not make it more even

}  // namespace

RateLimit::RateLimit(double rows_per_second, base::Instant now)
    : row_ns_(rows_per_second > 0 ? kSecond / rows_per_second : 0), next_row_ns_(0), start_(now) {}

uint32_t RateLimit::Allowed(base::Instant now) {
  if (row_ns_ == 0) return std::numeric_limits<uint32_t>::max();
  const auto elapsed = static_cast<double>((now - start_).count());
  const auto burst = static_cast<double>(limits::kRateBurstMax.count());
  next_row_ns_ = std::max(next_row_ns_, elapsed - std::max(burst, row_ns_));
  const double due = (elapsed - next_row_ns_) / row_ns_;
  return due < 0 ? 0 : static_cast<uint32_t>(std::min(due, 1e9)) + 1;
}

Duration RateLimit::Wait(base::Instant now) const {
  const auto elapsed = static_cast<double>((now - start_).count());
  const double piece = std::max(kPieceMax, row_ns_);
  // A piece is there when its last row is due.
  const double wait = next_row_ns_ + piece - row_ns_ - elapsed;
  return Duration(static_cast<int64_t>(std::clamp(wait, 0.0, 60 * kSecond)) + 1);
}

}  // namespace weir::connectors
