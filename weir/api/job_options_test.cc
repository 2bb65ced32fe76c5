#include "weir/api/job_options.h"

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <string>
#include <utility>

namespace weir::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

StatusOr<JobOptions> Read(std::initializer_list<std::pair<const char*, const char*>> settings) {
  Config config;
  for (const auto& [key, value] : settings) EXPECT_EQ(config.Set(key, value), OkStatus());
  return ReadJobOptions(config);
}

std::string Refused(std::initializer_list<std::pair<const char*, const char*>> settings) {
  const auto options = Read(settings);
  EXPECT_FALSE(options.ok());
  return std::string(options.status().message());
}

TEST(JobOptions, DefaultsOfTheStructAreThoseOfTheKeys) {
  EXPECT_EQ(Read({}).value(), JobOptions());
}

TEST(JobOptions, ReadsEverySetting) {
  const JobOptions options = Read({{"parallelism.default", "3"},
                                   {"pipeline.max-parallelism", "512"},
                                   {"execution.buffer-timeout", "5 ms"},
                                   {"execution.checkpointing.interval", "200ms"},
                                   {"execution.checkpointing.min-pause", "10 ms"},
                                   {"execution.checkpointing.timeout", "1 min"},
                                   {"execution.checkpointing.tolerable-failed-checkpoints", "0"},
                                   {"execution.checkpointing.num-retained", "1"},
                                   {"execution.checkpointing.dir", "here"},
                                   {"restart-strategy.fixed-delay.attempts", "7"},
                                   {"restart-strategy.fixed-delay.delay", "2 s"},
                                   {"restart-strategy.fixed-delay.reset-after", "0"}})
                                 .value();
  EXPECT_EQ(options.parallelism, 3u);
  EXPECT_EQ(options.max_parallelism, 512u);
  EXPECT_EQ(options.buffer_timeout, milliseconds(5));
  EXPECT_EQ(options.checkpoints, (CheckpointOptions{.interval = milliseconds(200),
                                                    .min_pause = milliseconds(10),
                                                    .timeout = minutes(1),
                                                    .tolerated_failures = 0,
                                                    .retained_max = 1,
                                                    .directory = "here"}));
  EXPECT_EQ(options.restart, FixedDelayRestart(7, seconds(2)));
}

TEST(JobOptions, PauseIsHalfTheIntervalUnlessSet) {
  EXPECT_EQ(Read({{"execution.checkpointing.interval", "10 s"}})->checkpoints.min_pause,
            seconds(5));
}

TEST(JobOptions, NoRestartForgetsTheRest) {
  EXPECT_EQ(
      Read({{"restart-strategy", "none"}, {"restart-strategy.fixed-delay.attempts", "7"}})->restart,
      NoRestart());
}

TEST(JobOptions, ReadsFailureRate) {
  EXPECT_EQ(Read({{"restart-strategy.type", "failure-rate"},
                  {"restart-strategy.failure-rate.max-failures-per-interval", "4"},
                  {"restart-strategy.failure-rate.failure-rate-interval", "2 min"},
                  {"restart-strategy.failure-rate.delay", "3 s"}})
                ->restart,
            FailureRateRestart(4, minutes(2), seconds(3)));
}

TEST(JobOptions, ReadsExponentialDelay) {
  EXPECT_EQ(Read({{"restart-strategy.type", "exponential-delay"}})->restart,
            ExponentialDelayRestart(milliseconds(50), minutes(1)));
  RestartStrategy strategy = ExponentialDelayRestart(seconds(1), minutes(2), minutes(3), 4);
  strategy.multiplier = 1.5;
  strategy.jitter = 0;
  EXPECT_EQ(Read({{"restart-strategy.type", "exponential-delay"},
                  {"restart-strategy.exponential-delay.initial-backoff", "1 s"},
                  {"restart-strategy.exponential-delay.max-backoff", "2 min"},
                  {"restart-strategy.exponential-delay.backoff-multiplier", "1.5"},
                  {"restart-strategy.exponential-delay.reset-backoff-threshold", "3 min"},
                  {"restart-strategy.exponential-delay.jitter-factor", "0"},
                  {"restart-strategy.exponential-delay.attempts-before-reset-backoff", "4"}})
                ->restart,
            strategy);
}

TEST(JobOptions, SettingsOfAStrategyAreReadBack) {
  for (const RestartStrategy& strategy :
       {NoRestart(), FixedDelayRestart(3, seconds(1)), RestartStrategy(),
        FailureRateRestart(4, minutes(2), seconds(3)),
        ExponentialDelayRestart(milliseconds(10), minutes(1), minutes(3), 4)}) {
    Config config;
    for (const auto& [key, value] : SettingsOf(strategy))
      ASSERT_EQ(config.Set(key, value), OkStatus());
    EXPECT_EQ(ReadJobOptions(config)->restart, strategy);
  }
}

TEST(JobOptions, ExponentialDelayThatMakesNoSenseIsRefused) {
  const auto refused = [](const char* key, const char* value) {
    const std::string full = std::string("restart-strategy.exponential-delay.") + key;
    return Refused({{"restart-strategy.type", "exponential-delay"}, {full.c_str(), value}});
  };
  EXPECT_EQ(refused("initial-backoff", "2 min"),
            "restart-strategy.exponential-delay: initial-backoff must be above 0 and not above "
            "max-backoff");
  EXPECT_EQ(refused("backoff-multiplier", "0.5"),
            "restart-strategy.exponential-delay.backoff-multiplier 0.5 is below 1: rests would "
            "become shorter");
  EXPECT_EQ(refused("jitter-factor", "2"),
            "restart-strategy.exponential-delay.jitter-factor 2 is not between 0 and 1");
}

TEST(JobOptions, MaxParallelismIsAPowerOfTwoWithinTheLimit) {
  EXPECT_TRUE(Read({{"pipeline.max-parallelism", "1"}}).ok());
  EXPECT_TRUE(Read({{"pipeline.max-parallelism", "32768"}}).ok());
  EXPECT_EQ(Refused({{"pipeline.max-parallelism", "100"}}),
            "pipeline.max-parallelism 100 is not a power of two up to 32768; take 128");
  EXPECT_EQ(Refused({{"pipeline.max-parallelism", "65536"}}),
            "pipeline.max-parallelism 65536 is not a power of two up to 32768; take 32768");
}

TEST(JobOptions, ParallelismIsWithinTheLimit) {
  EXPECT_TRUE(Read({{"parallelism.default", "32768"}}).ok());
  EXPECT_EQ(Refused({{"parallelism.default", "32769"}}),
            "parallelism.default 32769 is above 32768, the most that a job can have");
}

TEST(JobOptions, WhatWouldNeverCompleteIsRefused) {
  EXPECT_EQ(Refused({{"execution.checkpointing.timeout", "0"}}),
            "execution.checkpointing.timeout is 0: no checkpoint could complete");
  EXPECT_EQ(Refused({{"execution.checkpointing.num-retained", "0"}}),
            "execution.checkpointing.num-retained is 0: keep at least 1, the one to resume from");
}

}  // namespace
}  // namespace weir::api
