// The longest that one call keeps a task from its next record, in time of its thread's processor:
//   insert     a key of a growing table
//   snapshot   a step of 256 KiB, while every tenth key is written between two steps
//   long       a step of 256 KiB, over one value of 64 MiB
// Each is run several times on fresh memory; printed are the median and the worst of the longest.
// Usage: stall_bench [ROUNDS]
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "weir/base/hash.h"
#include "weir/env/posix_env.h"
#include "weir/state/keyed_backend.h"
#include "weir/state/value_state.h"

namespace {

using weir::base::CheckpointId;
using weir::base::HashU64;
using weir::base::KeyGroup;
using weir::state::KeyedBackend;

constexpr uint64_t kSeed = 42;
constexpr uint64_t kKeys = 4'000'000;
constexpr size_t kStep = 256 << 10;

double ThreadMillis() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

// The longest of many calls, and how many were over a millisecond.
class Stalls {
 public:
  template <class Call>
  auto Time(const Call& call) {
    const double begin = ThreadMillis();
    const auto result = call();
    const double took = ThreadMillis() - begin;
    longest_ = std::max(longest_, took);
    over_ += took > 1 ? 1 : 0;
    return result;
  }
  double longest() const { return longest_; }
  int over() const { return over_; }

 private:
  double longest_ = 0;
  int over_ = 0;
};

// Keeps the chunk that came last: it is the pool that frees them.
struct Keep : weir::state::SnapshotSink {
  void Add(weir::state::SnapshotChunk chunk) override { std::swap(last, chunk); }
  weir::state::SnapshotChunk last;
};

struct Report {
  std::vector<double> longest;
  int over = 0;
  void Add(const Stalls& stalls) { longest.push_back(stalls.longest()), over += stalls.over(); }
  void Print(const char* what) {
    std::ranges::sort(longest);
    std::printf("%-9s median %.2f ms, worst %.2f ms of %zu rounds; %d calls over 1 ms\n", what,
                longest[longest.size() / 2], longest.back(), longest.size(), over);
  }
};

KeyedBackend::Options Options(weir::env::Executor& pool) {
  return {.uid = "bench",
          .groups = {KeyGroup(0), KeyGroup(256)},
          .hash_seed = kSeed,
          .key = weir::state::KeyOpsOf<uint64_t>(),
          .pool = &pool};
}

void GrowAndEncode(weir::env::Executor& pool, Report& inserts, Report& steps) {
  KeyedBackend backend(Options(pool));
  auto sum = weir::ValueState<int64_t>::DeclareIn(backend, "sum").value();
  backend.Open();
  Stalls growing;
  for (uint64_t key = 0; key < kKeys; ++key) {
    const uint64_t hash = HashU64(kSeed, key);
    growing.Time([&] { return backend.Bind(hash, key), sum.Update(1), true; });
  }
  inserts.Add(growing);
  Keep sink;
  Stalls encoding;
  if (!encoding.Time([&] { return backend.BeginSnapshot(CheckpointId(1), sink).ok(); }))
    std::abort();
  for (uint64_t key = 0; !encoding.Time([&] { return backend.EncodeSome(kStep); }); key += 10) {
    const uint64_t bound = key * 7919 % kKeys;
    backend.Bind(HashU64(kSeed, bound), bound);
    sum.Update(2);
  }
  steps.Add(encoding);
}

void EncodeLongValue(weir::env::Executor& pool, Report& steps) {
  KeyedBackend backend(Options(pool));
  auto text = weir::ValueState<std::string>::DeclareIn(backend, "text").value();
  backend.Open();
  const uint64_t key = 1;
  backend.Bind(HashU64(kSeed, key), key);
  text.Update(std::string(weir::limits::kValueBytesMax - 16, 'x'));
  Keep sink;
  Stalls encoding;
  if (!backend.BeginSnapshot(CheckpointId(1), sink).ok()) std::abort();
  while (!encoding.Time([&] { return backend.EncodeSome(kStep); })) {
  }
  steps.Add(encoding);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 9;
  const weir::env::PosixEnv world;
  weir::env::Executor& pool = world.env().pool;
  Report inserts, steps, long_steps;
  for (int i = 0; i < rounds; ++i) {
    GrowAndEncode(pool, inserts, steps);
    EncodeLongValue(pool, long_steps);
  }
  inserts.Print("insert");
  steps.Print("snapshot");
  long_steps.Print("long");
}
