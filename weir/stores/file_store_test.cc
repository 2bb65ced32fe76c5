#include "weir/stores/file_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "weir/env/posix_env.h"
#include "weir/env/test_directory.h"
#include "weir/env/test_wait.h"
#include "weir/sim/disk.h"
#include "weir/sim/process.h"
#include "weir/sim/world.h"
#include "weir/stores/conformance_test.h"

namespace weir::stores {
namespace {

using std::chrono::seconds;

class PosixStoreWorld final : public StoreWorld {
 public:
  env::BlobStore& store() override { return a_; }
  env::BlobStore& other() override { return b_; }
  env::Random& random() override { return env_.random; }
  bool WaitFor(const std::function<bool()>& done) override { return env::TestWaitFor(done); }

 private:
  const env::TestDirectory directory_;
  env::PosixEnv real_;
  const env::Env& env_ = real_.env();
  const std::string root_ = directory_.path() + "/made/by/itself";
  FileStore a_{env_.files, env_.pool, env_.random, env_.chaos, root_};
  FileStore b_{env_.files, env_.pool, env_.random, env_.chaos, root_};
};

// A process whose program is a store.
class StoreProgram final : public sim::Program {
 public:
  explicit StoreProgram(const env::Env& env)
      : store(env.files, env.pool, env.random, env.chaos, "/var/weir") {}
  FileStore store;
};

class SimStoreWorld final : public StoreWorld {
 public:
  explicit SimStoreWorld(const sim::Options& options)
      : world(options), disk(world.NewDisk("disk")) {
    const auto program = [](const env::Env& env, sim::Process&) {
      return std::make_unique<StoreProgram>(env);
    };
    a = &world.Spawn("a", disk, program);
    b = &world.Spawn("b", disk, program);
    WaitForStores();
  }
  env::BlobStore& store() override { return a->program_as<StoreProgram>()->store; }
  env::BlobStore& other() override { return b->program_as<StoreProgram>()->store; }
  env::Random& random() override { return a->env().random; }
  bool WaitFor(const std::function<bool()>& done) override {
    return world.RunUntil(done, seconds(600));
  }
  void WaitForStores() {
    EXPECT_TRUE(WaitFor([&] { return a->program() != nullptr && b->program() != nullptr; }));
  }

  sim::World world;
  sim::Disk& disk;
  sim::Process* a;
  sim::Process* b;
};

std::unique_ptr<StoreWorld> MakePosix() { return std::make_unique<PosixStoreWorld>(); }
std::unique_ptr<StoreWorld> MakeSimulated() {
  return std::make_unique<SimStoreWorld>(sim::CalmOptions(1));
}
std::unique_ptr<StoreWorld> MakeShortReading() {
  sim::Options options = sim::CalmOptions(2);
  options.disk.short_read = 0.9;
  return std::make_unique<SimStoreWorld>(options);
}

INSTANTIATE_TEST_SUITE_P(FilesPosix, StoreConformance, testing::Values(&MakePosix));
INSTANTIATE_TEST_SUITE_P(FilesSimulated, StoreConformance, testing::Values(&MakeSimulated));
INSTANTIATE_TEST_SUITE_P(Regression35_ShortReads, StoreConformance,
                         testing::Values(&MakeShortReading));

// ---- crashes

// Writes blobs until it is killed, and remembers what was answered.
struct Writing {
  std::map<std::string, std::string> wanted;  // everything that was ever sent
  std::map<std::string, std::string> promised;

  void Next(sim::World& world, sim::Process& process, uint64_t& number) {
    if (process.program() == nullptr) return;
    env::BlobStore& store = process.program_as<StoreProgram>()->store;
    const std::string name =
        Concat("job-", number % 3, "/", number % 2 == 0 ? "data" : "history", "/", number);
    const std::string bytes(100 + number * 700, static_cast<char>('a' + number % 26));
    ++number;
    wanted[name] = bytes;
    const auto done = [this, &world, &process, &number, name, bytes](const Status& status) {
      if (status.ok()) promised[name] = bytes;
      Next(world, process, number);
    };
    if (number % 4 < 2) return store.CreateIfAbsent(name, bytes, done);
    std::shared_ptr<env::BlobWriter> writer = store.Put(name);  // owners: the callbacks
    writer->Append(bytes, [writer, done](Status status) {
      if (!status.ok()) return done(status);
      writer->Finish([writer, done](const Status& finished) { done(finished); });
    });
  }
};

// What is wrong after machines crashed in the middle of writing; empty: nothing.
std::string CrashAndLook(uint64_t seed, const std::string& mutant) {
  sim::Options options = sim::CalmOptions(seed);
  options.mutant = mutant;
  options.disk.error_after = seed % 2 == 0 ? 0.02 : 0;
  options.disk.error_before = seed % 2 == 0 ? 0.02 : 0;
  SimStoreWorld world(options);
  sim::Prng prng = world.world.Stream("crash");
  Writing writing;
  uint64_t number = 0;
  for (int crash = 0; crash < 3; ++crash) {
    world.WaitForStores();
    world.world.After(Duration(1), [&] { writing.Next(world.world, *world.a, number); });
    world.a->KillAtOperation(1 + prng.Below(150), sim::Process::Death::kMachine);
    world.WaitFor([&] { return world.a->state() == sim::Process::State::kDead; });
    for (sim::Process* process : {world.a, world.b}) {
      if (process->state() == sim::Process::State::kDead) process->Restart();
    }
  }
  world.WaitForStores();
  for (const auto& [name, bytes] : writing.wanted) {
    const auto found = Await<StatusOr<std::string>>(world, [&, &blob = name](auto done) {
      world.other().Get(blob, 0, UINT64_MAX, std::move(done));
    });
    if (found.ok() && *found != bytes)
      return Concat(name, " has ", found->size(), " of ", bytes.size(), " bytes");
    if (!found.ok() && found.status().code() == StatusCode::kNotFound &&
        writing.promised.contains(name)) {
      return Concat(name, " was promised and is gone");
    }
  }
  return "";
}

TEST(Regression1_FileStoreCrash, WhatWasAnsweredIsThereAndWholeAfterAPowerFailure) {
  for (uint64_t seed = 1; seed <= 200; ++seed)
    EXPECT_EQ(CrashAndLook(seed, ""), "") << "seed " << seed;
}

TEST(Regression2_FileStoreCrash, TheMutantThatSyncsNoDirectoryIsCaught) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    if (!CrashAndLook(seed, "no-directory-sync").empty()) return;
  }
  FAIL() << "not caught";
}

TEST(FileStore, LeftoversOfADeadProcessAreRemovedAndThoseOfTheLivingAreNot) {
  SimStoreWorld world(sim::CalmOptions(3));
  const auto temporaries = [&] {
    return std::ranges::count_if(world.disk.FilesBelow("/var/weir"), [](const std::string& path) {
      return path.find(".tmp-") != std::string::npos && !path.ends_with(".lock");
    });
  };
  const std::unique_ptr<env::BlobWriter> living = world.other().Put("living");
  ASSERT_TRUE(Await<Status>(world, [&](auto done) { living->Append("x", std::move(done)); }).ok());
  std::unique_ptr<env::BlobWriter> dead = world.store().Put("dead");
  ASSERT_TRUE(Await<Status>(world, [&](auto done) { dead->Append("x", std::move(done)); }).ok());
  EXPECT_EQ(temporaries(), 2);
  world.a->Kill();
  dead.reset();
  world.a->Restart();
  world.WaitForStores();
  ASSERT_TRUE(Await<Status>(world, [&](auto done) {
                world.store().CreateIfAbsent("y", "y", std::move(done));
              }).ok());
  EXPECT_EQ(temporaries(), 1);
  ASSERT_TRUE(Await<Status>(world, [&](auto done) { living->Finish(std::move(done)); }).ok());
  EXPECT_EQ(temporaries(), 0);
  EXPECT_EQ(world.disk.ReadFile("/var/weir/living").value(), "x");
}

TEST(FileStore, AFullDiskIsSaidAndNothingShows) {
  SimStoreWorld world(sim::CalmOptions(4));
  const auto create = [&](const std::string& name, size_t bytes) {
    return Await<Status>(world, [&](auto done) {
      world.store().CreateIfAbsent(name, std::string(bytes, 'x'), std::move(done));
    });
  };
  ASSERT_TRUE(create("first", 10).ok());
  world.disk.SetCapacity(world.disk.bytes_used() + 1000);
  EXPECT_EQ(create("big", 5000).code(), StatusCode::kResourceExhausted);
  const auto blobs = Await<StatusOr<std::vector<env::BlobInfo>>>(
      world, [&](auto done) { world.other().List("", std::move(done)); });
  EXPECT_EQ(blobs.value(), (std::vector<env::BlobInfo>{{"first", 10}}));
  EXPECT_TRUE(create("small", 100).ok());
}

TEST(Regression73_FileStore, ACreateWhoseAnswerWasUncertainIsFoundByReading) {
  int uncertain = 0;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    sim::Options options = sim::CalmOptions(seed);
    options.disk.error_after = 0.1;
    SimStoreWorld world(options);
    Status status;
    int tries = 0;
    do {
      status = Await<Status>(
          world, [&](auto done) { world.store().CreateIfAbsent("x", "mine", std::move(done)); });
      ASSERT_LT(++tries, 100);
    } while (status.code() == StatusCode::kUnavailable);
    if (status.code() == StatusCode::kAlreadyExists) ++uncertain;
    const auto bytes = Await<StatusOr<std::string>>(
        world, [&](auto done) { world.other().Get("x", 0, 100, std::move(done)); });
    EXPECT_EQ(bytes.value(), "mine") << status;
  }
  EXPECT_GT(uncertain, 0);
}

TEST(FileStore, ItsOwnNamesAreRefused) {
  SimStoreWorld world(sim::CalmOptions(5));
  const Status status = Await<Status>(
      world, [&](auto done) { world.store().CreateIfAbsent(".tmp-1.lock", "x", std::move(done)); });
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace weir::stores
