#include "weir/cluster/restart_policy.h"

#include <algorithm>
#include <utility>

namespace weir::cluster {

std::optional<Duration> RestartPolicy::OnFailure(base::Instant now, double chance) {
  using Kind = RestartOptions::Kind;
  const std::optional<base::Instant> before = std::exchange(failed_at_, now);
  const Duration reset_after = options_.reset_after;
  // The rest was no time in which anything could fail.
  const Duration rested = std::exchange(rested_, Duration(0));
  if (before && reset_after > Duration(0) && now - *before - rested > reset_after) {
    restarts_ = 0;
    rest_ = Duration(0);
  }
  if (options_.kind == Kind::kNone) return std::nullopt;
  if (options_.kind == Kind::kFailureRate) return OnRate(now);
  const bool limited = options_.kind == Kind::kFixedDelay || options_.attempts != 0;
  if (limited && restarts_ >= options_.attempts) return std::nullopt;
  ++restarts_;
  rested_ = options_.kind == Kind::kFixedDelay ? options_.delay : NextRest(chance);
  return rested_;
}

std::optional<Duration> RestartPolicy::OnRate(base::Instant now) {
  while (!failures_.empty() && now - failures_.front() > options_.interval) failures_.pop_front();
  failures_.push_back(now);
  restarts_ = static_cast<uint32_t>(failures_.size());
  if (failures_.size() > options_.attempts) return std::nullopt;
  return options_.delay;
}

Duration RestartPolicy::NextRest(double chance) {
  const auto longer = static_cast<double>(rest_.count()) * options_.multiplier;
  const auto longest = static_cast<double>(options_.delay_max.count());
  rest_ = rest_ == Duration(0) ? std::min(options_.delay, options_.delay_max)
                               : Duration(static_cast<int64_t>(std::min(longer, longest)));
  const double factor = 1 + options_.jitter * (2 * chance - 1);
  return Duration(static_cast<int64_t>(static_cast<double>(rest_.count()) * factor));
}

}  // namespace weir::cluster
