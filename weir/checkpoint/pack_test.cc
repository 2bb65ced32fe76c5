#include "weir/checkpoint/pack.h"

#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "weir/base/limits.h"
#include "weir/checkpoint/example_records.h"
#include "weir/checkpoint/pack_reader.h"
#include "weir/checkpoint/pack_writer.h"
#include "weir/env/posix_file_system.h"

namespace weir::checkpoint {
namespace {

constexpr size_t kBlock = limits::kPackBlockBytesMax;
const JobFiles kFiles("ledger");
const std::string kName = NamedPack(1, 1, 0).name;

// A store of one process that answers inside the call: enough for what only reads. `short_by` bytes
// are missing from the end of every answer.
class OneBlob final : public env::BlobStore {
 public:
  explicit OneBlob(std::string bytes, size_t short_by = 0)
      : bytes_(std::move(bytes)), short_by_(short_by) {}

  void Get(std::string name, uint64_t offset, uint64_t size,
           env::ResultCallback<std::string> done) override {
    if (name != kFiles.Blob(kName)) return done(NotFoundError("get ", name, ": no such blob"));
    bytes_read += size;
    std::string bytes = offset < bytes_.size() ? bytes_.substr(offset, size) : std::string();
    bytes.resize(bytes.size() - std::min(bytes.size(), short_by_));
    done(std::move(bytes));
  }
  std::unique_ptr<env::BlobWriter> Put(std::string) override { return nullptr; }
  void CreateIfAbsent(std::string, std::string, env::StatusCallback) override {}
  void List(std::string, env::ResultCallback<std::vector<env::BlobInfo>>) override {}
  void Delete(std::string, env::StatusCallback) override {}
  std::string Describe() const override { return "one blob"; }

  uint64_t bytes_read = 0;

 private:
  const std::string bytes_;
  const size_t short_by_;
};

struct Pack {
  PackRef ref;
  std::string bytes;
};

const std::vector<PackState> kStates = {
    {"per-page", "count"}, {"per-page", "last"}, {"other", "count"}};

Pack MakePack(const std::vector<Chunk>& chunks) {
  PackEncoder encoder(kStates, Groups(0, 8));
  Pack pack;
  for (const Chunk& chunk : chunks) {
    encoder.Add(chunk.state, chunk.key_group, chunk.scope, chunk.bytes);
    pack.bytes += encoder.Take();
  }
  pack.ref = encoder.Finish();
  pack.bytes += encoder.Take();
  pack.ref.name = kName;
  return pack;
}

std::vector<Chunk> SmallChunks() {
  std::vector<Chunk> chunks;
  for (uint32_t group = 0; group < 8; ++group) {
    for (uint32_t state = 0; state < 3; ++state) {
      chunks.push_back({state, base::KeyGroup(group),
                        state == 1 ? ChunkScope::kDelta : ChunkScope::kWhole,
                        Concat("state ", state, " of group ", group)});
    }
  }
  return chunks;
}

struct ReadResult {
  Status status;
  std::vector<Chunk> chunks;
};

ReadResult Read(env::BlobStore& store, const PackRef& ref, std::vector<PackWant> wants) {
  ReadResult result;
  ReadPack(store, kFiles,
           {ref, std::move(wants),
            [&](const PackState&, Chunk chunk) {
              result.chunks.push_back(std::move(chunk));
              return Status();
            }},
           [&](Status status) { result.status = std::move(status); });
  return result;
}

const std::vector<PackWant> kAll = {{"per-page", Groups(0, 8)}, {"other", Groups(0, 8)}};

TEST(Pack, ReadsWhatItWrites) {
  const Pack pack = MakePack(SmallChunks());
  OneBlob store(pack.bytes);
  const ReadResult all = Read(store, pack.ref, kAll);
  ASSERT_TRUE(all.status.ok()) << all.status;
  EXPECT_EQ(all.chunks, SmallChunks());
  EXPECT_EQ(pack.ref.bytes, pack.bytes.size());
  EXPECT_EQ(pack.ref.checksum, base::ChecksumOf(pack.bytes));
  EXPECT_EQ(pack.ref.operators, (std::vector<std::string>{"per-page", "other"}));
}

TEST(Pack, EmptyOnesAreWhole) {
  const Pack pack = MakePack({});
  OneBlob store(pack.bytes);
  const ReadResult read = Read(store, pack.ref, kAll);
  EXPECT_TRUE(read.status.ok()) << read.status;
  EXPECT_TRUE(read.chunks.empty());
}

TEST(Pack, OnlyWhatIsWantedIsHandedOn) {
  const Pack pack = MakePack(SmallChunks());
  OneBlob store(pack.bytes);
  const ReadResult read = Read(store, pack.ref, {{"other", Groups(2, 4)}});
  ASSERT_TRUE(read.status.ok()) << read.status;
  ASSERT_EQ(read.chunks.size(), 2u);
  EXPECT_EQ(read.chunks[0].bytes, "state 2 of group 2");
  EXPECT_EQ(read.chunks[1].bytes, "state 2 of group 3");
}

StatusOr<PackIndex> ReadIndex(env::BlobStore& store, const PackRef& ref) {
  StatusOr<PackIndex> read = UnknownError("not answered");
  ReadPackIndex(store, kFiles, ref, [&](StatusOr<PackIndex> index) { read = std::move(index); });
  return read;
}

TEST(Pack, ItsIndexSaysHowLargeChunksAre) {
  const Pack pack = MakePack(SmallChunks());
  OneBlob store(pack.bytes);
  const StatusOr<PackIndex> index = ReadIndex(store, pack.ref);
  ASSERT_TRUE(index.ok()) << index.status();
  ASSERT_EQ(index->entries.size(), SmallChunks().size());
  for (size_t i = 0; i < index->entries.size(); ++i)
    EXPECT_EQ(index->entries[i].bytes, SmallChunks()[i].bytes.size());
}

TEST(Pack, AnIndexThatIsDamagedOrAnotherIsFound) {
  const Pack pack = MakePack(SmallChunks());
  for (size_t at = pack.ref.footer_offset; at < pack.bytes.size(); ++at) {
    std::string damaged = pack.bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    OneBlob store(damaged);
    EXPECT_EQ(ReadIndex(store, pack.ref).status().code(), StatusCode::kDataLoss) << at;
  }
  OneBlob cut(pack.bytes.substr(0, pack.bytes.size() - 1));
  EXPECT_EQ(ReadIndex(cut, pack.ref).status().code(), StatusCode::kDataLoss);
}

TEST(Pack, OnlyBlocksThatOverlapAreRead) {
  std::vector<Chunk> chunks;
  for (uint32_t group = 0; group < 8; ++group) {
    chunks.push_back(
        {.state = 0, .key_group = base::KeyGroup(group), .bytes = std::string(kBlock, 'a')});
  }
  const Pack pack = MakePack(chunks);
  OneBlob store(pack.bytes);
  const ReadResult read = Read(store, pack.ref, {{"per-page", Groups(3, 4)}});
  ASSERT_TRUE(read.status.ok()) << read.status;
  EXPECT_EQ(read.chunks.size(), 1u);
  EXPECT_LT(store.bytes_read, kBlock + 1000);
}

TEST(Pack, ChunksMeetBlocksAtEveryEdge) {
  for (const size_t first :
       {size_t{0}, size_t{1}, kBlock - 1, kBlock, kBlock + 1, 2 * kBlock, 3 * kBlock + 7}) {
    for (const size_t second : {size_t{0}, size_t{1}, kBlock - 1, kBlock, kBlock + 1}) {
      const std::vector<Chunk> chunks = {
          {.state = 0, .key_group = base::KeyGroup(1), .bytes = std::string(first, 'a')},
          {.state = 1, .key_group = base::KeyGroup(2), .bytes = std::string(second, 'b')},
          {.state = 2, .key_group = base::KeyGroup(3), .bytes = "end"}};
      const Pack pack = MakePack(chunks);
      OneBlob store(pack.bytes);
      const ReadResult read = Read(store, pack.ref, kAll);
      ASSERT_TRUE(read.status.ok()) << read.status;
      EXPECT_EQ(read.chunks, chunks) << first << " and " << second;
    }
  }
}

TEST(Pack, EveryByteFlippedIsFoundOrHarmless) {
  const std::vector<Chunk> chunks = SmallChunks();
  const Pack pack = MakePack(chunks);
  for (size_t i = 0; i < pack.bytes.size(); ++i) {
    for (const int mask : {0x01, 0x80, 0xFF}) {
      std::string damaged = pack.bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ mask);
      OneBlob store(damaged);
      const Status read = Read(store, pack.ref, kAll).status;
      EXPECT_TRUE(read.code() == StatusCode::kDataLoss ||
                  read.code() == StatusCode::kFailedPrecondition)
          << "byte " << i;
      Status verified;
      VerifyPack(store, kFiles, pack.ref, [&](Status status) { verified = std::move(status); });
      EXPECT_EQ(verified.code(), StatusCode::kDataLoss) << "byte " << i;
    }
  }
}

TEST(Pack, CutShortAtAnyByteIsFound) {
  const Pack pack = MakePack(SmallChunks());
  for (size_t size = 0; size < pack.bytes.size(); ++size) {
    OneBlob store(pack.bytes.substr(0, size));
    EXPECT_EQ(Read(store, pack.ref, kAll).status.code(), StatusCode::kDataLoss) << size;
  }
}

TEST(Regression35_ShortReads, AnAnswerShorterThanAskedForIsNotTakenForAWholeOne) {
  const Pack pack = MakePack(SmallChunks());
  for (const size_t short_by : {1u, 2u, 7u}) {
    OneBlob store(pack.bytes, short_by);
    const Status status = Read(store, pack.ref, kAll).status;
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  }
}

TEST(Regression22_PackVanished, IsALoudErrorThatNamesIt) {
  OneBlob store("");
  PackRef missing = NamedPack(1, 2, 1);
  const Status read = Read(store, missing, kAll).status;
  EXPECT_EQ(read.code(), StatusCode::kNotFound);
  EXPECT_NE(read.message().find(missing.name), std::string::npos) << read;
}

TEST(Pack, AnotherPackUnderTheNameIsFound) {
  const Pack pack = MakePack(SmallChunks());
  std::vector<Chunk> others = SmallChunks();
  others[5].bytes[0] = 'S';
  OneBlob store(MakePack(others).bytes);  // whole in itself
  EXPECT_EQ(Read(store, pack.ref, kAll).status.code(), StatusCode::kDataLoss);
}

TEST(Pack, ImpossibleRecordsAreFound) {
  const Pack pack = MakePack(SmallChunks());
  OneBlob store(pack.bytes);
  for (const auto& [bytes, offset] :
       std::vector<std::pair<uint64_t, uint64_t>>{{0, 0},
                                                  {10, 5},
                                                  {UINT64_MAX, 16},
                                                  {UINT64_MAX, UINT64_MAX - 40},
                                                  {pack.bytes.size(), 0}}) {
    PackRef ref = pack.ref;
    ref.bytes = bytes;
    ref.footer_offset = offset;
    EXPECT_EQ(Read(store, ref, kAll).status.code(), StatusCode::kDataLoss);
  }
}

TEST(Pack, ASinkThatFailsEndsTheReading) {
  const Pack pack = MakePack(SmallChunks());
  OneBlob store(pack.bytes);
  int taken = 0;
  Status result;
  ReadPack(store, kFiles,
           {pack.ref, kAll,
            [&](const PackState&, const Chunk&) {
              return ++taken < 3 ? Status() : ResourceExhaustedError("memory is used up");
            }},
           [&](Status status) { result = std::move(status); });
  EXPECT_EQ(taken, 3);
  EXPECT_EQ(result.code(), StatusCode::kResourceExhausted);
}

TEST(Pack, SmallOnesLieInTheRecord) {
  const PackRef pack = InlinePack(kStates, Groups(0, 8), SmallChunks());
  EXPECT_TRUE(pack.name.empty());
  OneBlob store("");
  const ReadResult read = Read(store, pack, kAll);
  EXPECT_TRUE(read.status.ok()) << read.status;
  EXPECT_EQ(read.chunks, SmallChunks());
}

TEST(Pack, IsTheFormatOfItsPage) {
  const Pack pack = MakePack(
      {{.state = 0, .key_group = base::KeyGroup(1), .bytes = "abc"},
       {.state = 2, .key_group = base::KeyGroup(7), .scope = ChunkScope::kDelta, .bytes = "de"}});
  env::PosixFileSystem files;
  const auto file = files.Open("docs/formats/golden/pack-v1.pack");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(pack.bytes, env::ReadExactly(**file, 0, pack.bytes.size()).value());
  EXPECT_EQ((*file)->Size().value(), pack.bytes.size());
}

TEST(PackIndex, WrongFootersAreRefused) {
  PackIndex index;
  index.states = kStates;
  index.blocks = {{.offset = kPackHeaderBytes, .bytes = 5, .checksum = 1}};
  index.entries = {{.state = 0, .key_group = base::KeyGroup(1), .offset = 0, .bytes = 5}};
  const uint64_t end = kPackHeaderBytes + 5;
  ASSERT_EQ(PackIndex::Decode(index.Encode(), end).value().entries, index.entries);

  const auto refused = [&](auto change) {
    PackIndex changed = index;
    change(changed);
    return PackIndex::Decode(changed.Encode(), end).status().code() == StatusCode::kDataLoss;
  };
  EXPECT_TRUE(refused([](PackIndex& i) { i.blocks[0].bytes = 4; }));
  EXPECT_TRUE(refused([](PackIndex& i) { i.blocks[0].bytes = 0; }));
  EXPECT_TRUE(refused([](PackIndex& i) { i.blocks[0].bytes = kBlock + 1; }));
  EXPECT_TRUE(refused([](PackIndex& i) { i.entries[0].bytes = 4; }));
  EXPECT_TRUE(refused([](PackIndex& i) { i.entries[0].bytes = 6; }));
  EXPECT_TRUE(refused([](PackIndex& i) { i.entries[0].state = 3; }));
  EXPECT_TRUE(refused([](PackIndex& i) { i.entries[0].scope = ChunkScope{3}; }));
  EXPECT_TRUE(refused(
      [](PackIndex& i) { i.entries[0].key_group = base::KeyGroup(limits::kMaxParallelismMax); }));
  EXPECT_TRUE(refused([](PackIndex& i) { i.entries.clear(); }));
  EXPECT_EQ(PackIndex::Decode(index.Encode() + "x", end).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace weir::checkpoint
