// A keyed backend beside a std::map that does the same: the vocabulary of the tests of this module.
// Random operations, with snapshots running between them, are played on both; what a snapshot
// holds, what the marks say and what a restore makes is compared with what the map remembers.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "weir/state/keyed_backend.h"
#include "weir/state/list_state.h"
#include "weir/state/map_state.h"
#include "weir/state/value_state.h"

namespace weir::state {

/// SplitMix64.
class TestRandom {
 public:
  explicit TestRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

inline constexpr base::HashSeed kTestSeed = 0x5EED;

/// Chunks as the pool would get them.
struct CollectedChunks : SnapshotSink {
  void Add(SnapshotChunk chunk) override { chunks.push_back(std::move(chunk)); }
  std::vector<SnapshotChunk> chunks;
};

/// What a key has, as the map knows it.
struct KeyContent {
  std::optional<int64_t> count;
  std::optional<std::string> text;
  std::vector<int64_t> list;
  std::map<uint64_t, std::string> map;
  bool empty() const { return !count && !text && list.empty() && map.empty(); }
  friend bool operator==(const KeyContent&, const KeyContent&) = default;
};

template <class K>
K KeyOfNumber(uint64_t number) {
  if constexpr (std::is_same_v<K, std::string>) {
    return "key " + std::to_string(number);
  } else {
    return static_cast<K>(number);
  }
}

/// A backend with one state of each kind.
template <class K>
class TestBackend {
 public:
  using Content = std::map<K, KeyContent>;

  explicit TestBackend(KeyedBackend::Options options) : backend(std::move(options)) {
    count = ValueState<int64_t>::DeclareIn(backend, "count").value();
    text = ValueState<std::string>::DeclareIn(backend, "text").value();
    list = ListState<int64_t>::DeclareIn(backend, "list").value();
    map = MapState<uint64_t, std::string>::DeclareIn(backend, "map").value();
    backend.Open();
  }
  static KeyedBackend::Options Options(base::KeyGroupRange groups, uint32_t max_parallelism) {
    return {.uid = "op",
            .groups = groups,
            .max_parallelism = max_parallelism,
            .hash_seed = kTestSeed,
            .key = KeyOpsOf<K>()};
  }

  void Bind(const K& key) {
    bound_ = key;
    uint64_t hash = 0;
    base::ByteWriter encoded;
    TypeTraits<K>::Encode(key, encoded);
    ASSERT_TRUE(hash_of(kTestSeed, encoded.bytes(), hash));
    backend.Bind(hash, bound_);
  }

  Content ReadAll() {
    Content content;
    const KeyedTable& table = backend.table();
    table.VisitRows([&](const Row& row) {
      if (row.presence == 0) return;
      KeyContent& of_key = content[KeyOf(row)];
      if ((row.presence & 1) != 0) {
        of_key.count.emplace();
        std::memcpy(&*of_key.count, row.At(table.layout().offsets[0]), sizeof(int64_t));
      }
      if ((row.presence & 2) != 0) {
        EXPECT_TRUE(DecodeAll(table.BytesOfState(&row, 1), of_key.text.emplace()));
      }
      if ((row.presence & 4) != 0) {
        base::ByteReader in(table.BytesOfState(&row, 2));
        const uint32_t size = in.U32();
        for (uint32_t i = 0; i < size; ++i) of_key.list.push_back(static_cast<int64_t>(in.U64()));
        EXPECT_TRUE(in.ok() && in.AtEnd());
      }
      if ((row.presence & 8) != 0) of_key.map = ReadMap(table.MapOf(&row, 3));
    });
    return content;
  }

  std::set<K> DirtyKeys() {
    std::set<K> keys;
    backend.table().VisitRows([&](const Row& row) {
      if (backend.table().Dirty(row)) keys.insert(KeyOf(row));
    });
    return keys;
  }

  KeyedBackend backend;
  ValueState<int64_t> count;
  ValueState<std::string> text;
  ListState<int64_t> list;
  MapState<uint64_t, std::string> map;
  bool (*hash_of)(base::HashSeed, std::string_view, uint64_t&) = &HashEncodedKey<K>;

 private:
  static std::map<uint64_t, std::string> ReadMap(const MapTree& map) {
    std::map<uint64_t, std::string> content;
    std::string last;
    for (auto at = map.AtOrAbove({}); at.leaf != nullptr; at = map.Above(last)) {
      MapItem item;
      for (RunReader reader(MapTree::RunOf(at.leaf), at.offset); reader.Next(item);) {
        uint64_t key = 0;
        std::string value;
        EXPECT_TRUE(DecodeAll(item.key, key) && DecodeAll(item.value, value));
        content.emplace(key, value);
      }
      last = item.key;
    }
    EXPECT_EQ(content.size(), map.size());
    return content;
  }

  K KeyOf(const Row& row) {
    K key{};
    EXPECT_TRUE(DecodeAll(backend.table().layout().KeyOf(row), key));
    return key;
  }
  K bound_{};
};

/// The chunks of a whole snapshot, taken in small steps.
template <class K>
std::vector<SnapshotChunk> Snapshot(TestBackend<K>& backend, uint64_t id = 1) {
  CollectedChunks sink;
  EXPECT_EQ(backend.backend.BeginSnapshot(base::CheckpointId(id), sink), OkStatus());
  while (!backend.backend.EncodeSome(1'000)) {
  }
  return std::move(sink.chunks);
}

/// Hands all chunks to a backend by the names of their states.
template <class K>
Status RestoreAll(const std::vector<SnapshotChunk>& chunks, TestBackend<K>& into,
                  uint64_t* not_ours = nullptr) {
  for (const SnapshotChunk& chunk : chunks) {
    const std::string& name = into.backend.states().states[chunk.state].name;
    WEIR_ASSIGN_OR_RETURN(const auto restored, into.backend.RestoreChunk(name, chunk.bytes));
    if (restored == KeyedBackend::Restored::kNotOurs && not_ours != nullptr) ++*not_ours;
  }
  return OkStatus();
}

}  // namespace weir::state
