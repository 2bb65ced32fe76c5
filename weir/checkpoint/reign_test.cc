#include "weir/checkpoint/reign.h"

#include <gtest/gtest.h>

#include "weir/checkpoint/example_records.h"

namespace weir::checkpoint {
namespace {

using Do = AppendStep::Do;

AppendRequest Checkpoint(uint64_t id, std::string savepoint = "") {
  AppendRequest request;
  request.kind = savepoint.empty() ? RecordKind::kCheckpoint : RecordKind::kSavepoint;
  request.checkpoint = FullBody(1, id);
  request.savepoint = std::move(savepoint);
  return request;
}

AppendRequest Release(std::string name) {
  AppendRequest request;
  request.kind = RecordKind::kRelease;
  request.savepoint = std::move(name);
  return request;
}

AppendRequest End(EndReason reason) {
  AppendRequest request;
  request.kind = RecordKind::kEnd;
  request.end = reason;
  return request;
}

class ReignTest : public testing::Test {
 protected:
  static ReignStart Start() { return {.epoch = EpochRecord(1), .base = {}, .completion = {}}; }

  // Appends with a store that is all right; the retained list as "2 3(v1) 4".
  std::string Append(AppendRequest request) {
    const AppendStep step = reign_.Append(std::move(request), 0);
    EXPECT_EQ(step.what, Do::kCreate) << step.error;
    EXPECT_EQ(reign_.OnCreated(Status()).what, Do::kWon);
    return Retained();
  }
  std::string Retained() const {
    std::string text;
    for (const RetainedCheckpoint& entry : reign_.newest().retained) {
      text += Concat(text.empty() ? "" : " ", entry.ref.number);
      if (!entry.savepoint.empty()) text += "(" + entry.savepoint + ")";
    }
    return text;
  }

  OneMutant chaos_;
  Reign reign_{Start(), /*retained_max=*/2, chaos_};
};

TEST_F(ReignTest, NumbersAreDenseAndWinningProvesCompletion) {
  EXPECT_FALSE(reign_.completion());
  EXPECT_EQ(Append(Checkpoint(1)), "2");
  EXPECT_EQ(Append(Checkpoint(5)), "2 3");
  EXPECT_EQ(reign_.newest().number, base::HistoryNumber(3));
  EXPECT_EQ(reign_.completion()->ref(), Ref(3, 5));
  EXPECT_EQ(reign_.newest().highest_checkpoint, base::CheckpointId(5));
}

TEST_F(ReignTest, KeepsTheNewestAndEverySavepointUntilItsRelease) {
  EXPECT_EQ(Append(Checkpoint(1, "v1")), "2(v1)");
  EXPECT_EQ(Append(Checkpoint(2)), "2(v1) 3");
  EXPECT_EQ(Append(Checkpoint(3)), "2(v1) 3 4");
  EXPECT_EQ(Append(Checkpoint(4)), "2(v1) 4 5");
  EXPECT_EQ(Append(Checkpoint(5, "v2")), "2(v1) 4 5 6(v2)");
  EXPECT_EQ(Append(Checkpoint(6)), "2(v1) 5 6(v2) 7");
  EXPECT_EQ(Append(Release("v1")), "5 6(v2) 7");
  EXPECT_EQ(Append(Release("v2")), "6 7");
}

TEST_F(ReignTest, AReleasedNewestCheckpointStays) {
  EXPECT_EQ(Append(Checkpoint(1)), "2");
  EXPECT_EQ(Append(Checkpoint(2)), "2 3");
  EXPECT_EQ(Append(Checkpoint(3, "v1")), "2 3 4(v1)");
  EXPECT_EQ(Append(Release("v1")), "3 4");
}

TEST_F(ReignTest, AfterARewindTheBaseStaysUntilTheLineHasACheckpoint) {
  ReignStart start{
      .epoch = EpochRecord(9, Ref(2, 2)), .base = SavepointRecord(2, 1, 2, "v1"), .completion = {}};
  start.epoch.highest_checkpoint = base::CheckpointId(5);
  start.epoch.retained = {{Ref(2, 2), "v1"}, {Ref(4, 4), ""}, {Ref(5, 5), ""}};
  Reign reign(start, /*retained_max=*/2, chaos_);
  const auto retained = [&] {
    std::string text;
    for (const auto& entry : reign.newest().retained) text += Concat(entry.ref.number, " ");
    return text;
  };
  EXPECT_EQ(reign.Append(Release("v1"), 0).what, Do::kCreate);
  EXPECT_EQ(reign.OnCreated(Status()).what, Do::kWon);
  EXPECT_EQ(retained(), "2 5 ");  // not 4 5: a crash now resumes from 2
  EXPECT_EQ(reign.Append(Checkpoint(6), 0).what, Do::kCreate);
  EXPECT_EQ(reign.OnCreated(Status()).what, Do::kWon);
  EXPECT_EQ(retained(), "5 11 ");
}

TEST_F(ReignTest, WhatMakesNoSenseIsRefusedAndTheReignGoesOn) {
  Append(Checkpoint(3, "v1"));
  const auto refused = [&](AppendRequest request) {
    const AppendStep step = reign_.Append(std::move(request), 0);
    EXPECT_EQ(step.what, Do::kRefused);
    return step.error.code();
  };
  EXPECT_EQ(refused(Release("v2")), StatusCode::kNotFound);
  EXPECT_EQ(refused(Checkpoint(4, "v1")), StatusCode::kAlreadyExists);
  EXPECT_EQ(refused(Checkpoint(3)), StatusCode::kInternal);  // an id twice
  EXPECT_EQ(Append(Checkpoint(4)), "2(v1) 3");
}

TEST_F(ReignTest, NothingStandsBehindAnEnd) {
  Append(End(EndReason::kFinished));
  EXPECT_EQ(reign_.Append(Checkpoint(1), 0).error.code(), StatusCode::kFailedPrecondition);
}

TEST_F(ReignTest, Regression4_AFullDiskCompletesNothingAndFreesTheNumber) {
  EXPECT_EQ(reign_.Append(Checkpoint(1), 0).number, base::HistoryNumber(2));
  const AppendStep refused = reign_.OnCreated(ResourceExhaustedError("no space left"));
  EXPECT_EQ(refused.what, Do::kRefused);
  EXPECT_FALSE(reign_.completion());
  EXPECT_EQ(Retained(), "");
  EXPECT_FALSE(reign_.under_way());
  EXPECT_EQ(Append(Checkpoint(2)),
            "2");  // other bytes under the same number: nothing was written there
}

TEST_F(ReignTest, Regression73_UntilItIsDecidedTheSameBytesAndNothingElse) {
  const AppendStep sent = reign_.Append(Checkpoint(1), 0);
  const Status answers[] = {UnavailableError("no answer"), ResourceExhaustedError("no space left"),
                            PermissionDeniedError("not now"), InternalError("what?")};
  for (const Status& answer : answers) {
    const AppendStep again = reign_.OnCreated(answer);
    EXPECT_EQ(again.what, Do::kCreateAgain);
    EXPECT_EQ(again.number, sent.number);
    EXPECT_EQ(again.bytes, sent.bytes);
    EXPECT_FALSE(reign_.completion());
  }
  const AppendStep exists = reign_.OnCreated(AlreadyExistsError("blob exists"));
  EXPECT_EQ(exists.what, Do::kRead);
  EXPECT_EQ(exists.number, sent.number);
  EXPECT_EQ(reign_.OnRead(sent.bytes).what, Do::kWon);
  EXPECT_EQ(reign_.completion()->ref(), Ref(2, 1));
}

TEST_F(ReignTest, AForeignRecordFences) {
  EXPECT_EQ(reign_.Append(Checkpoint(1), 0).what, Do::kCreate);
  EXPECT_EQ(reign_.OnCreated(AlreadyExistsError("blob exists")).what, Do::kRead);
  HistoryRecord other = EpochRecord(2);
  other.writer = "host-b";
  const AppendStep fenced = reign_.OnRead(EncodeRecord(other).value());
  EXPECT_EQ(fenced.what, Do::kFenced);
  EXPECT_EQ(fenced.error.code(), StatusCode::kAborted);
  EXPECT_EQ(fenced.error.message(), "a newer coordinator reigns: host-b, epoch 2");
  EXPECT_TRUE(reign_.over());
  EXPECT_FALSE(reign_.completion());
}

TEST_F(ReignTest, ARecordThatWasThereAndIsGoneWasPassedByANewerCoordinator) {
  EXPECT_EQ(reign_.Append(Checkpoint(1), 0).what, Do::kCreate);
  EXPECT_EQ(reign_.OnCreated(AlreadyExistsError("blob exists")).what, Do::kRead);
  EXPECT_EQ(reign_.OnRead(NotFoundError("no such blob")).what, Do::kFenced);
}

TEST_F(ReignTest, ADamagedRecordUnderTheNumberDecidesNothingAndEndsTheReign) {
  const AppendStep sent = reign_.Append(Checkpoint(1), 0);
  EXPECT_EQ(reign_.OnCreated(AlreadyExistsError("blob exists")).what, Do::kRead);
  std::string damaged = sent.bytes;
  damaged[20] ^= 1;
  const AppendStep broken = reign_.OnRead(damaged);
  EXPECT_EQ(broken.what, Do::kBroken);
  EXPECT_EQ(broken.error.code(), StatusCode::kDataLoss);
  EXPECT_TRUE(reign_.over());
}

TEST_F(ReignTest, TheMutantGoesOnUnderTheNextNumber) {
  OneMutant mutant("create-retried-under-next-number");
  Reign reign(Start(), 2, mutant);
  EXPECT_EQ(reign.Append(Checkpoint(1), 0).number, base::HistoryNumber(2));
  EXPECT_EQ(reign.OnCreated(UnavailableError("no answer")).number, base::HistoryNumber(3));
}

}  // namespace
}  // namespace weir::checkpoint
