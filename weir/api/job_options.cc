#include "weir/api/job_options.h"

#include <bit>
#include <string_view>

#include "weir/api/values.h"
#include "weir/base/limits.h"

namespace weir {
inline namespace v0 {

RestartStrategy NoRestart() {
  return {.kind = RestartStrategy::Kind::kNone,
          .attempts = 0,
          .delay = Duration(0),
          .reset_after = Duration(0)};
}

RestartStrategy FixedDelayRestart(uint32_t attempts, Duration delay) {
  return {.kind = RestartStrategy::Kind::kFixedDelay,
          .attempts = attempts,
          .delay = delay,
          .reset_after = Duration(0)};
}

}  // namespace v0
}  // namespace weir

namespace weir::api {
namespace {

// Config::Set has checked that values are of their types and integers fit.
uint32_t Integer(const Config& config, std::string_view key) {
  return static_cast<uint32_t>(ParseInteger(config.Get(key)).value());
}
Duration Time(const Config& config, std::string_view key) {
  return ParseDuration(config.Get(key)).value();
}

StatusOr<CheckpointOptions> ReadCheckpointOptions(const Config& config) {
  CheckpointOptions options;
  options.interval = Time(config, "execution.checkpointing.interval");
  options.min_pause = config.IsSet("execution.checkpointing.min-pause")
                          ? Time(config, "execution.checkpointing.min-pause")
                          : options.interval / 2;
  options.timeout = Time(config, "execution.checkpointing.timeout");
  options.tolerated_failures =
      Integer(config, "execution.checkpointing.tolerable-failed-checkpoints");
  options.retained_max = Integer(config, "execution.checkpointing.num-retained");
  options.directory = config.Get("execution.checkpointing.dir");
  if (options.timeout == Duration(0)) {
    return InvalidArgumentError(
        "execution.checkpointing.timeout is 0: no checkpoint could complete");
  }
  if (options.retained_max == 0) {
    return InvalidArgumentError(
        "execution.checkpointing.num-retained is 0: keep at least 1, the one to resume from");
  }
  return options;
}

RestartStrategy ReadRestartStrategy(const Config& config) {
  if (config.Get("restart-strategy.type") == "none") return NoRestart();
  return {.kind = RestartStrategy::Kind::kFixedDelay,
          .attempts = Integer(config, "restart-strategy.fixed-delay.attempts"),
          .delay = Time(config, "restart-strategy.fixed-delay.delay"),
          .reset_after = Time(config, "restart-strategy.fixed-delay.reset-after")};
}

}  // namespace

StatusOr<JobOptions> ReadJobOptions(const Config& config) {
  JobOptions options;
  options.parallelism = Integer(config, "parallelism.default");
  options.max_parallelism = Integer(config, "pipeline.max-parallelism");
  options.buffer_timeout = Time(config, "execution.buffer-timeout");
  WEIR_ASSIGN_OR_RETURN(options.checkpoints, ReadCheckpointOptions(config));
  options.restart = ReadRestartStrategy(config);

  const uint32_t groups = options.max_parallelism;
  if (groups > limits::kMaxParallelismMax || (groups != 0 && !std::has_single_bit(groups))) {
    return InvalidArgumentError(
        "pipeline.max-parallelism ", groups, " is not a power of two up to ",
        limits::kMaxParallelismMax, "; take ",
        groups > limits::kMaxParallelismMax ? limits::kMaxParallelismMax : std::bit_ceil(groups));
  }
  if (config.IsSet("parallelism.default") && options.parallelism == 0) {
    return InvalidArgumentError(
        "parallelism.default is 0; take 1 or more, or leave it out: all cores");
  }
  if (options.parallelism > limits::kMaxParallelismMax) {
    return InvalidArgumentError("parallelism.default ", options.parallelism, " is above ",
                                limits::kMaxParallelismMax, ", the most that a job can have");
  }
  return options;
}

}  // namespace weir::api
