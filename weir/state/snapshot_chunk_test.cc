#include "weir/state/snapshot_chunk.h"

#include <gtest/gtest.h>

#include <string>

#include "weir/state/snapshot_writer.h"
#include "weir/state/state_model.h"

namespace weir::state {
namespace {

using base::KeyGroup;

const base::KeyGroupRange kGroups{KeyGroup(4), KeyGroup(8)};

// The example of docs/formats/keyed-state.md: keys 7 and 9 with the strings "hi" and "".
std::string Example() {
  CollectedChunks sink;
  SnapshotWriter writer(sink, kGroups, 8, {8, ChunkHeader::kVariable});
  writer.Add(1, 1, std::string("\x07\0\0\0\0\0\0\0", 8), "\x02hi");
  writer.Add(1, 1, std::string("\x09\0\0\0\0\0\0\0", 8), std::string(1, '\0'));
  writer.FlushAll();
  return sink.chunks.at(0).bytes;
}

TEST(SnapshotChunk, IsAsTheFormatPageSays) {
  EXPECT_EQ(Example(), std::string("\x01"              // version
                                   "\x00"              // upserts
                                   "\x01\0"            // state 1
                                   "\x05\0\0\0"        // key group 5
                                   "\x02\0\0\0"        // 2 entries
                                   "\x08\0\0\0"        // keys of 8 bytes
                                   "\xFF\xFF\xFF\xFF"  // values with their length
                                   "\x07\0\0\0\0\0\0\0\x03\x02hi"
                                   "\x09\0\0\0\0\0\0\0\x01\x00",
                                   42));
}

Status ReadAll(std::string_view bytes, uint32_t* entries = nullptr) {
  WEIR_ASSIGN_OR_RETURN(ChunkReader reader, ChunkReader::Open(bytes));
  ChunkReader::Entry entry;
  while (reader.Next(entry)) {
    if (entries != nullptr) ++*entries;
  }
  return reader.Finish();
}

TEST(SnapshotChunk, IsReadBack) {
  const std::string bytes = Example();
  ChunkReader reader = ChunkReader::Open(bytes).value();
  EXPECT_EQ(reader.header().group, KeyGroup(5));
  ChunkReader::Entry entry;
  ASSERT_TRUE(reader.Next(entry));
  EXPECT_EQ(entry.value, "\x02hi");
  ASSERT_TRUE(reader.Next(entry));
  EXPECT_EQ(entry.value, std::string(1, '\0'));
  EXPECT_FALSE(reader.Next(entry));
  EXPECT_EQ(reader.Finish(), OkStatus());
}

TEST(SnapshotChunk, EveryTruncationIsDataLoss) {
  const std::string bytes = Example();
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_EQ(ReadAll(bytes.substr(0, length)).code(), StatusCode::kDataLoss) << length;
  }
  EXPECT_EQ(ReadAll(bytes + "x").code(), StatusCode::kDataLoss);
}

TEST(SnapshotChunk, NonsenseInTheHeadIsDataLoss) {
  const auto with = [](size_t at, char value) {
    std::string bytes = Example();
    bytes[at] = value;
    return ReadAll(bytes).code();
  };
  EXPECT_EQ(with(0, 2), StatusCode::kDataLoss);   // version
  EXPECT_EQ(with(1, 2), StatusCode::kDataLoss);   // kind
  EXPECT_EQ(with(1, 1), StatusCode::kDataLoss);   // deletions with values
  EXPECT_EQ(with(8, 3), StatusCode::kDataLoss);   // an entry more than there is
  EXPECT_EQ(with(8, 1), StatusCode::kDataLoss);   // one less
  EXPECT_EQ(with(12, 0), StatusCode::kDataLoss);  // keys of no bytes
}

TEST(SnapshotChunk, AHugeCountEndsWithTheBytes) {
  std::string bytes = Example();
  bytes.replace(8, 4, "\xFF\xFF\xFF\xFF");
  uint32_t entries = 0;
  EXPECT_EQ(ReadAll(bytes, &entries).code(), StatusCode::kDataLoss);
  EXPECT_EQ(entries, 2u);
}

TEST(SnapshotWriter, HandsOnFullChunksAndTheRest) {
  CollectedChunks sink;
  SnapshotWriter writer(sink, kGroups, 8, {8});
  constexpr uint32_t kEntries = 10'000;
  for (uint32_t i = 0; i < kEntries; ++i) writer.Add(0, 0, "8 bytes!", "8 bytes.");
  EXPECT_EQ(sink.chunks.size(), 2u);
  EXPECT_GE(sink.chunks[0].bytes.size(), limits::kSnapshotChunkBytes);
  EXPECT_LT(sink.chunks[0].bytes.size(), limits::kSnapshotChunkBytes + 16);
  EXPECT_GT(writer.bytes_buffered(), 0u);
  writer.Flush(0);
  EXPECT_EQ(writer.bytes_buffered(), 0u);
  uint32_t entries = 0;
  for (const SnapshotChunk& chunk : sink.chunks) {
    EXPECT_EQ(ReadAll(chunk.bytes, &entries), OkStatus());
    EXPECT_EQ(chunk.group, KeyGroup(4));
  }
  EXPECT_EQ(entries, kEntries);
}

TEST(SnapshotWriter, ALongValueIsAChunkOfItsOwnLength) {
  CollectedChunks sink;
  SnapshotWriter writer(sink, kGroups, 8, {ChunkHeader::kVariable});
  writer.Add(3, 0, "8 bytes!", std::string(1 << 20, 'x'));
  ASSERT_EQ(sink.chunks.size(), 1u);
  EXPECT_EQ(ReadAll(sink.chunks[0].bytes), OkStatus());
}

}  // namespace
}  // namespace weir::state
