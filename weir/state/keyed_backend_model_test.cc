// Random operations on a backend and on a map, with snapshots begun, worked on, completed and
// aborted between them. A failure prints its seed; `Play(seed)` replays it.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "weir/state/state_model.h"

namespace weir::state {
namespace {

using base::CheckpointId;
using base::KeyGroup;

struct Plan {
  uint64_t keys = 3'000;
  uint32_t operations = 40'000;
  uint32_t max_parallelism = 4;
  uint32_t snapshot_one_in = 2'000;  // operations
  Faults faults;
  size_t whole_value_bytes_max = 1'000;
  uint64_t map_one_in = 3;  // operations
  uint64_t map_items = 40;  // of a large map
  uint64_t map_cleared_one_in = 20;
  bool (*hash)(base::HashSeed, std::string_view, uint64_t&) = nullptr;
};

// Plays a plan. The first thing that differs from the map ends it; `difference` says what.
template <class K>
class Game {
 public:
  Game(uint64_t seed, const Plan& plan)
      : random_(seed), plan_(plan), options_(MakeOptions(plan)), subject_(options_) {
    if (plan.hash != nullptr) subject_.hash_of = plan.hash;
  }

  std::string Play() {
    for (uint32_t i = 0; i < plan_.operations && difference_.empty(); ++i) {
      // The number of live keys swells and shrinks, so that segments do too.
      const bool growing = i / (plan_.operations / 6 + 1) % 2 == 0;
      ChangeOne(growing);
      if (random_.OneIn(4)) WorkOnSnapshot();
    }
    while (running_ && difference_.empty()) WorkOnSnapshot();
    if (difference_.empty() && subject_.ReadAll() != content_) difference_ = "content at the end";
    if (!subject_.backend.status().ok()) difference_ = subject_.backend.status().ToString();
    if (subject_.backend.rows() != content_.size()) difference_ = "number of rows";
    if (difference_.empty() && snapshots_ < 2) difference_ = "too few snapshots to say anything";
    return difference_;
  }

 private:
  static KeyedBackend::Options MakeOptions(const Plan& plan) {
    auto options = TestBackend<K>::Options({KeyGroup(0), KeyGroup(plan.max_parallelism)},
                                           plan.max_parallelism);
    options.faults = plan.faults;
    options.whole_value_bytes_max = plan.whole_value_bytes_max;
    if (plan.hash != nullptr) options.key.hash = plan.hash;
    return options;
  }

  void ChangeOne(bool growing) {
    const K key = KeyOfNumber<K>(random_.Below(plan_.keys));
    subject_.Bind(key);
    KeyContent& of_key = content_[key];
    const KeyContent before = of_key;
    if (random_.OneIn(plan_.map_one_in)) {
      const bool changed = ChangeMap(of_key, growing);
      if (changed) changed_.insert(key), changed_since_begin_.insert(key);
      if (of_key.empty()) content_.erase(key);
      return;
    }
    const bool clearing = random_.OneIn(growing ? 8 : 2);
    if (clearing) {
      subject_.count.Clear();
      if (!random_.OneIn(4)) subject_.text.Clear(), of_key.text.reset();
      if (!random_.OneIn(4)) subject_.list.Clear(), of_key.list.clear();
      of_key.count.reset();
    } else if (random_.OneIn(3)) {
      of_key.text = std::string(random_.Below(random_.OneIn(50) ? 4'000 : 40), 'x');
      subject_.text.Update(*of_key.text);
    } else if (random_.OneIn(3)) {
      of_key.list.push_back(static_cast<int64_t>(random_.Next()));
      subject_.list.Add(of_key.list.back());
    } else {
      of_key.count = subject_.count.ValueOr(0) + 1;
      subject_.count.Update(*of_key.count);
    }
    // An update to the same value is a change, clearing what is not there is none.
    if (!clearing || of_key != before) changed_.insert(key), changed_since_begin_.insert(key);
    if (of_key.empty()) content_.erase(key);
  }

  // Some keys have maps of thousands of items, the others a few.
  bool ChangeMap(KeyContent& of_key, bool growing) {
    if (random_.OneIn(plan_.map_cleared_one_in)) {
      const bool changed = !of_key.map.empty();
      subject_.map.Clear();
      of_key.map.clear();
      return changed;
    }
    const bool large = random_.OneIn(4);
    bool changed = false;
    for (uint64_t i = 0; i < (large ? plan_.map_items / 8 : 2); ++i) {
      const uint64_t item = random_.Below(large ? plan_.map_items : 5);
      if (random_.OneIn(growing ? 5 : 2)) {
        const bool there = of_key.map.erase(item) > 0;
        Expect(subject_.map.Remove(item) == there, "whether an item was removed");
        changed |= there;
      } else {
        std::string& value = of_key.map[item];
        value.assign(random_.Below(30), 'm');
        subject_.map.Put(item, value);
        changed = true;
      }
    }
    Expect(subject_.map.Size() == of_key.map.size(), "size of a map");
    return changed;
  }

  void WorkOnSnapshot() {
    KeyedBackend& backend = subject_.backend;
    if (!running_) {
      if (!random_.OneIn(plan_.snapshot_one_in / 4)) return;
      id_ = id_.Next();
      sink_ = {};
      frozen_ = content_;
      changed_since_begin_.clear();
      running_ = true;
      return Expect(backend.BeginSnapshot(id_, sink_).ok(), "begin");
    }
    if (random_.OneIn(5'000)) {
      backend.AbortSnapshot(id_);
      running_ = false;
      return;
    }
    if (!backend.EncodeSome(1 + random_.Below(600))) return;
    running_ = false;
    ++snapshots_;
    CompareSnapshot();
    if (random_.OneIn(3)) return;  // aborted after this subtask had done its part
    backend.CheckpointCompleted(id_);
    changed_ = changed_since_begin_;
    Expect(subject_.DirtyKeys() == changed_, "marks after completion");
    completed_ = true;
  }

  // The snapshot holds the content of its beginning, each entry once; a restore makes it again.
  void CompareSnapshot() {
    std::set<std::pair<uint32_t, std::string>> seen;
    std::set<std::pair<std::string, std::string>> items;
    for (const SnapshotChunk& chunk : sink_.chunks) {
      auto reader = ChunkReader::Open(chunk.bytes);
      if (!reader.ok()) return Expect(false, "chunk does not open");
      Expect(reader->header().group == chunk.group, "group in the chunk");
      ChunkReader::Entry entry;
      while (reader->Next(entry)) {
        if (chunk.state == 3) {  // items of a map: each of them once
          MapItem item;
          for (RunReader run(entry.value); run.Next(item);) {
            Expect(items.emplace(entry.key, item.key).second, "an item twice");
          }
          continue;
        }
        Expect(seen.emplace(chunk.state, entry.key).second, "an entry twice");
      }
      Expect(reader->Finish().ok(), "chunk's end");
    }
    auto options = options_;
    options.faults = {};
    TestBackend<K> restored(options);
    Expect(RestoreAll(sink_.chunks, restored).ok(), "restore");
    Expect(restored.ReadAll() == frozen_, "content of the snapshot");
    if (completed_) Expect(subject_.DirtyKeys() == changed_, "marks");
  }

  void Expect(bool holds, const std::string& what) {
    if (!holds && difference_.empty()) difference_ = what;
  }

  TestRandom random_;
  const Plan plan_;
  const KeyedBackend::Options options_;
  TestBackend<K> subject_;
  typename TestBackend<K>::Content content_, frozen_;
  std::set<K> changed_, changed_since_begin_;
  CollectedChunks sink_;
  CheckpointId id_;
  bool running_ = false, completed_ = false;
  int snapshots_ = 0;
  std::string difference_;
};

template <class K>
void ExpectNoDifference(const Plan& plan, uint64_t seeds) {
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    ASSERT_EQ(Game<K>(seed, plan).Play(), "") << "seed " << seed;
  }
}

TEST(KeyedBackendModel, SmallKeysAgree) { ExpectNoDifference<int64_t>({}, 6); }
TEST(KeyedBackendModel, StringKeysAgree) { ExpectNoDifference<std::string>({}, 4); }
TEST(KeyedBackendModel, ManyKeysSplitSegments) {
  ExpectNoDifference<int64_t>({.keys = 40'000,
                               .operations = 120'000,
                               .max_parallelism = 1,
                               .snapshot_one_in = 1'000,
                               .map_one_in = 100},
                              2);
}
const Plan kLargeMaps{.keys = 12,
                      .operations = 3'000,
                      .max_parallelism = 2,
                      .snapshot_one_in = 200,
                      .map_items = 1'500,
                      .map_cleared_one_in = 50};
TEST(KeyedBackendModel, FewKeysWithLargeMaps) {
  ExpectNoDifference<int64_t>(kLargeMaps, 3);
  ExpectNoDifference<std::string>(kLargeMaps, 1);
}
TEST(KeyedBackendModel, FewKeysOftenDeleted) {
  ExpectNoDifference<int32_t>({.keys = 40, .max_parallelism = 256, .snapshot_one_in = 100}, 6);
}

// All keys of a hash that no directory can tell apart, then of eight such hashes.
template <uint64_t kHashes>
bool Colliding(base::HashSeed, std::string_view encoded, uint64_t& hash) {
  uint64_t key = 0;
  std::memcpy(&key, encoded.data(), sizeof key);
  hash = (key % kHashes) * 0x0100'0000'0000'0001u;
  return true;
}
TEST(KeyedBackendModel, CollidingKeysOverflow) {
  ExpectNoDifference<uint64_t>({.keys = 4'000,
                                .operations = 12'000,
                                .max_parallelism = 1,
                                .snapshot_one_in = 100,
                                .map_one_in = 30,
                                .hash = &Colliding<1>},
                               2);
  ExpectNoDifference<uint64_t>({.keys = 9'000,
                                .operations = 20'000,
                                .max_parallelism = 4,
                                .snapshot_one_in = 100,
                                .map_one_in = 30,
                                .hash = &Colliding<8>},
                               2);
}

bool Catches(const Faults& faults,
             Plan plan = {.keys = 400, .operations = 30'000, .snapshot_one_in = 400}) {
  plan.faults = faults;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    if (!Game<int64_t>(seed, plan).Play().empty()) return true;
  }
  return false;
}
TEST(KeyedBackendModel, CatchesNothingWhenNothingIsWrong) { EXPECT_FALSE(Catches({})); }
TEST(KeyedBackendModel, CatchesEncodingAfterTheWrite) {
  EXPECT_TRUE(Catches({.encode_after_write = true}));
}
TEST(KeyedBackendModel, CatchesALostMark) { EXPECT_TRUE(Catches({.mark_lost = true})); }
TEST(KeyedBackendModel, CatchesAPageOfAMapThatIsNotFrozen) {
  EXPECT_FALSE(Catches({}, kLargeMaps));
  EXPECT_TRUE(Catches({.map_page_unfrozen = true}, kLargeMaps));
}
TEST(KeyedBackendModel, CatchesATombstoneDroppedEarly) {
  EXPECT_TRUE(Catches({.tombstone_dropped = true}));
}

}  // namespace
}  // namespace weir::state
