#include "weir/cluster/state_restore.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>

#include "weir/checkpoint/pack_writer.h"
#include "weir/sim/memory_blob_store.h"
#include "weir/sim/process.h"
#include "weir/sim/world.h"

namespace weir::cluster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const checkpoint::JobFiles kFiles("job");
constexpr size_t kWindow = 4 << 20;
constexpr size_t kChunk = 64 << 10;

// The store, and how many bytes it gave.
class CountingStore final : public env::BlobStore {
 public:
  explicit CountingStore(env::BlobStore& inner) : inner_(inner) {}
  void Get(std::string name, uint64_t offset, uint64_t size,
           env::ResultCallback<std::string> done) override {
    inner_.Get(std::move(name), offset, size,
               [this, done = std::move(done)](StatusOr<std::string> bytes) mutable {
                 if (bytes.ok()) given += bytes->size();
                 done(std::move(bytes));
               });
  }
  std::unique_ptr<env::BlobWriter> Put(std::string name) override {
    return inner_.Put(std::move(name));
  }
  void CreateIfAbsent(std::string name, std::string bytes, env::StatusCallback done) override {
    inner_.CreateIfAbsent(std::move(name), std::move(bytes), std::move(done));
  }
  void List(std::string prefix, env::ResultCallback<std::vector<env::BlobInfo>> done) override {
    inner_.List(std::move(prefix), std::move(done));
  }
  void Delete(std::string name, env::StatusCallback done) override {
    inner_.Delete(std::move(name), std::move(done));
  }
  std::string Describe() const override { return inner_.Describe(); }

  size_t given = 0;

 private:
  env::BlobStore& inner_;
};

// A subtask that takes a chunk now and then, beside a store that gives them faster.
class StateRestoreTest : public ::testing::Test {
 protected:
  StateRestoreTest() {
    world_.RunUntil([&] { return process_.state() == sim::Process::State::kRunning; }, seconds(1));
  }

  void WritePack(const std::string& name, const std::vector<size_t>& chunks) {
    checkpoint::PackWriter writer(store_, process_.env().pool, kFiles,
                                  {.name = name,
                                   .states = {{"count", "state"}},
                                   .key_groups = kGroups,
                                   .on_progress = nullptr});
    for (const size_t bytes : chunks) {
      written_.push_back(std::string(bytes, static_cast<char>('a' + written_.size() % 26)));
      writer.Add({.state = 0, .key_group = base::KeyGroup(0), .bytes = written_.back()});
    }
    std::optional<StatusOr<checkpoint::PackRef>> pack;
    writer.Finish([&](StatusOr<checkpoint::PackRef> ref) { pack = std::move(ref); });
    ASSERT_TRUE(world_.RunUntil([&] { return pack.has_value(); }, seconds(60)));
    ASSERT_TRUE(pack->ok()) << pack->status();
    proto::Segment segment;
    segment.set_uid("count");
    *segment.mutable_pack() = ToProto(**pack);
    segment.set_end_key_group(kGroups.end.number());
    segments_.push_back(segment);
  }

  void Restore() {
    StateRestore::Begin(
        {.store = store_,
         .files = kFiles,
         .segments = segments_,
         .take =
             [this](const checkpoint::PackState&, std::string bytes, base::Closure taken) {
               mailbox_.push_back({std::move(bytes), std::move(taken)});
             },
         .done = [this](Status status) { done_ = std::move(status); },
         .bytes_max = kWindow});
    TakeOne();
  }

  void TakeOne() {
    most_ = std::max(most_, store_.given - taken_);
    if (!mailbox_.empty()) {
      Waiting first = std::move(mailbox_.front());
      mailbox_.pop_front();
      taken_ += first.bytes.size();
      read_.push_back(std::move(first.bytes));
      first.taken();
    }
    world_.After(pause_, [this] { TakeOne(); });
  }

  struct Waiting {
    std::string bytes;
    base::Closure taken;
  };
  static constexpr base::KeyGroupRange kGroups{base::KeyGroup(0), base::KeyGroup(8)};
  sim::World world_{sim::CalmOptions(1)};
  sim::MemoryBlobStore memory_{world_, "memory"};
  CountingStore store_{memory_};
  sim::Process& process_ =
      world_.Spawn("worker", world_.NewDisk("disk"),
                   [](const env::Env&, sim::Process&) { return std::unique_ptr<sim::Program>(); });
  std::vector<std::string> written_, read_;
  std::vector<proto::Segment> segments_;
  std::deque<Waiting> mailbox_;
  Duration pause_ = milliseconds(1);  // between two chunks that are taken
  std::optional<Status> done_;
  size_t taken_ = 0;
  size_t most_ = 0;  // bytes that were between the store and the table
};

TEST_F(StateRestoreTest, BytesUnderWayToASlowSubtaskAreBounded) {
  for (const char* name : {"first.pack", "second.pack"})
    WritePack(name, std::vector<size_t>(160, kChunk));
  Restore();
  ASSERT_TRUE(world_.RunUntil([&] { return read_.size() == written_.size(); }, seconds(60)));
  EXPECT_TRUE(done_ && done_->ok());
  EXPECT_EQ(read_, written_);
  EXPECT_LE(most_, kWindow);
  EXPECT_GT(most_, kWindow / 2);  // it reads ahead
}

TEST_F(StateRestoreTest, AChunkLongerThanTheWindowPassesAlone) {
  WritePack("long.pack", {kChunk, 2 * kWindow, 2 * kWindow, kChunk, 2 * kWindow});
  pause_ = seconds(1);
  Restore();
  ASSERT_TRUE(world_.RunUntil([&] { return read_.size() == written_.size(); }, seconds(60)));
  EXPECT_TRUE(done_ && done_->ok());
  EXPECT_EQ(read_, written_);
  EXPECT_LE(most_, 2 * kWindow + 2 * limits::kPackBlockBytesMax);
}

TEST_F(StateRestoreTest, ADroppedChunkEndsItWithoutAnAnswer) {
  WritePack("first.pack", std::vector<size_t>(160, kChunk));
  Restore();
  ASSERT_TRUE(world_.RunUntil([&] { return store_.given > kWindow / 2; }, seconds(60)));
  mailbox_.clear();
  world_.RunFor(seconds(10));
  EXPECT_LT(store_.given, 2 * kWindow);
  EXPECT_FALSE(done_);
}

TEST_F(StateRestoreTest, NothingToRestoreIsDoneAtOnce) {
  Restore();
  EXPECT_TRUE(done_ && done_->ok());
}

}  // namespace
}  // namespace weir::cluster
