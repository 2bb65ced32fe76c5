#include "weir/state/keyed_backend.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "weir/state/state_model.h"

namespace weir::state {
namespace {

using base::CheckpointId;
using base::KeyGroup;
using base::SubtaskIndex;

constexpr base::KeyGroupRange kAll{KeyGroup(0), KeyGroup(8)};

TestBackend<int64_t>::Content Content(uint64_t keys) {
  TestBackend<int64_t>::Content content;
  for (uint64_t i = 0; i < keys; ++i) {
    KeyContent& of_key = content[static_cast<int64_t>(i)];
    of_key.count = static_cast<int64_t>(i * i);
    if (i % 3 == 0) of_key.text = std::string(i % 50, 'x');
    if (i % 5 == 0) of_key.list = {static_cast<int64_t>(i), -1};
  }
  return content;
}

template <class K>
void Fill(TestBackend<K>& backend, const typename TestBackend<K>::Content& content) {
  for (const auto& [key, of_key] : content) {
    backend.Bind(key);
    if (of_key.count) backend.count.Update(*of_key.count);
    if (of_key.text) backend.text.Update(*of_key.text);
    backend.list.Update(of_key.list);
  }
}

TEST(KeyedBackend, NamesBelongToOneKindAndType) {
  KeyedBackend backend(TestBackend<int64_t>::Options(kAll, 8));
  ASSERT_TRUE(ValueState<int64_t>::DeclareIn(backend, "s").ok());
  EXPECT_TRUE(ValueState<int64_t>::DeclareIn(backend, "s").ok());
  EXPECT_EQ(backend.states().states.size(), 1u);
  EXPECT_EQ(
      ValueState<int32_t>::DeclareIn(backend, "s").status().message(),
      "state \"op.s\" is declared twice: as value state of int64 and as value state of int32");
  EXPECT_EQ(ListState<int64_t>::DeclareIn(backend, "s").status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(ValueState<int64_t>::DeclareIn(backend, "").status().code(),
            StatusCode::kInvalidArgument);
}

TEST(KeyedBackend, TakesSixteenStatesBeforeOpenAndNoneAfter) {
  KeyedBackend backend(TestBackend<int64_t>::Options(kAll, 8));
  std::vector<ValueState<int64_t>> states;
  for (uint32_t i = 0; i < limits::kStatesPerOperatorMax; ++i) {
    states.push_back(ValueState<int64_t>::DeclareIn(backend, std::to_string(i)).value());
  }
  EXPECT_EQ(ValueState<int64_t>::DeclareIn(backend, "17").status().code(),
            StatusCode::kInvalidArgument);
  backend.Open();
  EXPECT_EQ(ValueState<int64_t>::DeclareIn(backend, "late").status().code(),
            StatusCode::kFailedPrecondition);
  const int64_t key = 1;
  backend.Bind(TypeTraits<int64_t>::Hash(kTestSeed, key), key);
  for (size_t i = 0; i < states.size(); ++i) states[i].Update(static_cast<int64_t>(i));
  for (size_t i = 0; i < states.size(); ++i) EXPECT_EQ(states[i].Get(), static_cast<int64_t>(i));
}

TEST(KeyedBackend, AWriteWithoutAKeyFailsTheJob) {
  TestBackend<int64_t> b(TestBackend<int64_t>::Options(kAll, 8));
  b.count.Update(1);
  EXPECT_EQ(b.backend.status().code(), StatusCode::kFailedPrecondition);
}

TEST(KeyedBackend, AKeyWithAnotherHashFailsTheJob) {
  TestBackend<int64_t> b(TestBackend<int64_t>::Options(kAll, 8));
  const int64_t key = 1;
  b.backend.Bind(TypeTraits<int64_t>::Hash(kTestSeed, 2), key);
  b.count.Update(1);
  EXPECT_EQ(b.backend.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(b.backend.rows(), 0u);
}

// A stream taken for keyed that was not routed by this key.
TEST(KeyedBackend, Regression36_AKeyOfAnotherSubtaskFailsTheJob) {
  TestBackend<int64_t> b(TestBackend<int64_t>::Options({KeyGroup(0), KeyGroup(4)}, 8));
  int64_t key = 0;
  while (TypeTraits<int64_t>::Hash(kTestSeed, key) >> 63 == 0) ++key;
  b.Bind(key);
  b.count.Update(1);
  EXPECT_EQ(b.backend.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(b.backend.status().message().find("is not one of this subtask"), std::string::npos);
}

TEST(KeyedBackend, NaNIsNoKeyAndBothZerosAreOne) {
  TestBackend<double> b(TestBackend<double>::Options(kAll, 8));
  const double zero = 0.0, minus_zero = -0.0, nan = std::numeric_limits<double>::quiet_NaN();
  b.Bind(zero);
  b.count.Update(5);
  b.Bind(minus_zero);
  EXPECT_EQ(b.count.Get(), 5);
  b.backend.Bind(TypeTraits<double>::Hash(kTestSeed, nan), nan);
  b.count.Update(1);
  EXPECT_EQ(b.backend.status().code(), StatusCode::kInvalidArgument);
}

TEST(KeyedBackend, SnapshotsMoveBetweenAnyParallelisms) {
  constexpr uint32_t kMaxParallelism = 64;
  const auto content = Content(5'000);
  for (const uint32_t before : {1u, 2u, 3u, 7u}) {
    std::vector<SnapshotChunk> chunks;
    for (uint32_t subtask = 0; subtask < before; ++subtask) {
      const auto groups = base::KeyGroupsOf(SubtaskIndex(subtask), before, kMaxParallelism);
      TestBackend<int64_t> b(TestBackend<int64_t>::Options(groups, kMaxParallelism));
      TestBackend<int64_t>::Content ours;
      for (const auto& [key, of_key] : content) {
        const uint64_t hash = TypeTraits<int64_t>::Hash(kTestSeed, key);
        if (groups.Contains(base::KeyGroupOf(hash, kMaxParallelism))) ours[key] = of_key;
      }
      Fill(b, ours);
      for (SnapshotChunk& chunk : Snapshot(b)) chunks.push_back(std::move(chunk));
    }
    for (const uint32_t after : {1u, 2u, 3u, 5u, 7u}) {
      TestBackend<int64_t>::Content all;
      uint64_t not_ours = 0;
      for (uint32_t subtask = 0; subtask < after; ++subtask) {
        TestBackend<int64_t> b(TestBackend<int64_t>::Options(
            base::KeyGroupsOf(SubtaskIndex(subtask), after, kMaxParallelism), kMaxParallelism));
        ASSERT_EQ(RestoreAll(chunks, b, &not_ours), OkStatus());
        for (auto& [key, of_key] : b.ReadAll()) ASSERT_TRUE(all.emplace(key, of_key).second);
      }
      EXPECT_EQ(all, content) << before << " to " << after;
      EXPECT_EQ(not_ours, (after - 1) * chunks.size());  // each chunk is one subtask's
    }
  }
}

TEST(KeyedBackend, ARestoreOffByOneGroupIsNoticed) {
  TestBackend<int64_t> b(TestBackend<int64_t>::Options(kAll, 8));
  Fill(b, Content(1'000));
  auto options = TestBackend<int64_t>::Options(kAll, 8);
  options.faults.key_group_off_by_one = true;
  TestBackend<int64_t> restored(options);
  EXPECT_EQ(RestoreAll(Snapshot(b), restored), OkStatus());
  EXPECT_NE(restored.ReadAll(), b.ReadAll());
}

TEST(KeyedBackend, CorruptChunksAreDataLoss) {
  TestBackend<int64_t> b(TestBackend<int64_t>::Options(kAll, 8));
  Fill(b, Content(40));
  for (const SnapshotChunk& chunk : Snapshot(b)) {
    const std::string& name = b.backend.states().states[chunk.state].name;
    for (size_t length = 0; length < chunk.bytes.size(); ++length) {
      TestBackend<int64_t> restored(TestBackend<int64_t>::Options(kAll, 8));
      const auto result = restored.backend.RestoreChunk(name, chunk.bytes.substr(0, length));
      ASSERT_EQ(result.status().code(), StatusCode::kDataLoss) << name << " cut at " << length;
    }
    // A flipped bit may make another value; a reader must not fall over it.
    for (size_t bit = 0; bit < chunk.bytes.size() * 8; bit += 3) {
      TestBackend<int64_t> restored(TestBackend<int64_t>::Options(kAll, 8));
      std::string bytes = chunk.bytes;
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
      if (!restored.backend.RestoreChunk(name, bytes).ok()) continue;
      restored.backend.table().VisitRows([](const Row&) {});
    }
  }
}

TEST(KeyedBackend, AKeyInAnotherGroupsChunkIsDataLoss) {
  TestBackend<int64_t> b(TestBackend<int64_t>::Options(kAll, 8));
  Fill(b, Content(40));
  SnapshotChunk chunk = Snapshot(b)[0];
  chunk.bytes[4] = static_cast<char>((chunk.bytes[4] + 1) % 8);
  TestBackend<int64_t> restored(TestBackend<int64_t>::Options(kAll, 8));
  EXPECT_EQ(restored.backend.RestoreChunk("count", chunk.bytes).status().code(),
            StatusCode::kDataLoss);
}

TEST(KeyedBackend, AValueThatDoesNotDecodeFailsTheJobWhenItIsRead) {
  base::ByteWriter bytes;
  const int64_t key = 1;
  const uint64_t hash = TypeTraits<int64_t>::Hash(kTestSeed, key);
  ChunkHeader{.state = 1, .group = base::KeyGroupOf(hash, 8), .count = 1, .key_bytes = 8}.Encode(
      bytes);
  bytes.U64(1);
  bytes.String("\x09short");  // a string that claims nine bytes
  TestBackend<int64_t> b(TestBackend<int64_t>::Options(kAll, 8));
  EXPECT_TRUE(b.backend.RestoreChunk("text", bytes.bytes()).ok());
  EXPECT_FALSE(b.backend.RestoreChunk("list", std::string(bytes.bytes(), 0, 20)).ok());
  b.Bind(key);
  EXPECT_EQ(b.text.ValueOr("fallback"), "");
  EXPECT_EQ(b.backend.status().code(), StatusCode::kDataLoss);
}

TEST(KeyedBackend, AnUnknownStateIsNotFound) {
  TestBackend<int64_t> b(TestBackend<int64_t>::Options(kAll, 8));
  EXPECT_EQ(b.backend.RestoreChunk("other", "").status().code(), StatusCode::kNotFound);
}

TEST(KeyedBackend, ChunksOfDeletionsTakeKeysAway) {
  TestBackend<int64_t> b(TestBackend<int64_t>::Options(kAll, 8));
  const int64_t key = 1;
  b.Bind(key);
  b.count.Update(5);
  base::ByteWriter bytes;
  ChunkHeader{.kind = ChunkKind::kDelete,
              .group = base::KeyGroupOf(TypeTraits<int64_t>::Hash(kTestSeed, key), 8),
              .count = 1,
              .key_bytes = 8,
              .value_bytes = 0}
      .Encode(bytes);
  bytes.U64(1);
  EXPECT_TRUE(b.backend.RestoreChunk("count", bytes.bytes()).ok());
  EXPECT_EQ(b.backend.rows(), 0u);
}

TEST(KeyedBackend, AnEmptySnapshotHasNoChunks) {
  TestBackend<int64_t> b(TestBackend<int64_t>::Options(kAll, 8));
  EXPECT_TRUE(Snapshot(b).empty());
  Fill(b, {{1, {.count = 1, .text = {}, .list = {}}}});
  b.Bind(1);
  b.count.Clear();
  EXPECT_TRUE(Snapshot(b, 2).empty());
}

TEST(KeyedBackend, AnAbortedSnapshotHandsNothingOnAndANewOneIsWhole) {
  TestBackend<int64_t> b(TestBackend<int64_t>::Options(kAll, 8));
  Fill(b, Content(1'000));
  CollectedChunks sink;
  ASSERT_EQ(b.backend.BeginSnapshot(CheckpointId(1), sink), OkStatus());
  ASSERT_FALSE(b.backend.EncodeSome(500));
  b.backend.AbortSnapshot(CheckpointId(2));  // another one
  EXPECT_TRUE(b.backend.snapshot_running());
  b.backend.AbortSnapshot(CheckpointId(1));
  EXPECT_FALSE(b.backend.snapshot_running());
  EXPECT_EQ(b.backend.snapshot_bytes_buffered(), 0u);
  TestBackend<int64_t> restored(TestBackend<int64_t>::Options(kAll, 8));
  EXPECT_EQ(RestoreAll(Snapshot(b, 2), restored), OkStatus());
  EXPECT_EQ(restored.ReadAll(), b.ReadAll());
}

TEST(KeyedBackend, CompletionOfAnotherCheckpointChangesNoMarks) {
  TestBackend<int64_t> b(TestBackend<int64_t>::Options(kAll, 8));
  Fill(b, Content(10));
  b.backend.CheckpointCompleted(CheckpointId(0));
  b.backend.CheckpointCompleted(CheckpointId(9));
  Snapshot(b, 10);
  b.backend.CheckpointCompleted(CheckpointId(9));
  EXPECT_EQ(b.DirtyKeys().size(), 10u);
  b.backend.CheckpointCompleted(CheckpointId(10));
  b.backend.CheckpointCompleted(CheckpointId(10));
  EXPECT_EQ(b.DirtyKeys().size(), 0u);
}

TEST(KeyedBackend, GenerationsEndWithAnError) {
  auto options = TestBackend<int64_t>::Options(kAll, 8);
  options.first_generation = std::numeric_limits<uint32_t>::max() - 1;
  TestBackend<int64_t> b(options);
  Fill(b, Content(10));
  EXPECT_FALSE(Snapshot(b, 1).empty());
  CollectedChunks sink;
  EXPECT_EQ(b.backend.BeginSnapshot(CheckpointId(2), sink).code(), StatusCode::kResourceExhausted);
}

// Without snapshots at once, with them when one has covered the deletion.
TEST(KeyedBackend, MemoryReturnsAfterClearing) {
  for (const bool with_snapshots : {false, true}) {
    TestBackend<std::string> b(TestBackend<std::string>::Options(kAll, 8));
    const auto clear_all = [&] {
      for (uint64_t i = 0; i < 60'000; ++i) {
        b.Bind(KeyOfNumber<std::string>(i));
        b.text.Clear();
      }
    };
    for (uint64_t i = 0; i < 60'000; ++i) {
      b.Bind(KeyOfNumber<std::string>(i));
      b.text.Update(std::string(100, 'x'));
    }
    EXPECT_GT(b.backend.bytes_reserved(), 10'000'000u);
    if (with_snapshots) {
      Snapshot(b, 1);
      clear_all();
      for (uint64_t id = 2; id <= 3; ++id) {
        Snapshot(b, id);
        b.backend.CheckpointCompleted(CheckpointId(id));
      }
    } else {
      clear_all();
    }
    EXPECT_EQ(b.backend.rows(), 0u);
    EXPECT_LT(b.backend.bytes_reserved(), Arena::kChunkBytes + 100'000) << with_snapshots;
  }
}

TEST(KeyedBackend, AnEmptyKeyGroupCostsSixteenBytes) {
  constexpr uint32_t kGroups = limits::kMaxParallelismMax;
  TestBackend<int64_t> b(TestBackend<int64_t>::Options({KeyGroup(0), KeyGroup(kGroups)}, kGroups));
  EXPECT_EQ(b.backend.bytes_reserved(), 16u * kGroups);
  Fill(b, Content(3'000));
  TestBackend<int64_t> restored(TestBackend<int64_t>::Options({KeyGroup(0), KeyGroup(1)}, 1));
  EXPECT_EQ(b.ReadAll(), Content(3'000));
}

TEST(KeyedBackend, ChunksHeldBackAreBounded) {
  TestBackend<int64_t> b(TestBackend<int64_t>::Options({KeyGroup(0), KeyGroup(64)}, 64));
  Fill(b, Content(50'000));
  CollectedChunks sink;
  ASSERT_EQ(b.backend.BeginSnapshot(CheckpointId(1), sink), OkStatus());
  for (const auto& [key, of_key] : Content(50'000)) {  // each changed before the walk gets there
    b.Bind(key);
    b.count.Update(0);
    ASSERT_LE(b.backend.snapshot_bytes_buffered(), 64u * 3 * (limits::kSnapshotChunkBytes + 100));
  }
  while (!b.backend.EncodeSome(1 << 20)) {
  }
  TestBackend<int64_t> restored(TestBackend<int64_t>::Options({KeyGroup(0), KeyGroup(64)}, 64));
  EXPECT_EQ(RestoreAll(sink.chunks, restored), OkStatus());
  EXPECT_EQ(restored.ReadAll(), Content(50'000));
}

// A value of some MiB, in a snapshot whose steps are 64 KiB.
struct LongValueTest : ::testing::Test {
  static constexpr size_t kStep = 64 << 10;
  LongValueTest() {
    backend.Bind(1);
    backend.count.Update(7);
    backend.text.Update(value);
    backend.list.Update(std::vector<int64_t>{1, 2});
    backend.Bind(2);
    backend.text.Update(value);
    frozen = backend.ReadAll();
    EXPECT_TRUE(backend.backend.BeginSnapshot(CheckpointId(1), sink).ok());
  }
  size_t Encoded() const {
    size_t bytes = backend.backend.snapshot_bytes_buffered();
    for (const SnapshotChunk& chunk : sink.chunks) bytes += chunk.bytes.size();
    return bytes;
  }
  bool Step() {
    const size_t before = Encoded();
    const bool done = backend.backend.EncodeSome(kStep);
    longest_step = std::max(longest_step, Encoded() - before);
    return done;
  }
  void StepIntoTheFirstValue() {
    while (Encoded() < value.size() / 2) ASSERT_FALSE(Step());
  }
  void ExpectWhatWasFrozen() {
    while (!Step()) {
    }
    TestBackend<int64_t> restored(TestBackend<int64_t>::Options(kAll, 8));
    ASSERT_TRUE(RestoreAll(sink.chunks, restored).ok());
    EXPECT_EQ(restored.ReadAll(), frozen);
    EXPECT_EQ(restored.backend.rows(), 2u);
    EXPECT_EQ(sink.chunks.size(), 4u);  // each state once
  }
  const std::string value = std::string((5 << 20) + 3, 'x');
  TestBackend<int64_t> backend{TestBackend<int64_t>::Options(kAll, 8)};
  TestBackend<int64_t>::Content frozen;
  CollectedChunks sink;
  size_t longest_step = 0;
};

TEST_F(LongValueTest, NoStepCopiesMoreThanItWasGiven) {
  ExpectWhatWasFrozen();
  EXPECT_LE(longest_step, kStep + 1024);
}

TEST_F(LongValueTest, WrittenInTheMiddleItIsWhatItWas) {
  StepIntoTheFirstValue();
  for (const int64_t key : {1, 2}) {
    backend.Bind(key);
    backend.text.Update("new");
    backend.count.Update(8);
    backend.list.Add(3);
  }
  ExpectWhatWasFrozen();
}

TEST_F(LongValueTest, ClearedInTheMiddleItIsWhatItWas) {
  StepIntoTheFirstValue();
  for (const int64_t key : {1, 2}) {
    backend.Bind(key);
    backend.text.Clear();
    backend.count.Clear();
    backend.list.Clear();
  }
  ExpectWhatWasFrozen();
}

TEST_F(LongValueTest, ItsRowMayMoveInTheMiddle) {
  StepIntoTheFirstValue();
  for (int64_t key = 10; key < 5'000; ++key) {
    backend.Bind(key);
    backend.count.Update(1);
  }
  ExpectWhatWasFrozen();
  EXPECT_LE(longest_step, kStep + 1024);
}

TEST_F(LongValueTest, ASnapshotGivenUpInTheMiddleIsForgotten) {
  StepIntoTheFirstValue();
  backend.backend.AbortSnapshot(CheckpointId(1));
  sink = {};
  ASSERT_TRUE(backend.backend.BeginSnapshot(CheckpointId(2), sink).ok());
  ExpectWhatWasFrozen();
}

enum class Changed { kStay, kWriteBack };

// Lets go of everything that may go; returns the keys that were written back.
std::set<int64_t> EvictAll(TestBackend<int64_t>& backend, Changed changed = Changed::kWriteBack) {
  const KeyedTable& table = backend.backend.table();
  const auto key_of = [&](const Row& row) {
    int64_t key = 0;
    EXPECT_TRUE(DecodeAll(table.layout().KeyOf(row), key));
    return key;
  };
  std::vector<uint64_t> hashes;
  table.VisitRows([&](const Row& row) {
    EXPECT_TRUE(backend.hash_of(kTestSeed, table.layout().KeyOf(row), hashes.emplace_back()));
  });
  std::set<int64_t> written;
  for (const uint64_t hash : hashes) {
    if (changed == Changed::kStay) {
      backend.backend.Evict(hash, nullptr);
      continue;
    }
    backend.backend.Evict(hash,
                          [&](const Row& row) { EXPECT_TRUE(written.insert(key_of(row)).second); });
  }
  return written;
}

TEST(KeyedBackend, EvictedRowsGiveTheirMemoryBack) {
  TestBackend<int64_t> backend(TestBackend<int64_t>::Options(kAll, 8));
  Fill(backend, Content(20'000));
  EXPECT_GT(backend.backend.bytes_reserved(), Arena::kChunkBytes);
  EXPECT_EQ(EvictAll(backend).size(), 20'000u);
  EXPECT_EQ(backend.backend.rows(), 0u);
  EXPECT_TRUE(backend.ReadAll().empty());
  EXPECT_LE(backend.backend.bytes_reserved(), Arena::kChunkBytes + (64 << 10));
  Fill(backend, Content(100));
  EXPECT_EQ(backend.ReadAll(), Content(100));
}

TEST(KeyedBackend, ChangedRowsStayWhenNobodyWritesThemBack) {
  TestBackend<int64_t> backend(TestBackend<int64_t>::Options(kAll, 8));
  Fill(backend, Content(100));
  Snapshot(backend);
  backend.backend.CheckpointCompleted(CheckpointId(1));
  backend.Bind(3);
  backend.count.Update(-1);
  backend.Bind(4);
  backend.count.Clear();
  EvictAll(backend, Changed::kStay);
  EXPECT_EQ(backend.backend.rows(), 1u);
  EXPECT_EQ(backend.ReadAll().begin()->first, 3);
  EXPECT_EQ(EvictAll(backend), (std::set<int64_t>{3, 4}));  // a deletion must be known below, too
}

TEST(KeyedBackend, RowsThatASnapshotStillNeedsStay) {
  TestBackend<int64_t> backend(TestBackend<int64_t>::Options(kAll, 8));
  Fill(backend, Content(3'000));
  CollectedChunks sink;
  ASSERT_TRUE(backend.backend.BeginSnapshot(CheckpointId(1), sink).ok());
  std::set<int64_t> written;
  do {
    for (const int64_t key : EvictAll(backend)) EXPECT_TRUE(written.insert(key).second);
  } while (!backend.backend.EncodeSome(20'000));
  EXPECT_GT(written.size(), 1'000u);
  EXPECT_LT(written.size(), 3'000u);
  TestBackend<int64_t> restored(TestBackend<int64_t>::Options(kAll, 8));
  ASSERT_TRUE(RestoreAll(sink.chunks, restored).ok());
  EXPECT_EQ(restored.ReadAll(), Content(3'000));
}

TEST(KeyedBackend, RowsOfOneHashAreEvictedToo) {
  auto options = TestBackend<int64_t>::Options(kAll, 8);
  options.key.hash = [](base::HashSeed, std::string_view, uint64_t& hash) {
    hash = 42;
    return true;
  };
  TestBackend<int64_t> backend(options);
  backend.hash_of = [](base::HashSeed, std::string_view, uint64_t& hash) {
    hash = 42;
    return true;
  };
  Fill(backend, Content(5'000));
  EXPECT_EQ(EvictAll(backend).size(), 5'000u);
  EXPECT_EQ(backend.backend.rows(), 0u);
}

}  // namespace
}  // namespace weir::state
