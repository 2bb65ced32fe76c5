// RestartPolicy: which failures of a job are followed by another attempt, and after what rest.
//
// It is pure: time and chance are given to it.
// Threads: one caller at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "weir/base/time.h"

namespace weir::cluster {

struct RestartOptions {
  enum class Kind : uint8_t {
    kNone,              // the first failure ends the job
    kFixedDelay,        // `attempts` restarts, `delay` before each
    kFailureRate,       // any number, but at most `attempts` failures within `interval`
    kExponentialDelay,  // `delay`, then `multiplier` times the last rest, up to `delay_max`
  };
  Kind kind = Kind::kNone;
  uint32_t attempts = 0;  // kExponentialDelay: restarts in a row; 0: any number
  Duration delay = std::chrono::milliseconds(50);
  Duration reset_after{0};  // without a failure for so long, all begins anew; 0: never
  Duration interval{0};
  Duration delay_max{0};
  double multiplier = 2;
  double jitter = 0;  // a rest is longer or shorter by up to this part of it, by chance
};

class RestartPolicy {
 public:
  explicit RestartPolicy(const RestartOptions& options) : options_(options) {}

  /// An attempt failed at `now`: the rest before the next one, or nothing: the job has failed.
  /// Shapes: `chance` is uniform in [0, 1); `now` never goes back.
  std::optional<Duration> OnFailure(base::Instant now, double chance);

  /// Restarts that count at the moment, and how many may: 0 when any number may.
  uint32_t restarts() const { return restarts_; }
  uint32_t restarts_max() const { return options_.attempts; }

 private:
  std::optional<Duration> OnRate(base::Instant now);
  Duration NextRest(double chance);

  const RestartOptions options_;
  std::optional<base::Instant> failed_at_;  // the last time
  Duration rested_{0};                      // behind it
  uint32_t restarts_ = 0;
  Duration rest_{0};                    // of kExponentialDelay, without chance; 0: none yet
  std::deque<base::Instant> failures_;  // of kFailureRate, within the interval
};

}  // namespace weir::cluster
