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

RestartStrategy FailureRateRestart(uint32_t failures_max, Duration interval, Duration delay) {
  return {.kind = RestartStrategy::Kind::kFailureRate,
          .attempts = failures_max,
          .delay = delay,
          .reset_after = Duration(0),
          .interval = interval};
}

RestartStrategy ExponentialDelayRestart(Duration first, Duration longest, Duration reset_after,
                                        uint32_t attempts) {
  return {.kind = RestartStrategy::Kind::kExponentialDelay,
          .attempts = attempts,
          .delay = first,
          .reset_after = reset_after,
          .delay_max = longest,
          .jitter = 0.1};
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

double Number(const Config& config, std::string_view key) {
  return ParseDouble(config.Get(key)).value();
}

StatusOr<RestartStrategy> ReadExponentialDelay(const Config& config) {
  RestartStrategy strategy = ExponentialDelayRestart(
      Time(config, "restart-strategy.exponential-delay.initial-backoff"),
      Time(config, "restart-strategy.exponential-delay.max-backoff"),
      Time(config, "restart-strategy.exponential-delay.reset-backoff-threshold"),
      Integer(config, "restart-strategy.exponential-delay.attempts-before-reset-backoff"));
  strategy.multiplier = Number(config, "restart-strategy.exponential-delay.backoff-multiplier");
  strategy.jitter = Number(config, "restart-strategy.exponential-delay.jitter-factor");
  if (strategy.delay == Duration(0) || strategy.delay_max < strategy.delay) {
    return InvalidArgumentError(
        "restart-strategy.exponential-delay: initial-backoff must be above 0 and not above "
        "max-backoff");
  }
  if (strategy.multiplier < 1) {
    return InvalidArgumentError("restart-strategy.exponential-delay.backoff-multiplier ",
                                strategy.multiplier, " is below 1: rests would become shorter");
  }
  if (strategy.jitter < 0 || strategy.jitter > 1) {
    return InvalidArgumentError("restart-strategy.exponential-delay.jitter-factor ",
                                strategy.jitter, " is not between 0 and 1");
  }
  return strategy;
}

StatusOr<RestartStrategy> ReadRestartStrategy(const Config& config) {
  const std::string_view type = config.Get("restart-strategy.type");
  if (type == "none") return NoRestart();
  if (type == "exponential-delay") return ReadExponentialDelay(config);
  if (type == "failure-rate") {
    if (Time(config, "restart-strategy.failure-rate.delay") >=
        Time(config, "restart-strategy.failure-rate.failure-rate-interval")) {
      return InvalidArgumentError(
          "restart-strategy.failure-rate.delay is not below failure-rate-interval: no two failures "
          "would be within it");
    }
    return FailureRateRestart(
        Integer(config, "restart-strategy.failure-rate.max-failures-per-interval"),
        Time(config, "restart-strategy.failure-rate.failure-rate-interval"),
        Time(config, "restart-strategy.failure-rate.delay"));
  }
  return RestartStrategy{.kind = RestartStrategy::Kind::kFixedDelay,
                         .attempts = Integer(config, "restart-strategy.fixed-delay.attempts"),
                         .delay = Time(config, "restart-strategy.fixed-delay.delay"),
                         .reset_after = Time(config, "restart-strategy.fixed-delay.reset-after")};
}

}  // namespace

std::vector<std::pair<std::string, std::string>> SettingsOf(const RestartStrategy& strategy) {
  const std::string attempts = std::to_string(strategy.attempts);
  const std::string delay = FormatDuration(strategy.delay);
  const std::string reset_after = FormatDuration(strategy.reset_after);
  switch (strategy.kind) {
    case RestartStrategy::Kind::kNone:
      return {{"restart-strategy.type", "none"}};
    case RestartStrategy::Kind::kFixedDelay:
      return {{"restart-strategy.type", "fixed-delay"},
              {"restart-strategy.fixed-delay.attempts", attempts},
              {"restart-strategy.fixed-delay.delay", delay},
              {"restart-strategy.fixed-delay.reset-after", reset_after}};
    case RestartStrategy::Kind::kFailureRate:
      return {{"restart-strategy.type", "failure-rate"},
              {"restart-strategy.failure-rate.max-failures-per-interval", attempts},
              {"restart-strategy.failure-rate.failure-rate-interval",
               FormatDuration(strategy.interval)},
              {"restart-strategy.failure-rate.delay", delay}};
    case RestartStrategy::Kind::kExponentialDelay:
      return {
          {"restart-strategy.type", "exponential-delay"},
          {"restart-strategy.exponential-delay.initial-backoff", delay},
          {"restart-strategy.exponential-delay.max-backoff", FormatDuration(strategy.delay_max)},
          {"restart-strategy.exponential-delay.backoff-multiplier",
           std::to_string(strategy.multiplier)},
          {"restart-strategy.exponential-delay.reset-backoff-threshold", reset_after},
          {"restart-strategy.exponential-delay.jitter-factor", std::to_string(strategy.jitter)},
          {"restart-strategy.exponential-delay.attempts-before-reset-backoff", attempts}};
  }
  return {};
}

StatusOr<JobOptions> ReadJobOptions(const Config& config) {
  JobOptions options;
  options.parallelism = Integer(config, "parallelism.default");
  options.max_parallelism = Integer(config, "pipeline.max-parallelism");
  options.buffer_timeout = Time(config, "execution.buffer-timeout");
  WEIR_ASSIGN_OR_RETURN(options.checkpoints, ReadCheckpointOptions(config));
  WEIR_ASSIGN_OR_RETURN(options.restart, ReadRestartStrategy(config));

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
