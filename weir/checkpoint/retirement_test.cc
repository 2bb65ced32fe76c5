#include "weir/checkpoint/retirement.h"

#include <gtest/gtest.h>

#include <map>

#include "weir/checkpoint/example_records.h"

namespace weir::checkpoint {
namespace {

using Do = RetirementStep::Do;

PackRef PackOf(uint64_t epoch, uint32_t attempt, uint64_t checkpoint) {
  PackRef pack = NamedPack(epoch, checkpoint, 0);
  pack.name = PackName{base::Epoch(epoch),  base::Attempt(attempt), base::CheckpointId(checkpoint),
                       base::ChainIndex(0), base::SubtaskIndex(0),  1}
                  .ToString();
  return pack;
}

// A store as a map, in which a retirement is carried out.
class RetirementTest : public testing::Test {
 protected:
  void Write(const HistoryRecord& record) {
    blobs_["history/" + RecordFileName(record.number)] = EncodeRecord(record).value();
  }

  // Checkpoint `number` with the packs of `packs` (by checkpoint id), retaining `retained`.
  HistoryRecord Checkpoint(uint64_t number, std::vector<uint64_t> packs,
                           std::vector<RetainedCheckpoint> older) {
    HistoryRecord record = CheckpointRecord(number, 1, number, std::move(older));
    record.checkpoint->packs.clear();
    for (const uint64_t id : packs) {
      record.checkpoint->packs.push_back(PackOf(1, 1, id));
      blobs_.try_emplace(PackOf(1, 1, id).name, "pack");
    }
    Write(record);
    return record;
  }

  // Four checkpoints, each a delta on the one before; 2 and 3 are pushed out.
  HistoryRecord FourCheckpoints() {
    Write(EpochRecord(1));
    Checkpoint(2, {2}, {});
    Checkpoint(3, {2, 3}, {{Ref(2, 2), ""}});
    Checkpoint(4, {4}, {{Ref(3, 3), ""}});
    return Checkpoint(5, {4, 5}, {{Ref(4, 4), ""}});
  }

  Status Run(Retirement::Options options, int deletes_at_most = 10'000) {
    retirement_.emplace(std::move(options), chaos_);
    RetirementStep step = retirement_->Begin();
    while (true) {
      switch (step.what) {
        case Do::kListRecords:
          step = retirement_->OnRecordsListed(Numbers());
          break;
        case Do::kRead:
          step = retirement_->OnRead(Bytes("history/" + RecordFileName(step.number)));
          break;
        case Do::kListFiles:
          step = retirement_->OnFilesListed(Files());
          break;
        case Do::kDelete:
          if (deletes_at_most-- == 0) return AbortedError("the process died");
          deleted_.push_back(step.name);
          if (undeletable_.contains(step.name)) {
            step = retirement_->OnDeleted(PermissionDeniedError("no"));
          } else {
            blobs_.erase(step.name);
            step = retirement_->OnDeleted(Status());
          }
          break;
        case Do::kDone:
          return {};
        case Do::kStop:
          return step.error;
      }
    }
  }

  std::vector<base::HistoryNumber> Numbers() const {
    std::vector<base::HistoryNumber> numbers;
    for (const auto& [name, bytes] : blobs_) {
      if (name.starts_with("history/")) numbers.push_back(*ParseRecordFileName(name.substr(8)));
    }
    return numbers;
  }
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : blobs_) {
      if (name.starts_with("data/")) names.push_back(name);
    }
    return names;
  }
  StatusOr<std::string> Bytes(const std::string& name) const {
    const auto found = blobs_.find(name);
    if (found == blobs_.end()) return NotFoundError("no such blob");
    return found->second;
  }
  bool Has(uint64_t number) const {
    return blobs_.contains("history/" + RecordFileName(base::HistoryNumber(number)));
  }
  bool HasPack(uint64_t id) const { return blobs_.contains(PackOf(1, 1, id).name); }

  OneMutant chaos_;
  std::map<std::string, std::string> blobs_;
  std::set<std::string> undeletable_;
  std::vector<std::string> deleted_;
  std::optional<Retirement> retirement_;
};

TEST_F(RetirementTest, DeletesWhatIsNotRetainedOldestFirstPacksBeforeTheirRecord) {
  const HistoryRecord newest = FourCheckpoints();
  ASSERT_TRUE(Run({.newest = newest, .known_epochs = {}}).ok());
  EXPECT_EQ(deleted_, (std::vector<std::string>{
                          PackOf(1, 1, 2).name, "history/" + RecordFileName(base::HistoryNumber(2)),
                          PackOf(1, 1, 3).name, PackOf(1, 1, 2).name,
                          "history/" + RecordFileName(base::HistoryNumber(3))}));
  EXPECT_TRUE(Has(1) && Has(4) && Has(5) && HasPack(4) && HasPack(5));
  EXPECT_EQ(retirement_->report().records_deleted, 2u);
  EXPECT_EQ(retirement_->known_epochs(), std::set{base::HistoryNumber(1)});
}

TEST_F(RetirementTest, Regression9_PacksOfAnOlderCheckpointLiveAsLongAsSomethingRetainedNamesThem) {
  Write(EpochRecord(1));
  Checkpoint(2, {2}, {});
  const HistoryRecord newest = Checkpoint(3, {2, 3}, {});
  ASSERT_TRUE(Run({.newest = newest, .known_epochs = {}}).ok());
  EXPECT_FALSE(Has(2));
  EXPECT_TRUE(HasPack(2) && HasPack(3));
}

TEST_F(RetirementTest, Regression6_ARetainedRecordThatCannotBeReadStopsEveryDeletion) {
  const HistoryRecord newest = FourCheckpoints();
  blobs_["history/" + RecordFileName(base::HistoryNumber(4))][7] ^= 1;
  const Status status = Run({.newest = newest, .sweep_files = true, .known_epochs = {}});
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("history record 4"), std::string::npos) << status;
  EXPECT_TRUE(deleted_.empty());
}

TEST_F(RetirementTest, ADamagedRecordThatIsNotRetainedStaysAndTheRestGoes) {
  for (const uint64_t damaged : {1u, 2u, 3u}) {
    blobs_.clear();
    deleted_.clear();
    const HistoryRecord newest = FourCheckpoints();
    blobs_["history/" + RecordFileName(base::HistoryNumber(damaged))][7] ^= 1;
    ASSERT_TRUE(Run({.newest = newest, .sweep_files = true, .known_epochs = {}}).ok());
    EXPECT_TRUE(Has(damaged) && Has(4) && Has(5) && HasPack(4) && HasPack(5)) << damaged;
    EXPECT_EQ(Has(2), damaged == 2);
    EXPECT_EQ(Has(3), damaged == 3);
  }
}

TEST_F(RetirementTest, Regression5_ARetainedRecordThatIsMissingStopsEveryDeletion) {
  const HistoryRecord newest = FourCheckpoints();
  blobs_.erase("history/" + RecordFileName(base::HistoryNumber(4)));
  EXPECT_FALSE(Run({.newest = newest, .sweep_files = true, .known_epochs = {}}).ok());
  EXPECT_TRUE(deleted_.empty());
}

TEST_F(RetirementTest, Regression20_AnInterruptedOneIsFinishedByTheNext) {
  for (int deletes = 0; deletes < 6; ++deletes) {
    blobs_.clear();
    const HistoryRecord newest = FourCheckpoints();
    (void)Run({.newest = newest, .known_epochs = {}}, deletes).ok();
    ASSERT_TRUE(Run({.newest = newest, .known_epochs = {}}).ok());
    EXPECT_FALSE(Has(2) || Has(3) || HasPack(2) || HasPack(3)) << deletes;
    EXPECT_TRUE(Has(1) && Has(4) && Has(5) && HasPack(4) && HasPack(5)) << deletes;
  }
}

TEST_F(RetirementTest, Regression19_WhatCannotBeDeletedIsReportedAndTriedAgain) {
  const HistoryRecord newest = FourCheckpoints();
  undeletable_ = {PackOf(1, 1, 2).name};
  ASSERT_TRUE(Run({.newest = newest, .known_epochs = {}}).ok());
  EXPECT_EQ(retirement_->report().failed, 2u);  // both records name it
  EXPECT_EQ(retirement_->report().first_failure.code(), StatusCode::kPermissionDenied);
  EXPECT_TRUE(Has(2) && Has(3) && !HasPack(3));  // the records stay: they know what is left
  undeletable_.clear();
  ASSERT_TRUE(Run({.newest = newest, .known_epochs = {}}).ok());
  EXPECT_FALSE(Has(2) || Has(3) || HasPack(2));
  EXPECT_EQ(retirement_->report().failed, 0u);
}

TEST_F(RetirementTest, NeverAnEpochRecordNorTheNewestCheckpointNorWhatIsAboveIt) {
  Write(EpochRecord(1));
  Checkpoint(2, {2}, {});
  HistoryRecord epoch = EpochRecord(3, Ref(2, 2));
  Write(epoch);
  Checkpoint(4, {4}, {});  // above: not ours to judge
  ASSERT_TRUE(Run({.newest = epoch, .sweep_files = true, .known_epochs = {}}).ok());
  EXPECT_TRUE(Has(1) && Has(2) && Has(3) && Has(4) && HasPack(2));
}

TEST_F(RetirementTest, NothingRetainedNothingDeleted) {
  Write(EpochRecord(1));
  blobs_[PackOf(1, 1, 1).name] = "being written";
  ASSERT_TRUE(Run({.newest = EpochRecord(1),
                   .oldest_live_attempt = base::Attempt(1),
                   .sweep_files = true,
                   .known_epochs = {}})
                  .ok());
  EXPECT_TRUE(deleted_.empty());
}

TEST_F(RetirementTest, FilesThatNoRecordNamesGoOnlyWhenTheirWriterIsDead) {
  Write(EpochRecord(1));
  HistoryRecord newest = CheckpointRecord(5, 3, 5);
  newest.checkpoint->packs = {PackOf(2, 1, 3), PackOf(3, 1, 5)};
  Write(newest);
  for (const PackRef& pack :
       {PackOf(2, 1, 3), PackOf(3, 1, 5),  // named
        PackOf(2, 9, 4),                   // of a dead epoch
        PackOf(3, 1, 4), PackOf(3, 2, 6),  // of this epoch: a dead and the living attempt
        PackOf(4, 1, 7)}) {                // of a newer epoch
    blobs_[pack.name] = "pack";
  }
  blobs_["data/readme.txt"] = "not ours";
  ASSERT_TRUE(Run({.newest = newest,
                   .oldest_live_attempt = base::Attempt(2),
                   .sweep_files = true,
                   .known_epochs = {}})
                  .ok());
  EXPECT_EQ(deleted_, (std::vector<std::string>{PackOf(2, 9, 4).name, PackOf(3, 1, 4).name}));
}

TEST_F(RetirementTest, KnownEpochsAreNotReadAgain) {
  const HistoryRecord newest = FourCheckpoints();
  Retirement retirement({.newest = newest, .known_epochs = {base::HistoryNumber(1)}}, chaos_);
  (void)retirement.Begin();
  const RetirementStep step = retirement.OnRecordsListed(
      {base::HistoryNumber(1), base::HistoryNumber(4), base::HistoryNumber(5)});
  EXPECT_EQ(step.what, Do::kRead);
  EXPECT_EQ(step.number, base::HistoryNumber(4));  // retained: for what it names
  EXPECT_EQ(retirement.OnRead(Bytes("history/" + RecordFileName(step.number))).what, Do::kDone);
}

TEST_F(RetirementTest, Regression14_ManySmallFilesAreSweptAndNothingNamedGoes) {
  Write(EpochRecord(1));
  HistoryRecord newest = CheckpointRecord(5, 3, 5);
  newest.checkpoint->packs.clear();
  for (uint64_t id = 1; id <= 2500; ++id) {
    const PackRef pack = PackOf(2, 1, id);
    blobs_[pack.name] = "pack";
    if (id % 5 == 0) newest.checkpoint->packs.push_back(pack);
  }
  Write(newest);
  ASSERT_TRUE(Run({.newest = newest, .sweep_files = true, .known_epochs = {}}).ok());
  EXPECT_EQ(deleted_.size(), 2000u);
  for (const PackRef& pack : newest.checkpoint->packs) EXPECT_TRUE(blobs_.contains(pack.name));
}

}  // namespace
}  // namespace weir::checkpoint
