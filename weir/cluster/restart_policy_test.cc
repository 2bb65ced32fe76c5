#include "weir/cluster/restart_policy.h"

#include <gtest/gtest.h>

#include <string>

#include "weir/base/status.h"

namespace weir::cluster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = RestartOptions::Kind;

base::Instant At(int64_t second) { return base::Instant(seconds(second)); }

// The rests in milliseconds after failures at these seconds; "x": the job has failed.
std::string Rests(RestartPolicy& policy, std::initializer_list<int64_t> failures,
                  double chance = 0.5) {
  std::string text;
  for (const int64_t at : failures) {
    const auto rest = policy.OnFailure(At(at), chance);
    text += rest ? Concat(rest->count() / 1'000'000, " ") : "x ";
  }
  return text;
}

TEST(RestartPolicy, NoneFailsAtOnce) {
  RestartPolicy policy({});
  EXPECT_EQ(Rests(policy, {1, 1000}), "x x ");
}

TEST(RestartPolicy, FixedDelayCountsUntilAllIsQuiet) {
  RestartPolicy policy({.kind = Kind::kFixedDelay,
                        .attempts = 2,
                        .delay = milliseconds(10),
                        .reset_after = seconds(100)});
  EXPECT_EQ(Rests(policy, {1, 2}), "10 10 ");
  EXPECT_EQ(policy.restarts(), 2u);
  EXPECT_EQ(Rests(policy, {103, 104, 105}), "10 10 x ");
}

TEST(RestartPolicy, FixedDelayWithoutResetNeverForgets) {
  RestartPolicy policy({.kind = Kind::kFixedDelay, .attempts = 2, .delay = milliseconds(10)});
  EXPECT_EQ(Rests(policy, {1, 1'000'000, 2'000'000}), "10 10 x ");
}

TEST(RestartPolicy, ARestIsNoQuietTime) {
  RestartPolicy policy({.kind = Kind::kFixedDelay,
                        .attempts = 2,
                        .delay = seconds(200),
                        .reset_after = seconds(100)});
  EXPECT_EQ(Rests(policy, {1, 202, 403}), "200000 200000 x ");
}

TEST(RestartPolicy, FailureRateCountsWithinTheInterval) {
  RestartPolicy policy({.kind = Kind::kFailureRate,
                        .attempts = 2,
                        .delay = milliseconds(10),
                        .interval = seconds(60)});
  EXPECT_EQ(Rests(policy, {0, 30, 61, 120, 150}), "10 10 10 10 10 ");
  EXPECT_EQ(Rests(policy, {160, 161}), "x x ");
}

TEST(RestartPolicy, ExponentialDelayGrowsToItsMostAndBeginsAnew) {
  RestartPolicy policy({.kind = Kind::kExponentialDelay,
                        .delay = milliseconds(50),
                        .reset_after = seconds(100),
                        .delay_max = milliseconds(500)});
  EXPECT_EQ(Rests(policy, {1, 2, 3, 4, 5, 6}), "50 100 200 400 500 500 ");
  EXPECT_EQ(Rests(policy, {200, 201}), "50 100 ");
}

TEST(RestartPolicy, ExponentialDelayMayEnd) {
  RestartPolicy policy({.kind = Kind::kExponentialDelay,
                        .attempts = 2,
                        .delay = milliseconds(50),
                        .delay_max = seconds(1)});
  EXPECT_EQ(Rests(policy, {1, 2, 3}), "50 100 x ");
}

TEST(RestartPolicy, ChanceMakesARestLongerOrShorterButNotTheNextOne) {
  RestartPolicy policy({.kind = Kind::kExponentialDelay,
                        .delay = milliseconds(100),
                        .delay_max = seconds(1),
                        .jitter = 0.1});
  EXPECT_EQ(Rests(policy, {1}, /*chance=*/0), "90 ");
  EXPECT_EQ(Rests(policy, {2}, /*chance=*/0.5), "200 ");
  EXPECT_EQ(Rests(policy, {3}, /*chance=*/1), "440 ");
}

}  // namespace
}  // namespace weir::cluster
