#include "weir/checkpoint/pack_writer.h"

#include <gtest/gtest.h>

#include "weir/base/limits.h"
#include "weir/checkpoint/example_records.h"
#include "weir/checkpoint/pack_reader.h"
#include "weir/sim/faulty_blob_store.h"
#include "weir/sim/memory_blob_store.h"
#include "weir/sim/process.h"
#include "weir/sim/world.h"

namespace weir::checkpoint {
namespace {

using std::chrono::seconds;

const JobFiles kFiles("ledger");

class PackWriterTest : public testing::Test {
 protected:
  PackWriterTest() {
    world_.RunUntil([&] { return process_.state() == sim::Process::State::kRunning; }, seconds(1));
  }

  std::unique_ptr<PackWriter> NewWriter(uint64_t checkpoint = 1) {
    name_ = NamedPack(1, checkpoint, 0).name;
    return std::make_unique<PackWriter>(
        store_, process_.env().pool, kFiles,
        PackWriter::Options{.name = name_,
                            .states = {{"per-page", "count"}},
                            .key_groups = Groups(0, 8),
                            .on_progress = [this] { ++progress_; }});
  }
  StatusOr<PackRef> Finish(PackWriter& writer) {
    std::optional<StatusOr<PackRef>> result;
    writer.Finish([&](StatusOr<PackRef> pack) { result = std::move(pack); });
    EXPECT_FALSE(result);  // never inside the call
    EXPECT_TRUE(world_.RunUntil([&] { return result.has_value(); }, seconds(600)));
    return *result;
  }
  static Chunk ChunkOf(uint32_t group, size_t bytes) {
    return {.state = 0, .key_group = base::KeyGroup(group), .bytes = std::string(bytes, 'x')};
  }

  sim::World world_{sim::CalmOptions(1)};
  sim::MemoryBlobStore memory_{world_, "memory"};
  sim::FaultyBlobStore store_{world_, memory_, sim::FaultyBlobStore::Reach::kRemote, "store"};
  sim::Process& process_ =
      world_.Spawn("worker", world_.NewDisk("disk"),
                   [](const env::Env&, sim::Process&) { return std::unique_ptr<sim::Program>(); });
  std::string name_;
  int progress_ = 0;
};

TEST_F(PackWriterTest, WritesWhatTheReaderVerifies) {
  for (const size_t bytes :
       {size_t{0}, size_t{100}, limits::kPackBlockBytesMax, 3 * limits::kPackBlockBytesMax + 5}) {
    const auto writer = NewWriter();
    for (uint32_t group = 0; group < 8; ++group) writer->Add(ChunkOf(group, bytes));
    const StatusOr<PackRef> pack = Finish(*writer);
    ASSERT_TRUE(pack.ok()) << pack.status();
    EXPECT_EQ(pack->name, name_);
    EXPECT_EQ(memory_.blobs().at(kFiles.Blob(name_)).size(), pack->bytes);
    std::optional<Status> verified;
    VerifyPack(store_, kFiles, *pack, [&](Status status) { verified = std::move(status); });
    ASSERT_TRUE(world_.RunUntil([&] { return verified.has_value(); }, seconds(60)));
    EXPECT_TRUE(verified->ok()) << *verified;
  }
}

// A footer that no reader takes is refused by whoever writes it.
TEST_F(PackWriterTest, AnIndexThatIsTooLongFailsTheCheckpoint) {
  name_ = NamedPack(1, 1, 0).name;
  const std::string long_name(limits::kPackFooterBytesMax, 'n');
  PackWriter writer(store_, process_.env().pool, kFiles,
                    PackWriter::Options{.name = name_,
                                        .states = {{"per-page", long_name}},
                                        .key_groups = Groups(0, 8),
                                        .on_progress = nullptr});
  writer.Add(ChunkOf(1, 10));
  const StatusOr<PackRef> pack = Finish(writer);
  EXPECT_EQ(pack.status().code(), StatusCode::kResourceExhausted) << pack.status();
  EXPECT_FALSE(memory_.blobs().contains(kFiles.Blob(name_)));
}

TEST_F(PackWriterTest, BufferedBytesFallAsTheyAreWritten) {
  const auto writer = NewWriter();
  for (uint32_t group = 0; group < 4; ++group)
    writer->Add(ChunkOf(group, limits::kPackBlockBytesMax));
  EXPECT_EQ(writer->buffered_bytes(), 4 * limits::kPackBlockBytesMax);
  EXPECT_TRUE(world_.RunUntil([&] { return writer->buffered_bytes() == 0; }, seconds(10)));
  EXPECT_GE(progress_, 1);
  writer->Add(ChunkOf(5, 10));
  EXPECT_EQ(writer->buffered_bytes(), 10u);
  EXPECT_TRUE(Finish(*writer).ok());
}

TEST_F(PackWriterTest, AStoreThatFailsMakesItFailAndForgetWhatItHolds) {
  const auto writer = NewWriter();
  store_.SetAway(true);
  writer->Add(ChunkOf(1, 2 * limits::kPackBlockBytesMax));
  world_.RunFor(seconds(10));
  EXPECT_EQ(writer->buffered_bytes(), 0u);
  writer->Add(ChunkOf(2, 100));
  EXPECT_EQ(writer->buffered_bytes(), 0u);
  const StatusOr<PackRef> pack = Finish(*writer);
  EXPECT_EQ(pack.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(pack.status().message().find(name_), std::string::npos) << pack.status();
  EXPECT_TRUE(memory_.blobs().empty());
}

TEST_F(PackWriterTest, OneThatIsDroppedLeavesNothing) {
  auto writer = NewWriter();
  writer->Add(ChunkOf(1, 2 * limits::kPackBlockBytesMax));
  world_.RunFor(std::chrono::microseconds(300));
  writer.reset();
  world_.RunFor(seconds(10));
  EXPECT_TRUE(memory_.blobs().empty());
}

TEST_F(PackWriterTest, OneThatIsDroppedWhileItFinishesGoesOnAndAnswers) {
  auto writer = NewWriter();
  writer->Add(ChunkOf(1, 100));
  std::optional<StatusOr<PackRef>> answer;
  writer->Finish([&](StatusOr<PackRef> pack) { answer = std::move(pack); });
  writer.reset();
  EXPECT_TRUE(world_.RunUntil([&] { return answer.has_value(); }, seconds(10)));
  ASSERT_TRUE(answer->ok());
  EXPECT_EQ((*answer)->name, name_);
}

// A process dies while the store still has to answer: nothing may keep alive what waits for it.
TEST_F(PackWriterTest, OneWhoseAnswerNeverComesIsFreedWithItsCallback) {
  auto waits = std::make_shared<int>();
  const std::weak_ptr<int> alive = waits;
  auto writer = NewWriter();
  writer->Add(ChunkOf(1, 100));
  writer->Finish([waits = std::move(waits)](const StatusOr<PackRef>&) {});
  world_.RunFor(std::chrono::microseconds(300));
  process_.Kill();
  writer.reset();
  world_.RunFor(seconds(600));
  EXPECT_TRUE(alive.expired());
}

TEST_F(PackWriterTest, TaskThreadNeverWaits) {
  const auto writer = NewWriter();
  const base::Instant before = world_.Now();
  for (uint32_t i = 0; i < 100; ++i) writer->Add(ChunkOf(i % 8, 1000));
  EXPECT_EQ(world_.Now(), before);
  EXPECT_TRUE(Finish(*writer).ok());
}

}  // namespace
}  // namespace weir::checkpoint
