// What the keyed table costs by itself, on one core:
//   sum       a running sum by random keys: find the row, add to its value; rows fetched 16 ahead
//   insert    the same keys for the first time, in random order
//   snapshot  encoding all rows
//   memory    bytes held for keys of 8 and values of 16 bytes, against those 24, at sizes from 10^6
//             to 10^7 on the way of one growing table
// Prints a line for each.
// Usage: table_bench [KEYS...]
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "weir/base/hash.h"
#include "weir/env/posix_env.h"
#include "weir/state/keyed_backend.h"
#include "weir/state/value_state.h"

namespace {

using weir::base::HashU64;
using weir::base::KeyGroup;
using weir::state::KeyedBackend;
using weir::state::KeyedTable;
using weir::state::KeyOpsOf;
using weir::state::Row;
using weir::state::RowLayout;

constexpr uint64_t kSeed = 42;
constexpr uint32_t kBatch = 1024;
constexpr uint32_t kAhead = 16;

// SplitMix64.
uint64_t Next(uint64_t& state) {
  uint64_t z = (state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

// Of processor time: what else the machine does matters less.
class Stopwatch {
 public:
  double Seconds() const {
    return static_cast<double>(std::clock() - start_) / static_cast<double>(CLOCKS_PER_SEC);
  }

 private:
  std::clock_t start_ = std::clock();
};

struct Drop : weir::state::SnapshotSink {
  void Add(weir::state::SnapshotChunk chunk) override { bytes += chunk.bytes.size(); }
  uint64_t bytes = 0;
};

KeyedBackend::Options Options(weir::env::Executor& pool) {
  return {.uid = "bench",
          .groups = {KeyGroup(0), KeyGroup(256)},
          .hash_seed = kSeed,
          .key = KeyOpsOf<uint64_t>(),
          .pool = &pool};
}

struct Batch {
  std::array<uint64_t, kBatch> keys;
  std::array<uint64_t, kBatch> hashes;
  void Fill(uint64_t& random, uint64_t keys_count) {
    for (uint64_t& key : keys) key = Next(random) % keys_count;
    for (uint32_t i = 0; i < kBatch; ++i) hashes[i] = HashU64(kSeed, keys[i]);
  }
};

template <class Add>
double SumRate(uint64_t keys, uint64_t records, KeyedTable& table, const Add& add) {
  // Batches are made outside of the measured time, enough of them that they do not repeat soon.
  std::vector<Batch> batches(64);
  uint64_t random = keys;
  double seconds = 0;
  for (uint64_t done = 0; done < records;) {
    for (Batch& batch : batches) batch.Fill(random, keys);
    const Stopwatch watch;
    for (const Batch& batch : batches) {
      for (uint32_t i = 0; i < kBatch; ++i) {
        if (i + kAhead < kBatch) table.Prefetch(batch.hashes[i + kAhead]);
        add(batch.hashes[i], batch.keys[i]);
      }
    }
    seconds += watch.Seconds();
    done += batches.size() * kBatch;
  }
  return static_cast<double>(records) / seconds / 1e6;
}

void Sum(uint64_t keys, weir::env::Executor& pool) {
  KeyedBackend backend(Options(pool));
  auto sum = weir::ValueState<int64_t>::DeclareIn(backend, "sum").value();
  backend.Open();
  KeyedTable& table = backend.table();
  const uint32_t offset = table.layout().offsets[0];

  std::vector<uint64_t> order(keys);
  for (uint64_t i = 0; i < keys; ++i) order[i] = i;
  uint64_t random = 7;
  for (uint64_t i = keys - 1; i > 0; --i) std::swap(order[i], order[Next(random) % (i + 1)]);
  const Stopwatch filling;
  for (uint64_t i = 0; i < keys; ++i) {
    if (i + kAhead < keys) table.Prefetch(HashU64(kSeed, order[i + kAhead]));
    backend.Bind(HashU64(kSeed, order[i]), order[i]);
    sum.Update(1);
  }
  const double fill_seconds = filling.Seconds();

  const auto add_to_row = [&](uint64_t hash, uint64_t key) {
    Row* row = table.FindOrInsert(hash, key);
    table.BeforeWrite(row, hash);
    int64_t value;
    std::memcpy(&value, row->At(offset), sizeof value);
    ++value;
    std::memcpy(row->At(offset), &value, sizeof value);
  };
  const auto add_by_handle = [&](uint64_t hash, uint64_t key) {
    backend.Bind(hash, key);
    sum.Update(sum.ValueOr(0) + 1);
  };
  constexpr uint64_t kRecords = 1 << 25;
  SumRate(keys, kRecords / 8, table, add_to_row);
  const double by_row = SumRate(keys, kRecords, table, add_to_row);
  const double by_handle = SumRate(keys, kRecords, table, add_by_handle);

  Drop sink;
  const Stopwatch encoding;
  if (!backend.BeginSnapshot(weir::base::CheckpointId(1), sink).ok()) std::abort();
  while (!backend.EncodeSome(1 << 18)) {
  }
  const double encode_seconds = encoding.Seconds();
  std::printf(
      "sum keys=%lu row=%.1f handle=%.1f M/s insert=%.1f M/s snapshot=%.1f M/s %.2f GB/s held=%.1f "
      "MB\n",
      keys, by_row, by_handle, static_cast<double>(keys) / fill_seconds / 1e6,
      static_cast<double>(keys) / encode_seconds / 1e6,
      static_cast<double>(sink.bytes) / encode_seconds / 1e9,
      static_cast<double>(backend.bytes_reserved()) / 1e6);
}

void Memory(weir::env::Executor& pool) {
  struct Value {
    int64_t a, b;
  };
  KeyedTable table({.groups = {KeyGroup(0), KeyGroup(256)},
                    .max_parallelism = 256,
                    .hash_seed = kSeed,
                    .key = KeyOpsOf<uint64_t>(),
                    .layout =
                        [] {
                          RowLayout layout(sizeof(uint64_t));
                          layout.AddState(sizeof(Value));
                          return layout;
                        }(),
                    .values = {{.inline_bytes = sizeof(Value), .encoded_as_lies = true}},
                    .pool = &pool});
  double worst = 0, at_million = 0, last = 0;
  uint64_t worst_at = 0;
  for (uint64_t key = 0; key < 10'000'000;) {
    const uint64_t hash = HashU64(kSeed, key);
    Row* row = table.FindOrInsert(hash, key);
    table.BeforeWrite(row, hash);
    table.SetPresent(row, 0);
    if (++key < 1'000'000 || key % 50'000 != 0) continue;
    last = static_cast<double>(table.bytes_reserved()) / static_cast<double>(key * 24);
    if (key == 1'000'000) at_million = last;
    if (last > worst) worst = last, worst_at = key;
  }
  std::printf("memory worst=%.3f at=%lu million=%.3f ten_million=%.3f times the payload\n", worst,
              worst_at, at_million, last);
}

}  // namespace

int main(int argc, char** argv) {
  const weir::env::PosixEnv world;
  weir::env::Executor& pool = world.env().pool;
  std::vector<uint64_t> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(std::strtoull(argv[i], nullptr, 10));
  if (sizes.empty()) sizes = {10'000, 1'000'000, 10'000'000};
  for (const uint64_t keys : sizes) Sum(keys, pool);
  Memory(pool);
}
