// JobOptions: what a job is run with, as numbers: the settings of a Config, read and checked
// together.
// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "weir/api/config.h"
#include "weir/base/status.h"
#include "weir/base/time.h"

namespace weir {
inline namespace v0 {

/// What happens when an attempt fails. The default: up to 10 restarts, 50 ms after each failure,
/// counted anew after 10 minutes without one.
struct RestartStrategy {
  /// One for each of the functions below.
  enum class Kind : uint8_t { kNone, kFixedDelay, kFailureRate, kExponentialDelay };
  Kind kind = Kind::kFixedDelay;
  uint32_t attempts = 10;  // restarts until the job fails; see the functions below
  Duration delay = std::chrono::milliseconds(50);   // after a failure
  Duration reset_after = std::chrono::minutes(10);  // 0: restarts are never forgotten
  Duration interval{0};                             // of kFailureRate
  Duration delay_max{0};                            // of kExponentialDelay, as the next two
  double multiplier = 2;                            // of each delay to the one before
  double jitter = 0;  // the part of a delay by which it is longer or shorter, by chance
  friend bool operator==(const RestartStrategy&, const RestartStrategy&) = default;
};

/// The first failure fails the job.
RestartStrategy NoRestart();

/// `attempts` restarts in one run of the program, each `delay` after the failure; never counted
/// anew.
RestartStrategy FixedDelayRestart(uint32_t attempts, Duration delay);

/// A restart `delay` after each failure, until there are more than `failures_max` of them within
/// `interval`.
RestartStrategy FailureRateRestart(uint32_t failures_max, Duration interval, Duration delay);

/// Restarts after `first`, twice `first` and so on up to `longest`; all begins anew when nothing
/// has failed for `reset_after`. `attempts` restarts in a row are the last; 0: there is no last
/// one.
RestartStrategy ExponentialDelayRestart(Duration first, Duration longest,
                                        Duration reset_after = std::chrono::minutes(10),
                                        uint32_t attempts = 0);

}  // namespace v0
}  // namespace weir

namespace weir::api {

struct CheckpointOptions {
  Duration interval = std::chrono::seconds(1);  // 0: no periodic checkpoints
  Duration min_pause = std::chrono::milliseconds(500);
  Duration timeout = std::chrono::minutes(10);
  uint32_t tolerated_failures = 3;  // in a row
  uint32_t retained_max = 3;
  std::string directory;  // empty: not said
  friend bool operator==(const CheckpointOptions&, const CheckpointOptions&) = default;
};

struct JobOptions {
  uint32_t parallelism = 0;      // 0: one subtask per core
  uint32_t max_parallelism = 0;  // 0: not said: what the job started with, or the default
  Duration buffer_timeout = std::chrono::milliseconds(1);
  CheckpointOptions checkpoints;
  RestartStrategy restart;
  friend bool operator==(const JobOptions&, const JobOptions&) = default;
};

/// The settings, key and value, that stand for a strategy.
std::vector<std::pair<std::string, std::string>> SettingsOf(const RestartStrategy& strategy);

/// Errors: InvalidArgument naming the key when values do not go together or are out of range, with
///   the cure.
StatusOr<JobOptions> ReadJobOptions(const Config& config);

}  // namespace weir::api
