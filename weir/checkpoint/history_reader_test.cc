#include "weir/checkpoint/history_reader.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "weir/checkpoint/example_records.h"
#include "weir/sim/memory_blob_store.h"
#include "weir/sim/world.h"

namespace weir::checkpoint {
namespace {

using std::chrono::seconds;

// A store whose job goes on between the listing of its records and their reading: `completions`
// times it completes a checkpoint and retires the one before.
class BusyStore final : public env::BlobStore {
 public:
  BusyStore(env::BlobStore& inner, const JobFiles& files, uint64_t newest, uint64_t completions)
      : inner_(inner), files_(files), newest_(newest), completions_(completions) {}

  void List(std::string prefix, env::ResultCallback<std::vector<env::BlobInfo>> done) override {
    inner_.List(std::move(prefix), [this, done = std::move(done)](auto listing) mutable {
      ++listings;
      if (completions_ == 0) return done(std::move(listing));
      --completions_;
      CompleteOne([done = std::move(done), listing = std::move(listing)](const Status&) mutable {
        done(std::move(listing));
      });
    });
  }
  void Get(std::string name, uint64_t offset, uint64_t size,
           env::ResultCallback<std::string> done) override {
    inner_.Get(std::move(name), offset, size, std::move(done));
  }
  std::unique_ptr<env::BlobWriter> Put(std::string name) override {
    return inner_.Put(std::move(name));
  }
  void CreateIfAbsent(std::string name, std::string bytes, env::StatusCallback done) override {
    inner_.CreateIfAbsent(std::move(name), std::move(bytes), std::move(done));
  }
  void Delete(std::string name, env::StatusCallback done) override {
    inner_.Delete(std::move(name), std::move(done));
  }
  std::string Describe() const override { return inner_.Describe(); }

  uint64_t listings = 0;

 private:
  void CompleteOne(env::StatusCallback done) {
    const HistoryRecord record = CheckpointRecord(newest_ + 1, 1, newest_ + 1);
    const std::string older = files_.Record(base::HistoryNumber(newest_++));
    inner_.CreateIfAbsent(files_.Record(record.number), EncodeRecord(record).value(),
                          [this, older, done = std::move(done)](const Status&) mutable {
                            inner_.Delete(older, std::move(done));
                          });
  }

  env::BlobStore& inner_;
  const JobFiles files_;
  uint64_t newest_;
  uint64_t completions_;
};

class HistoryReaderTest : public testing::Test {
 protected:
  void Put(const std::string& name, const std::string& bytes) {
    std::optional<Status> status;
    store_.CreateIfAbsent(name, bytes, [&](Status s) { status = std::move(s); });
    ASSERT_TRUE(world_.RunUntil([&] { return status.has_value(); }, seconds(1)));
  }
  void Write(const HistoryRecord& record) {
    Put(files_.Record(record.number), EncodeRecord(record).value());
  }

  HistoryView View() { return ViewOf(store_); }
  HistoryView ViewOf(env::BlobStore& store) {
    std::optional<StatusOr<HistoryView>> view;
    ReadHistory(store, files_, [&](StatusOr<HistoryView> v) { view = std::move(v); });
    EXPECT_TRUE(world_.RunUntil([&] { return view.has_value(); }, seconds(10)));
    return view->value();
  }

  // Savepoint 2, checkpoint 3, and a rewind to the savepoint.
  void WriteRewound() {
    Write(EpochRecord(1));
    Write(SavepointRecord(2, 1, 2, "v1"));
    Write(CheckpointRecord(3, 1, 3, {{Ref(2, 2), "v1"}}));
    HistoryRecord rewind = EpochRecord(4, Ref(2, 2));
    rewind.highest_checkpoint = base::CheckpointId(3);
    rewind.retained = {{Ref(2, 2), "v1"}, {Ref(3, 3), ""}};
    Write(rewind);
  }

  sim::World world_{sim::CalmOptions(1)};
  sim::MemoryBlobStore store_{world_, "memory"};
  const JobFiles files_{"ledger"};
};

TEST_F(HistoryReaderTest, AnEmptyHistoryIsAView) {
  const HistoryView view = View();
  EXPECT_EQ(view.Newest().status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(view.Retained().empty());
}

TEST_F(HistoryReaderTest, FindsByIdByNameAndTheResumePoint) {
  WriteRewound();
  const HistoryView view = View();
  EXPECT_EQ(view.Newest()->number, base::HistoryNumber(4));
  EXPECT_EQ(view.Retained().size(), 2u);
  EXPECT_EQ(view.Find("3")->number, base::HistoryNumber(3));
  EXPECT_EQ(view.Find("v1")->number, base::HistoryNumber(2));
  EXPECT_EQ(view.Find("latest")->number, base::HistoryNumber(2));  // not the newest file
  EXPECT_EQ(view.Find("17").status().message(), "there is no checkpoint 17; there are: 2 (v1), 3");
}

TEST_F(HistoryReaderTest, DamageIsNamedAndTheRestIsReadable) {
  WriteRewound();
  ASSERT_TRUE(store_.FlipByte(files_.Record(base::HistoryNumber(3)), 5).ok());
  const HistoryView view = View();
  ASSERT_EQ(view.damaged.size(), 1u);
  EXPECT_EQ(view.damaged[0].number, base::HistoryNumber(3));
  EXPECT_EQ(view.Retained().size(), 1u);
  EXPECT_EQ(view.Find("3").status().code(), StatusCode::kDataLoss);
  EXPECT_TRUE(view.Find("v1").ok());
}

TEST_F(HistoryReaderTest, ARetainedRecordThatIsNotThereIsMissing) {
  WriteRewound();
  EXPECT_TRUE(View().MissingRecords().empty());
  std::optional<Status> status;
  store_.Delete(files_.Record(base::HistoryNumber(3)), [&](Status s) { status = std::move(s); });
  ASSERT_TRUE(world_.RunUntil([&] { return status.has_value(); }, seconds(1)));
  const std::vector<RetainedCheckpoint> missing = View().MissingRecords();
  ASSERT_EQ(missing.size(), 1u);
  EXPECT_EQ(missing[0].ref.checkpoint, base::CheckpointId(3));
}

// The whole history may go between the listing and the reading.
TEST_F(HistoryReaderTest, AHistoryThatMovesOnWhileItIsReadIsNotTakenForALostOne) {
  Write(EpochRecord(1));
  uint64_t newest = 1;
  for (const uint64_t completions : {0u, 1u, 2u, 5u}) {
    BusyStore busy(store_, files_, newest, completions);
    newest += completions;
    const HistoryView view = ViewOf(busy);
    ASSERT_TRUE(view.Newest().ok()) << completions << view.Newest().status();
    EXPECT_EQ(view.Newest()->number, base::HistoryNumber(newest));
    EXPECT_EQ(busy.listings, completions + 1);
    EXPECT_TRUE(view.MissingRecords().empty());
  }
}

TEST_F(HistoryReaderTest, ADamagedRecordIsNotMissingToo) {
  WriteRewound();
  ASSERT_TRUE(store_.FlipByte(files_.Record(base::HistoryNumber(3)), 5).ok());
  EXPECT_TRUE(View().MissingRecords().empty());
}

TEST_F(HistoryReaderTest, ADamagedNewestRecordHidesFromWhereToResumeAndNothingElse) {
  WriteRewound();
  ASSERT_TRUE(store_.FlipByte(files_.Record(base::HistoryNumber(4)), 5).ok());
  const HistoryView view = View();
  EXPECT_EQ(view.Newest().status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(view.Find("latest").status().code(), StatusCode::kDataLoss);
  EXPECT_FALSE(view.Retained().empty());
}

TEST_F(HistoryReaderTest, DamageIsInUseWhereItDecidesOrIsRetained) {
  for (const uint64_t number : {1u, 2u, 3u, 4u}) {
    WriteRewound();
    const std::string name = files_.Record(base::HistoryNumber(number));
    ASSERT_TRUE(store_.FlipByte(name, 5).ok());
    const HistoryView view = View();
    const bool in_use = !view.DamageInUse().empty();
    const bool retained = std::ranges::any_of(view.RetainedRefs(), [&](const auto& entry) {
      return entry.ref.number == base::HistoryNumber(number);
    });
    EXPECT_EQ(in_use, retained || !view.ResumePoint().ok()) << number;
    ASSERT_TRUE(store_.FlipByte(name, 5).ok());
  }
}

TEST_F(HistoryReaderTest, AnEpochThatStartedEmptyHasNoResumePoint) {
  Write(EpochRecord(1));
  EXPECT_EQ(View().ResumePoint().value(), std::nullopt);
  EXPECT_EQ(View().Find("latest").status().code(), StatusCode::kNotFound);
}

TEST_F(HistoryReaderTest, JobsAreThoseWithAHistory) {
  WriteRewound();
  Put("clicks/history/00000000000000000001.json", "whatever");
  Put("strange/data/file", "x");
  std::optional<StatusOr<std::vector<std::string>>> jobs;
  ListJobs(store_, [&](StatusOr<std::vector<std::string>> found) { jobs = std::move(found); });
  ASSERT_TRUE(world_.RunUntil([&] { return jobs.has_value(); }, seconds(10)));
  EXPECT_EQ(jobs->value(), (std::vector<std::string>{"clicks", "ledger"}));
}

}  // namespace
}  // namespace weir::checkpoint
