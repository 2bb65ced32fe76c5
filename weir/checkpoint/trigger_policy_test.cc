#include "weir/checkpoint/trigger_policy.h"

#include <gtest/gtest.h>

#include <string>

#include "weir/base/limits.h"

namespace weir::checkpoint {
namespace {

using std::chrono::milliseconds;

base::Instant At(int64_t ms) { return base::Instant(milliseconds(ms)); }

// What a policy says at a moment: "T" trigger, "T v1" trigger for a savepoint, "@250" look again
// then, "-" wait for an event.
std::string Say(TriggerPolicy& policy, int64_t now_ms,
                TriggerPolicy::Need need = TriggerPolicy::Need::kNone) {
  const TriggerPolicy::Decision decision = policy.Next(At(now_ms), need);
  if (decision.trigger) return decision.request ? "T " + decision.request->savepoint : "T";
  if (!decision.look_again) return "-";
  return Concat(
      "@",
      std::chrono::duration_cast<milliseconds>(decision.look_again->time_since_epoch()).count());
}

TriggerOptions Every(int64_t ms) { return {.interval = milliseconds(ms), .pause = {}}; }

TEST(TriggerPolicy, TriggersByIntervalFromTheStart) {
  TriggerPolicy policy(Every(100), At(0));
  EXPECT_EQ(Say(policy, 0), "@100");
  EXPECT_EQ(Say(policy, 100), "T");
  EXPECT_EQ(policy.OnCompleted(At(110)), std::nullopt);
  EXPECT_EQ(Say(policy, 110), "@200");
}

TEST(TriggerPolicy, PausesHalfTheIntervalAfterALongCheckpoint) {
  TriggerPolicy policy(Every(100), At(0));
  EXPECT_EQ(Say(policy, 100), "T");
  policy.OnCompleted(At(190));
  EXPECT_EQ(Say(policy, 200), "@240");
  EXPECT_EQ(Say(policy, 240), "T");
}

TEST(TriggerPolicy, OneAtATime) {
  TriggerPolicy policy(Every(100), At(0));
  EXPECT_EQ(Say(policy, 100), "T");
  EXPECT_EQ(Say(policy, 1000), "-");
  EXPECT_TRUE(policy.in_flight());
}

TEST(TriggerPolicy, WithoutIntervalOnlyWhatIsAskedFor) {
  TriggerPolicy policy(Every(0), At(0));
  EXPECT_EQ(Say(policy, 1'000'000), "-");
  EXPECT_TRUE(policy.Request({"v1", 1}).ok());
  EXPECT_EQ(Say(policy, 1'000'000), "T v1");
}

TEST(TriggerPolicy, Regression39_ASavepointAskedForDuringACheckpointIsTaken) {
  TriggerPolicy policy(Every(100), At(0));
  EXPECT_EQ(Say(policy, 100), "T");
  EXPECT_TRUE(policy.Request({"v1", 1}).ok());
  EXPECT_TRUE(policy.Request({"v2", 2}).ok());
  EXPECT_EQ(Say(policy, 120), "-");
  EXPECT_EQ(policy.OnCompleted(At(130)), std::nullopt);
  EXPECT_EQ(Say(policy, 130), "T v1");  // at once: neither interval nor pause
  EXPECT_EQ(policy.OnCompleted(At(140)), (CheckpointRequest{"v1", 1}));
  EXPECT_EQ(Say(policy, 140), "T v2");
}

TEST(TriggerPolicy, Regression39_ASavepointSurvivesTheFailureOfTheCheckpointBeforeIt) {
  TriggerPolicy policy(Every(100), At(0));
  EXPECT_EQ(Say(policy, 100), "T");
  EXPECT_TRUE(policy.Request({"v1", 1}).ok());
  EXPECT_FALSE(policy.OnFailed(At(120)).request);
  EXPECT_EQ(Say(policy, 120), "T v1");
}

TEST(TriggerPolicy, Regression74_AFailedSavepointIsHandedBackToBeAnswered) {
  TriggerPolicy policy(Every(0), At(0));
  EXPECT_TRUE(policy.Request({"v1", 1}).ok());
  EXPECT_EQ(Say(policy, 10), "T v1");
  const TriggerPolicy::Failure failure = policy.OnFailed(At(20));
  EXPECT_EQ(failure.request, (CheckpointRequest{"v1", 1}));
  EXPECT_EQ(Say(policy, 30), "-");
}

TEST(TriggerPolicy, AnAttemptThatEndsTakesItsSavepointAlongToTheNext) {
  TriggerPolicy policy(Every(100), At(0));
  EXPECT_TRUE(policy.Request({"v1", 1}).ok());
  EXPECT_EQ(Say(policy, 10), "T v1");
  EXPECT_TRUE(policy.Request({"v2", 2}).ok());
  policy.OnAttemptEnded(At(20));
  EXPECT_EQ(Say(policy, 30), "T v1");
}

TEST(TriggerPolicy, ThreeFailuresInARowAreTolerated) {
  TriggerPolicy policy(Every(100), At(0));
  for (int64_t now = 1000; now <= 3000; now += 1000) {
    EXPECT_EQ(Say(policy, now), "T");
    EXPECT_FALSE(policy.OnFailed(At(now + 1)).too_many);
  }
  EXPECT_EQ(Say(policy, 4000), "T");
  EXPECT_TRUE(policy.OnFailed(At(4001)).too_many);
  EXPECT_EQ(policy.failures_in_a_row(), 4u);
}

TEST(TriggerPolicy, ACompletionForgivesFailures) {
  TriggerPolicy policy({.interval = milliseconds(100), .pause = {}, .tolerated_failures = 0},
                       At(0));
  EXPECT_EQ(Say(policy, 1000), "T");
  policy.OnCompleted(At(1001));
  EXPECT_EQ(Say(policy, 2000), "T");
  EXPECT_TRUE(policy.OnFailed(At(2001)).too_many);
}

// The first and the last checkpoint of a job, of which nobody is told when they fail.
TEST(TriggerPolicy, AnUrgentCheckpointIsTakenAtOnceAndAgainAfterAFailure) {
  constexpr auto kUrgent = TriggerPolicy::Need::kUrgent;
  for (const int64_t interval : {0, 3'600'000}) {
    TriggerPolicy policy(Every(interval), At(0));
    EXPECT_EQ(Say(policy, 10, kUrgent), "T");
    EXPECT_EQ(Say(policy, 11, kUrgent), "-");
    policy.OnFailed(At(20));
    EXPECT_EQ(Say(policy, 20, kUrgent), "@1020");
    EXPECT_EQ(Say(policy, 1020, kUrgent), "T");
    policy.OnFailed(At(1030));
    EXPECT_EQ(Say(policy, 1030, kUrgent), "@3030");
    EXPECT_EQ(Say(policy, 3030, kUrgent), "T");
    policy.OnCompleted(At(3040));
    EXPECT_EQ(Say(policy, 3040, kUrgent), "T");
  }
}

TEST(TriggerPolicy, AnUrgentCheckpointNeverWaitsLongerThanTheInterval) {
  TriggerPolicy policy(Every(100), At(0));
  EXPECT_EQ(Say(policy, 10, TriggerPolicy::Need::kUrgent), "T");
  policy.OnFailed(At(20));
  EXPECT_EQ(Say(policy, 20, TriggerPolicy::Need::kUrgent), "@110");
}

TEST(TriggerPolicy, TooManyRequestsAreRefused) {
  TriggerPolicy policy(Every(0), At(0));
  for (size_t i = 0; i < limits::kSavepointRequestsMax; ++i)
    EXPECT_TRUE(policy.Request({Concat("v", i), i}).ok());
  EXPECT_EQ(policy.Request({"one too many", 0}).code(), StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace weir::checkpoint
