// JobOptions: what a job is run with, as numbers: the settings of a Config, read and checked
// together.
// Threads: values.
#pragma once

#include <cstdint>
#include <string>

#include "weir/api/config.h"
#include "weir/base/status.h"
#include "weir/base/time.h"

namespace weir {
inline namespace v0 {

/// What happens when an attempt fails. The default: up to 10 restarts, 50 ms after each failure,
/// counted anew after 10 minutes without one.
struct RestartStrategy {
  enum class Kind : uint8_t { kNone, kFixedDelay };
  Kind kind = Kind::kFixedDelay;
  uint32_t attempts = 10;  // restarts until the job fails
  Duration delay = std::chrono::milliseconds(50);
  Duration reset_after = std::chrono::minutes(10);  // 0: restarts are never forgotten
  friend bool operator==(const RestartStrategy&, const RestartStrategy&) = default;
};

/// The first failure fails the job.
RestartStrategy NoRestart();

/// `attempts` restarts in one run of the program, each `delay` after the failure; never counted
/// anew.
RestartStrategy FixedDelayRestart(uint32_t attempts, Duration delay);

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

/// Errors: InvalidArgument naming the key when values do not go together or are out of range, with
///   the cure.
StatusOr<JobOptions> ReadJobOptions(const Config& config);

}  // namespace weir::api
