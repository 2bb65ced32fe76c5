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
