// What map state costs by itself, on one core: 8-byte map keys, 8-byte values, in random order.
//   one map of 10^6 items, 10^5 keys with ten items each: put, get, go through, snapshot, restore,
//   clear; bytes held for each item of 16
// Prints a line for each.
// Usage: map_bench
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "weir/base/hash.h"
#include "weir/state/keyed_backend.h"
#include "weir/state/map_state.h"

namespace {

using weir::base::KeyGroup;
using weir::state::KeyedBackend;
using weir::state::KeyOpsOf;

constexpr uint64_t kSeed = 42;

struct Chunks : weir::state::SnapshotSink {
  void Add(weir::state::SnapshotChunk chunk) override { all.push_back(std::move(chunk)); }
  std::vector<weir::state::SnapshotChunk> all;
};

class Maps {
 public:
  Maps(uint64_t keys, uint64_t items) : keys_(keys), items_(items), backend_(Options()) {
    map_ = weir::MapState<uint64_t, uint64_t>::DeclareIn(backend_, "map").value();
    backend_.Open();
  }

  void Bench() {
    const uint64_t all = keys_ * items_;
    Time("put", all, [&](uint64_t i) {
      Bind(i % keys_);
      map_.Put(weir::base::HashU64(i / keys_, kSeed), i);
    });
    std::printf("keys=%llu items=%llu bytes_per_item=%.1f\n", Print(keys_), Print(items_),
                static_cast<double>(backend_.bytes_reserved()) / static_cast<double>(all));
    uint64_t sum = 0;
    Time("get", all, [&](uint64_t i) {
      Bind(i % keys_);
      sum += map_.ValueOr(weir::base::HashU64(i / keys_, kSeed), 0);
    });
    Time("next", keys_, [&](uint64_t key) {
      Bind(key);
      for (const auto& [item, value] : map_) sum -= value;
    });
    if (sum != 0) std::printf("wrong\n");
    Chunks chunks;
    if (!backend_.BeginSnapshot(weir::base::CheckpointId(1), chunks).ok()) return;
    Time("snapshot", 1, [&](uint64_t) {
      while (!backend_.EncodeSome(1 << 20)) {
      }
    });
    Maps restored(keys_, items_);
    Time("restore", chunks.all.size(), [&](uint64_t i) {
      if (!restored.backend_.RestoreChunk("map", chunks.all[i].bytes).ok()) std::printf("wrong\n");
    });
    Time("clear", keys_, [&](uint64_t key) {
      Bind(key);
      map_.Clear();
    });
  }

 private:
  static KeyedBackend::Options Options() {
    return {.uid = "bench",
            .groups = {KeyGroup(0), KeyGroup(256)},
            .max_parallelism = 256,
            .hash_seed = kSeed,
            .key = KeyOpsOf<uint64_t>()};
  }
  static unsigned long long Print(uint64_t number) { return number; }

  void Bind(uint64_t key) {
    bound_ = key;
    backend_.Bind(weir::TypeTraits<uint64_t>::Hash(kSeed, key), bound_);
  }

  template <class F>
  void Time(const char* what, uint64_t times, F f) {
    const std::clock_t start = std::clock();
    for (uint64_t i = 0; i < times; ++i) f(i);
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    std::printf("keys=%llu items=%llu %s ns_per_item=%.0f\n", Print(keys_), Print(items_), what,
                seconds * 1e9 / static_cast<double>(keys_ * items_));
  }

  const uint64_t keys_;
  const uint64_t items_;
  KeyedBackend backend_;
  weir::MapState<uint64_t, uint64_t> map_;
  uint64_t bound_ = 0;
};

}  // namespace

int main() {
  Maps(1, 1'000'000).Bench();
  Maps(100'000, 10).Bench();
  return 0;
}
