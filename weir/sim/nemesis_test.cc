#include "weir/sim/nemesis.h"

#include <gtest/gtest.h>

#include <ostream>

#include "weir/sim/disk.h"
#include "weir/sim/faulty_blob_store.h"
#include "weir/sim/memory_blob_store.h"
#include "weir/sim/process.h"

namespace weir::sim {
namespace {

using Existing = env::FileSystem::Existing;

// Counts in a file, each number made durable by the usual four steps, and never counts down.
class Counter final : public Program {
 public:
  Counter(const env::Env& env, Process& process, bool sync_directory)
      : env_(env), sync_directory_(sync_directory), loop_(process.NewEventLoop()) {
    Recover();
  }
  int value() const { return value_; }
  int acknowledged() const { return acknowledged_; }

 private:
  void Recover() {
    StatusOr<std::string> text = Read();
    if (!text.ok() && text.status().code() != StatusCode::kNotFound)
      return Later(&Counter::Recover);
    value_ = text.ok() ? std::stoi(*text) : 0;
    acknowledged_ = value_;
    Later(&Counter::Increment);
  }
  void Increment() {
    if (Write(value_ + 1).ok()) acknowledged_ = ++value_;
    Later(&Counter::Increment);
  }
  StatusOr<std::string> Read() {
    WEIR_ASSIGN_OR_RETURN(const auto file, env_.files.Open("/count"));
    WEIR_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
    return env::ReadExactly(*file, 0, static_cast<size_t>(size));
  }
  Status Write(int value) {
    WEIR_ASSIGN_OR_RETURN(const auto file, env_.files.Create("/next", Existing::kTruncate));
    WEIR_RETURN_IF_ERROR(file->Append(std::to_string(value)));
    WEIR_RETURN_IF_ERROR(file->Sync());
    WEIR_RETURN_IF_ERROR(file->Close());
    WEIR_RETURN_IF_ERROR(env_.files.Rename("/next", "/count"));
    return sync_directory_ ? env_.files.SyncDirectory("/") : Status();
  }
  void Later(void (Counter::*step)()) {
    loop_->PostAfter(milliseconds(10), [this, step] { (this->*step)(); });
  }

  const env::Env& env_;
  const bool sync_directory_;
  std::unique_ptr<env::EventLoop> loop_;
  int value_ = 0;
  int acknowledged_ = 0;
};

// The largest count that was acknowledged and then forgotten; 0: none was. The world's figures go
// to `world_out`.
int Forgotten(const Options& options, bool sync_directory, World::Hits* hits, uint64_t* hash) {
  World world(options);
  Process& process =
      world.Spawn("counter", world.NewDisk("disk"), [&](const env::Env& env, Process& p) {
        return std::make_unique<Counter>(env, p, sync_directory);
      });
  Nemesis nemesis(world, {});
  MemoryBlobStore memory(world, "memory");
  FaultyBlobStore store(world, memory, FaultyBlobStore::Reach::kRemote, "store");
  nemesis.AddStore(store);
  nemesis.Start();
  int promised = 0;
  int forgotten = 0;
  const auto look = [&] {
    if (const auto* counter = process.program_as<Counter>()) {
      const int value = counter->acknowledged();
      if (value > 0 && value < promised) forgotten = std::max(forgotten, promised);
      promised = std::max(promised, value);
    }
    return false;
  };
  world.RunUntil(look, seconds(60));
  nemesis.Stop();
  const int before = promised;
  EXPECT_TRUE(world.RunUntil([&] { return look() || promised > before; }, seconds(60)))
      << "no progress after all was healed, seed " << options.seed;
  *hash = world.trace_hash();
  for (const auto& [name, count] : world.all_hits()) (*hits)[name] += count;
  return forgotten;
}

TEST(Nemesis, ADurableCounterForgetsNothing) {
  World::Hits hits;
  uint64_t hash = 0;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    EXPECT_EQ(Forgotten(RoughOptions(seed), /*sync_directory=*/true, &hits, &hash), 0)
        << "seed " << seed;
  }
  for (const char* fault :
       {"process.killed", "process.killed_at_operation", "process.paused", "disk.crash",
        "disk.full", "disk.lost_name", "disk.error_before", "disk.error_after", "disk.sync_failure",
        "disk.short_read", "schedule.stall"}) {
    EXPECT_GT(hits[fault], 0u) << fault;
  }
}

TEST(Nemesis, ACounterThatDoesNotSyncItsDirectoryIsCaught) {
  World::Hits hits;
  uint64_t hash = 0;
  int caught = 0;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    caught += Forgotten(RoughOptions(seed), /*sync_directory=*/false, &hits, &hash) > 0 ? 1 : 0;
  }
  EXPECT_GT(caught, 3);
}

TEST(Nemesis, TheSameSeedIsTheSameMisery) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    World::Hits hits_a;
    World::Hits hits_b;
    uint64_t hash_a = 0;
    uint64_t hash_b = 1;
    Forgotten(RoughOptions(seed), /*sync_directory=*/true, &hits_a, &hash_a);
    Forgotten(RoughOptions(seed), /*sync_directory=*/true, &hits_b, &hash_b);
    EXPECT_EQ(hash_a, hash_b);
    EXPECT_EQ(hits_a, hits_b);
  }
}

}  // namespace
}  // namespace weir::sim
