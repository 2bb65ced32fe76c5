#include "weir/checkpoint/take_over.h"

#include <gtest/gtest.h>

#include <map>

#include "weir/base/limits.h"
#include "weir/checkpoint/example_records.h"

namespace weir::checkpoint {
namespace {

using Do = TakeOverStep::Do;
using From = TakeOverOptions::From;

class CountingRandom final : public env::Random {
 public:
  uint64_t Next() override { return ++last_; }

 private:
  uint64_t last_ = 100;
};

// A history as a map, and a take-over that is played step by step against it.
class TakeOverTest : public testing::Test {
 protected:
  void Write(const HistoryRecord& record) {
    records_[record.number] = EncodeRecord(record).value();
  }

  TakeOver& Begin(TakeOverOptions options = {}) {
    options.job = "ledger";
    options.writer = "host-b";
    options.plan_digest = "plan";
    options.max_parallelism = 8;
    take_over_.emplace(std::move(options), random_, chaos_);
    step_ = take_over_->Begin();
    return *take_over_;
  }

  std::vector<base::HistoryNumber> Numbers() const {
    std::vector<base::HistoryNumber> numbers;
    numbers.reserve(records_.size());
    for (const auto& [number, bytes] : records_) numbers.push_back(number);
    return numbers;
  }

  StatusOr<std::string> Bytes(base::HistoryNumber number) const {
    const auto found = records_.find(number);
    if (found == records_.end()) return NotFoundError("no such blob");
    return found->second;
  }

  // Carries one step out as a good store would.
  void Next() {
    switch (step_.what) {
      case Do::kReadJobFile:
        step_ = take_over_->OnJobFile(job_file_);
        return;
      case Do::kList:
        step_ = take_over_->OnListed(Numbers());
        return;
      case Do::kRead:
        step_ = take_over_->OnRead(Bytes(step_.number));
        return;
      case Do::kCreate:
      case Do::kCreateAgain:
        step_ = take_over_->OnCreated(records_.try_emplace(step_.number, step_.bytes).second
                                          ? Status()
                                          : AlreadyExistsError("blob exists"));
        return;
      case Do::kReign:
      case Do::kFail:
        FAIL() << "it is over";
    }
  }
  void Until(Do what) {
    for (int i = 0; i < 1000 && step_.what != what && step_.what != Do::kFail; ++i) Next();
    ASSERT_EQ(step_.what, what) << step_.error;
  }
  ReignStart Reign(TakeOverOptions options = {}) {
    Begin(std::move(options));
    Until(Do::kReign);
    return take_over_->TakeResult();
  }
  Status Failure(TakeOverOptions options = {}) {
    Begin(std::move(options));
    for (int i = 0; i < 1000 && step_.what != Do::kFail && step_.what != Do::kReign; ++i) Next();
    EXPECT_EQ(step_.what, Do::kFail);
    return step_.error;
  }

  CountingRandom random_;
  OneMutant chaos_;
  std::map<base::HistoryNumber, std::string> records_;
  bool job_file_ = false;
  std::optional<TakeOver> take_over_;
  TakeOverStep step_;
};

TEST_F(TakeOverTest, AnEmptyStoreGivesAFreshJob) {
  const ReignStart start = Reign();
  EXPECT_EQ(start.epoch.number, base::HistoryNumber(1));
  EXPECT_EQ(start.epoch.epoch, base::Epoch(1));
  EXPECT_FALSE(start.base);
  EXPECT_FALSE(start.completion);
  EXPECT_TRUE(start.new_lineage);
  EXPECT_NE(start.epoch.lineage, base::Lineage());
}

TEST_F(TakeOverTest, Regression5_AJobFileWithoutAHistoryIsNoEmptyJob) {
  job_file_ = true;
  EXPECT_EQ(Failure().code(), StatusCode::kDataLoss);
  EXPECT_TRUE(records_.empty());
  TakeOverOptions fresh;
  fresh.from = From::kFresh;
  EXPECT_EQ(Failure(std::move(fresh)).code(), StatusCode::kDataLoss);
}

TEST_F(TakeOverTest, Regression5_AHistoryThatVanishedUnderItsCoordinatorIsNoEmptyJob) {
  TakeOverOptions again;
  again.had_history = true;
  EXPECT_EQ(Failure(std::move(again)).code(), StatusCode::kDataLoss);
  EXPECT_TRUE(records_.empty());
}

TEST_F(TakeOverTest, Regression43_AStartAfterAnEpochWithoutCheckpointStartsEmptyOnTheSameLine) {
  const ReignStart first = Reign();
  const ReignStart second = Reign();
  EXPECT_EQ(second.epoch.epoch, base::Epoch(2));
  EXPECT_FALSE(second.base);
  EXPECT_FALSE(second.new_lineage);
  EXPECT_EQ(second.epoch.lineage, first.epoch.lineage);
  EXPECT_EQ(second.epoch.hash_seed, first.epoch.hash_seed);
}

TEST_F(TakeOverTest, ResumesFromTheNewestCheckpointAndMayCommitIt) {
  Write(EpochRecord(1));
  Write(CheckpointRecord(2, 1, 2));
  Write(CheckpointRecord(3, 1, 3, {{Ref(2, 2), ""}}));
  const ReignStart start = Reign();
  EXPECT_EQ(start.epoch.base, Ref(3, 3));
  EXPECT_EQ(start.epoch.lineage, base::Lineage(7));
  EXPECT_EQ(start.epoch.hash_seed, 42u);
  EXPECT_EQ(start.epoch.highest_checkpoint, base::CheckpointId(3));
  EXPECT_EQ(start.base, CheckpointRecord(3, 1, 3, {{Ref(2, 2), ""}}));
  EXPECT_EQ(start.completion->ref(), Ref(3, 3));
  EXPECT_EQ(start.epoch.retained.size(), 2u);
}

TEST_F(TakeOverTest, Regression18_TheLineDecidesAndNotTheNewestFile) {
  // Checkpoint 4 was the newest when a user went back to savepoint 2; nothing was completed since.
  Write(EpochRecord(1));
  Write(SavepointRecord(2, 1, 2, "v1"));
  Write(CheckpointRecord(3, 1, 4, {{Ref(2, 2), "v1"}}));
  HistoryRecord rewind = EpochRecord(4, Ref(2, 2));
  rewind.lineage = base::Lineage(8);
  rewind.highest_checkpoint = base::CheckpointId(4);
  rewind.retained = {{Ref(2, 2), "v1"}, {Ref(3, 4), ""}};
  Write(rewind);
  const ReignStart start = Reign();
  EXPECT_EQ(start.epoch.base, Ref(2, 2));
  EXPECT_EQ(start.epoch.lineage, base::Lineage(8));
  EXPECT_FALSE(start.new_lineage);
  EXPECT_EQ(start.epoch.highest_checkpoint, base::CheckpointId(4));  // ids go on above everything
}

TEST_F(TakeOverTest, Regression18_ManyCheckpointsAndSavepointsInAnyOrder) {
  Write(EpochRecord(1));
  Write(SavepointRecord(2, 1, 2, "v1"));
  Write(CheckpointRecord(3, 1, 3, {{Ref(2, 2), "v1"}}));
  Write(SavepointRecord(4, 1, 5, "v2", {{Ref(2, 2), "v1"}, {Ref(3, 3), ""}}));
  HistoryRecord release = EpochRecord(1);
  release.number = base::HistoryNumber(5);
  release.kind = RecordKind::kRelease;
  release.savepoint = "v1";
  release.highest_checkpoint = base::CheckpointId(5);
  release.retained = {{Ref(3, 3), ""}, {Ref(4, 5), "v2"}};
  Write(release);
  EXPECT_EQ(Reign().epoch.base, Ref(4, 5));
}

TEST_F(TakeOverTest, GapsOfDeletedRecordsAreWalkedOver) {
  Write(EpochRecord(1));
  Write(CheckpointRecord(5, 1, 5));
  Write(EndRecord(7, 1, EndReason::kStopped, {{Ref(5, 5), ""}}));
  EXPECT_EQ(Reign().epoch.base, Ref(5, 5));
}

TEST_F(TakeOverTest, Regression7_ADamagedNewestRecordIsALoudErrorThatNamesIt) {
  Write(EpochRecord(1));
  Write(CheckpointRecord(2, 1, 2));
  Write(CheckpointRecord(3, 1, 3, {{Ref(2, 2), ""}}));
  records_[base::HistoryNumber(3)][10] ^= 1;
  const Status status = Failure();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("history record 3"), std::string::npos) << status;
  EXPECT_EQ(records_.size(), 3u);
}

TEST_F(TakeOverTest, Regression7_BehindADamagedRecordTheNewestCheckpointBeforeItIsOffered) {
  Write(EpochRecord(1));
  Write(CheckpointRecord(2, 1, 2));
  Write(CheckpointRecord(3, 1, 3, {{Ref(2, 2), ""}}));
  Write(CheckpointRecord(4, 1, 4, {{Ref(2, 2), ""}, {Ref(3, 3), ""}}));
  records_[base::HistoryNumber(4)][10] ^= 1;
  EXPECT_NE(Failure().message().find("--from 3"), std::string::npos) << step_.error;

  Proposal seen;
  TakeOverOptions back;
  back.from = From::kCheckpoint;
  back.checkpoint = base::CheckpointId(3);
  back.judge = [&](const Proposal& proposal) {
    seen = proposal;
    return Status();
  };
  const ReignStart start = Reign(std::move(back));
  EXPECT_EQ(start.base->ref(), Ref(3, 3));
  EXPECT_EQ(start.epoch.number, base::HistoryNumber(5));  // above the damaged one
  EXPECT_TRUE(start.new_lineage);                         // nobody knows what was committed since
  EXPECT_GT(start.epoch.highest_checkpoint, base::CheckpointId(4));
  EXPECT_EQ(seen.repeated, (std::vector<RepeatedOutput>{{"csv-sink", base::CheckpointId(3)}}));
  EXPECT_EQ(Reign().base->ref(), Ref(3, 3));  // from now on as always
}

TEST_F(TakeOverTest, Regression7_AMissingRetainedRecordStopsAPlainStart) {
  for (const uint64_t lost : {2u, 3u}) {
    records_.clear();
    Write(EpochRecord(1));
    Write(CheckpointRecord(2, 1, 2));
    Write(CheckpointRecord(3, 1, 3, {{Ref(2, 2), ""}}));
    Write(EndRecord(4, 1, EndReason::kFinished, {{Ref(2, 2), ""}, {Ref(3, 3), ""}}));
    records_.erase(base::HistoryNumber(lost));
    const Status status = Failure();
    EXPECT_EQ(status.code(), StatusCode::kDataLoss);
    EXPECT_NE(status.message().find(Concat("history record ", lost, " of checkpoint ", lost)),
              std::string::npos)
        << status;
    EXPECT_NE(status.message().find(Concat("--from ", 5 - lost)), std::string::npos) << status;
    TakeOverOptions other;
    other.from = From::kCheckpoint;
    other.checkpoint = base::CheckpointId(5 - lost);
    EXPECT_EQ(Reign(std::move(other)).base->ref(), Ref(5 - lost, 5 - lost));
  }
}

TEST_F(TakeOverTest, Regression7_ADamagedCheckpointBelowTheEndIsNotOfferedItself) {
  Write(EpochRecord(1));
  Write(CheckpointRecord(2, 1, 2));
  Write(CheckpointRecord(3, 1, 3, {{Ref(2, 2), ""}}));
  Write(EndRecord(4, 1, EndReason::kFinished, {{Ref(2, 2), ""}, {Ref(3, 3), ""}}));
  records_[base::HistoryNumber(3)][10] ^= 1;
  EXPECT_NE(Failure().message().find("--from 2"), std::string::npos) << step_.error;
}

TEST_F(TakeOverTest, Regression7_BehindADamagedRecordAJobMayBeginAnew) {
  Write(EpochRecord(1));
  Write(CheckpointRecord(2, 1, 2));
  Write(CheckpointRecord(3, 1, 3, {{Ref(2, 2), ""}}));
  records_[base::HistoryNumber(3)][10] ^= 1;
  TakeOverOptions fresh;
  fresh.from = From::kFresh;
  const ReignStart start = Reign(std::move(fresh));
  EXPECT_FALSE(start.base);
  EXPECT_EQ(start.epoch.number, base::HistoryNumber(4));
  EXPECT_EQ(start.epoch.retained.size(), 1u);
}

TEST_F(TakeOverTest, Regression7_WhenNoRecordCanBeReadNothingIsOffered) {
  Write(EpochRecord(1));
  records_[base::HistoryNumber(1)][10] ^= 1;
  TakeOverOptions fresh;
  fresh.from = From::kFresh;
  const Status status = Failure(std::move(fresh));
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_EQ(status.message().find("--from"), std::string::npos) << status;
}

TEST_F(TakeOverTest, Regression7_AMissingBaseIsALoudErrorThatNamesIt) {
  Write(EpochRecord(1));
  Write(EpochRecord(3, Ref(2, 2)));
  const Status status = Failure();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("history record 2 of checkpoint 2 is missing"), std::string::npos)
      << status;
}

TEST_F(TakeOverTest, Regression23_TheNewestOfTwoFormatVersionsIsTakenOrRefusedNeverAnOlderOne) {
  Write(EpochRecord(1));
  Write(CheckpointRecord(2, 1, 2));
  const std::string newer = "{\"format_version\":2,\"number\":\"3\"";
  records_[base::HistoryNumber(3)] = newer;  // not even whole: an unknown format cannot be judged
  EXPECT_FALSE(Failure().ok());
  EXPECT_EQ(records_.size(), 3u);
}

// However often a start behind it fails before its first checkpoint, and not after a rewind.
TEST_F(TakeOverTest, ABaseThatTheJobHasFinishedBehindStaysFinished) {
  Write(EpochRecord(1));
  Write(CheckpointRecord(2, 1, 2));
  Write(CheckpointRecord(3, 1, 3, {{Ref(2, 2), ""}}));
  Write(EndRecord(4, 1, EndReason::kFinished, {{Ref(2, 2), ""}, {Ref(3, 3), ""}}));
  for (int starts = 0; starts < 3; ++starts) {
    const ReignStart start = Reign();
    EXPECT_EQ(start.epoch.base, Ref(3, 3));
    EXPECT_TRUE(start.epoch.base_finished);
  }
  TakeOverOptions rewind;
  rewind.from = From::kCheckpoint;
  rewind.checkpoint = base::CheckpointId(2);
  EXPECT_FALSE(Reign(std::move(rewind)).epoch.base_finished);
  EXPECT_FALSE(Reign().epoch.base_finished);
}

TEST_F(TakeOverTest, AJobThatWasStoppedIsNotFinished) {
  Write(EpochRecord(1));
  Write(CheckpointRecord(2, 1, 2));
  Write(EndRecord(3, 1, EndReason::kStopped, {{Ref(2, 2), ""}}));
  EXPECT_FALSE(Reign().epoch.base_finished);
}

TEST_F(TakeOverTest, AStandbyStopsBehindAnEndAndAnExplicitStartGoesOn) {
  Write(EpochRecord(1));
  Write(CheckpointRecord(2, 1, 2));
  Write(EndRecord(3, 1, EndReason::kCancelled, {{Ref(2, 2), ""}}));
  TakeOverOptions standby;
  standby.start = TakeOverOptions::Start::kStandby;
  const Status status = Failure(std::move(standby));
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("cancelled"), std::string::npos) << status;

  std::optional<EndReason> ended;
  TakeOverOptions run;
  run.judge = [&](const Proposal& proposal) {
    ended = proposal.ended;
    return Status();
  };
  EXPECT_EQ(Reign(std::move(run)).epoch.base, Ref(2, 2));
  EXPECT_EQ(ended, EndReason::kCancelled);
  TakeOverOptions again;
  again.start = TakeOverOptions::Start::kStandby;
  EXPECT_EQ(Reign(std::move(again)).epoch.base, Ref(2, 2));  // somebody started it again
}

TEST_F(TakeOverTest, ARewindOpensALineageAndSaysWhatIsRepeated) {
  Write(EpochRecord(1));
  Write(SavepointRecord(2, 1, 2, "v1"));
  Write(CheckpointRecord(3, 1, 3, {{Ref(2, 2), "v1"}}));
  Write(CheckpointRecord(4, 1, 4, {{Ref(2, 2), "v1"}, {Ref(3, 3), ""}}));
  Proposal seen;
  TakeOverOptions rewind;
  rewind.from = From::kSavepoint;
  rewind.savepoint = "v1";
  rewind.judge = [&](const Proposal& proposal) {
    seen = proposal;
    return FailedPreconditionError("output would be repeated");
  };
  EXPECT_EQ(Failure(std::move(rewind)).message(), "output would be repeated");
  EXPECT_EQ(records_.size(), 4u);  // a refused start has written nothing
  EXPECT_TRUE(seen.new_lineage);
  EXPECT_NE(seen.lineage, base::Lineage(7));
  EXPECT_EQ(seen.hash_seed, 42u);
  EXPECT_EQ(seen.base->ref(), Ref(2, 2));
  EXPECT_EQ(seen.repeated, (std::vector<RepeatedOutput>{{"csv-sink", base::CheckpointId(4)}}));
  EXPECT_EQ(seen.previous_writer, "host-a, pid 4711");

  TakeOverOptions by_id;
  by_id.from = From::kCheckpoint;
  by_id.checkpoint = base::CheckpointId(3);
  EXPECT_EQ(Reign(std::move(by_id)).epoch.base, Ref(3, 3));
}

TEST_F(TakeOverTest, ARewindToTheResumePointIsAPlainResume) {
  Write(EpochRecord(1));
  Write(CheckpointRecord(2, 1, 2));
  TakeOverOptions options;
  options.from = From::kCheckpoint;
  options.checkpoint = base::CheckpointId(2);
  const ReignStart start = Reign(std::move(options));
  EXPECT_FALSE(start.new_lineage);
  EXPECT_EQ(start.epoch.lineage, base::Lineage(7));
}

TEST_F(TakeOverTest, WhatIsNotRetainedDoesNotExist) {
  Write(EpochRecord(1));
  Write(CheckpointRecord(2, 1, 2));
  Write(CheckpointRecord(3, 1, 3));  // retains itself only
  TakeOverOptions options;
  options.from = From::kCheckpoint;
  options.checkpoint = base::CheckpointId(2);
  const Status status = Failure(std::move(options));
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_NE(status.message().find("there are: 3"), std::string::npos) << status;
}

TEST_F(TakeOverTest, Regression68_AFreshStartOverAHistoryReusesNoName) {
  Write(EpochRecord(1));
  Write(CheckpointRecord(2, 1, 9));
  TakeOverOptions options;
  options.from = From::kFresh;
  const ReignStart start = Reign(std::move(options));
  EXPECT_FALSE(start.base);
  EXPECT_TRUE(start.new_lineage);
  EXPECT_NE(start.epoch.lineage, base::Lineage(7));
  EXPECT_EQ(start.epoch.epoch, base::Epoch(3));
  EXPECT_EQ(start.epoch.highest_checkpoint, base::CheckpointId(9));
  EXPECT_EQ(start.epoch.retained.size(), 1u);  // one can still go back
}

TEST_F(TakeOverTest, KeysAreHashedAsInTheCheckpointThatOneGoesBackTo) {
  Write(EpochRecord(1));
  Write(CheckpointRecord(2, 1, 2));
  TakeOverOptions fresh;
  fresh.from = From::kFresh;
  const HistoryRecord anew = Reign(std::move(fresh)).epoch;
  ASSERT_NE(anew.hash_seed, 42u);

  TakeOverOptions back;
  back.from = From::kCheckpoint;
  back.checkpoint = base::CheckpointId(2);
  EXPECT_EQ(Reign(std::move(back)).epoch.hash_seed, 42u);
  EXPECT_EQ(Reign().epoch.hash_seed, 42u);
}

TEST_F(TakeOverTest, TheFasterOneIsFollowed) {
  Write(EpochRecord(1));
  Write(CheckpointRecord(2, 1, 2));
  Begin();
  Until(Do::kCreate);
  EXPECT_EQ(step_.number, base::HistoryNumber(3));
  Write(CheckpointRecord(3, 1, 3, {{Ref(2, 2), ""}}));  // it was reigning still
  Until(Do::kReign);
  const ReignStart start = take_over_->TakeResult();
  EXPECT_EQ(start.epoch.number, base::HistoryNumber(4));
  EXPECT_EQ(start.epoch.base, Ref(3, 3));
}

TEST_F(TakeOverTest, AFreedNumberMakesTheRecordVoid) {
  Write(EpochRecord(1));
  Write(CheckpointRecord(2, 1, 2));
  Begin();
  Until(Do::kCreate);
  Write(CheckpointRecord(9, 1, 9));  // much happened meanwhile: 3 to 8 were written and deleted
  Next();
  EXPECT_EQ(step_.what, Do::kList);  // won, but a list decides
  const std::string void_record = records_[base::HistoryNumber(3)];
  Until(Do::kReign);
  const ReignStart start = take_over_->TakeResult();
  EXPECT_EQ(start.epoch.number, base::HistoryNumber(10));
  EXPECT_EQ(start.epoch.base, Ref(9, 9));
  EXPECT_NE(DecodeRecord(base::HistoryNumber(3), void_record)->token, start.epoch.token);
}

TEST_F(TakeOverTest, Regression73_AnUncertainCreateIsSentAgainAndResolvedByReading) {
  Begin();
  Until(Do::kCreate);
  const std::string sent = step_.bytes;
  step_ = take_over_->OnCreated(UnavailableError("no answer"));
  EXPECT_EQ(step_.what, Do::kCreateAgain);
  EXPECT_EQ(step_.bytes, sent);
  records_[step_.number] = sent;  // the first one did it
  Next();
  EXPECT_EQ(step_.what, Do::kRead);
  Until(Do::kReign);
  EXPECT_EQ(EncodeRecord(take_over_->TakeResult().epoch).value(), sent);
}

TEST_F(TakeOverTest, AFullDiskEndsItUnlessSomethingMayYetHappen) {
  Begin();
  Until(Do::kCreate);
  step_ = take_over_->OnCreated(UnavailableError("no answer"));
  step_ = take_over_->OnCreated(ResourceExhaustedError("no space left"));
  EXPECT_EQ(step_.what, Do::kCreateAgain);

  Begin();
  Until(Do::kCreate);
  step_ = take_over_->OnCreated(ResourceExhaustedError("no space left"));
  EXPECT_EQ(step_.what, Do::kFail);
  EXPECT_EQ(step_.error.code(), StatusCode::kResourceExhausted);
}

TEST_F(TakeOverTest, AHistoryThatRunsAwayIsGivenUp) {
  Write(EpochRecord(1));
  Begin();
  uint64_t number = 1;
  while (step_.what != Do::kFail) {
    if (step_.what == Do::kCreate) Write(EpochRecord(++number));
    Next();
    ASSERT_LT(number, 1000u);
  }
  EXPECT_EQ(step_.error.code(), StatusCode::kUnavailable);
  EXPECT_GE(number, limits::kTakeOverTriesMax);
}

}  // namespace
}  // namespace weir::checkpoint
