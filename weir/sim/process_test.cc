#include "weir/sim/process.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <vector>

#include "weir/sim/disk.h"
#include "weir/sim/test_machine.h"

namespace weir::sim {
namespace {

using Existing = env::FileSystem::Existing;

// Writes the files a, b, c, … in one job.
class Writer final : public Program {
 public:
  explicit Writer(const env::Env& env) {
    env.pool.Post([&env] {
      for (const char* path : {"/a", "/b", "/c", "/d", "/e"}) {
        last = env.files.Create(path, Existing::kFail).status();
      }
      ran_to_its_end = true;
    });
  }
  ~Writer() override { ++destroyed; }

  inline static int destroyed = 0;
  inline static Status last;
  inline static bool ran_to_its_end = false;
};

std::unique_ptr<Program> MakeWriter(const env::Env& env, Process&) {
  return std::make_unique<Writer>(env);
}

TEST(Process, DiesBetweenAnyTwoOperations) {
  for (uint64_t n = 1; n <= 5; ++n) {
    World world(CalmOptions(n));
    Disk& disk = world.NewDisk("disk");
    Process& process = world.Spawn("writer", disk, &MakeWriter);
    process.KillAtOperation(n);
    Writer::destroyed = 0;
    Writer::ran_to_its_end = false;
    world.RunFor(seconds(1));
    EXPECT_EQ(disk.FilesBelow("/").size(), n - 1);
    EXPECT_TRUE(Writer::ran_to_its_end);  // but its last calls failed
    EXPECT_EQ(Writer::last.code(), StatusCode::kUnavailable);
    EXPECT_EQ(Writer::destroyed, 1);
    EXPECT_EQ(process.state(), Process::State::kDead);
    EXPECT_EQ(world.hits("process.killed_at_operation"), 1u);
    EXPECT_EQ(world.hits("process.killed"), 1u);
  }
}

TEST(Process, APowerFailureMayCutBetweenTwoOperationsToo) {
  World world(CalmOptions(1));
  Disk& disk = world.NewDisk("disk");
  Process& process = world.Spawn("writer", disk, &MakeWriter);
  Process& neighbour = SpawnEmpty(world, "neighbour", disk);
  process.KillAtOperation(4, Process::Death::kMachine);
  world.RunFor(seconds(1));
  EXPECT_EQ(neighbour.state(), Process::State::kDead);
  EXPECT_EQ(world.hits("disk.crash"), 1u);
  EXPECT_EQ(world.hits("process.killed"), 2u);
}

TEST(Process, AKillThatWasTakenBackDoesNotStrike) {
  World world(CalmOptions(1));
  Disk& disk = world.NewDisk("disk");
  Process& process = world.Spawn("writer", disk, &MakeWriter);
  process.KillAtOperation(2);
  process.CancelKill();
  world.RunFor(seconds(1));
  EXPECT_EQ(disk.FilesBelow("/").size(), 5u);
}

// Posts itself work without end, and says how much of it was done and destroyed.
class Worker final : public Program {
 public:
  Worker(const env::Env& env, Process& process)
      : env_(env), loop_(process.NewEventLoop()), token_(std::make_shared<int>()) {
    Post();
  }
  ~Worker() override {
    // What a destructor does reaches nothing.
    EXPECT_FALSE(env_.files.Create("/from a destructor", Existing::kTruncate).ok());
    env_.pool.Post([] { FAIL() << "a job of the dead"; });
    loop_->Post([] { FAIL() << "a closure of the dead"; });
  }
  int done() const { return done_; }

 private:
  void Post() {
    loop_->PostAfter(milliseconds(1), [this, token = token_] {
      ++done_;
      Post();
    });
  }
  const env::Env& env_;
  std::unique_ptr<env::EventLoop> loop_;
  std::shared_ptr<int> token_;
  int done_ = 0;
};

struct WorkerWorld {
  WorkerWorld()
      : disk(world.NewDisk("disk")),
        process(world.Spawn("worker", disk, [](const env::Env& env, Process& p) {
          return std::make_unique<Worker>(env, p);
        })) {}
  int done() const { return process.program_as<Worker>()->done(); }
  World world{CalmOptions(1)};
  Disk& disk;
  Process& process;
};

TEST(Process, TheDeadDoNothing) {
  WorkerWorld worker;
  worker.world.RunFor(seconds(1));
  EXPECT_GT(worker.done(), 100);
  worker.process.Kill();
  EXPECT_EQ(worker.process.program(), nullptr);
  const uint64_t events = worker.world.events();
  worker.world.RunFor(seconds(1));
  EXPECT_EQ(worker.world.events(), events);
  EXPECT_TRUE(worker.disk.FilesBelow("/").empty());
}

TEST(Process, ARestartIsANewIncarnationOnTheSameDisk) {
  WorkerWorld worker;
  worker.world.RunFor(seconds(1));
  ASSERT_TRUE(worker.process.env().files.Create("/kept", Existing::kFail).ok());
  const uint64_t first = worker.process.env().random.Next();
  worker.process.Kill();
  worker.process.Restart();
  EXPECT_EQ(worker.process.incarnations(), 2u);
  EXPECT_NE(worker.process.env().random.Next(), first);
  worker.world.RunFor(seconds(1));
  EXPECT_GT(worker.done(), 100);
  EXPECT_EQ(worker.disk.FilesBelow("/"), std::vector<std::string>{"/kept"});
}

TEST(Process, APausedOneDoesNothingAndThenCatchesUpInOrder) {
  TestMachine machine(CalmOptions(1));
  const auto loop = machine.process.NewEventLoop();
  std::vector<int> order;
  for (int i = 0; i < 10; ++i) {
    loop->Post([&order, i] { order.push_back(i); });
  }
  machine.process.Pause();
  for (int i = 10; i < 20; ++i) {
    loop->Post([&order, i] { order.push_back(i); });
  }
  machine.world.RunFor(seconds(1));
  EXPECT_TRUE(order.empty());
  machine.process.Resume();
  machine.world.RunFor(seconds(1));
  ASSERT_EQ(order.size(), 20u);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
  EXPECT_EQ(machine.world.hits("process.paused"), 1u);
}

TEST(Process, ExitsWithACodeAfterTheEvent) {
  World world(CalmOptions(1));
  bool rest_ran = false;
  Process& process = world.Spawn("short", world.NewDisk("disk"),
                                 [&](const env::Env&, Process& p) -> std::unique_ptr<Program> {
                                   p.Exit(3);
                                   rest_ran = true;
                                   return nullptr;
                                 });
  world.RunFor(seconds(1));
  EXPECT_TRUE(rest_ran);
  EXPECT_EQ(process.state(), Process::State::kDead);
  EXPECT_EQ(process.exit_code(), 3);
  process.Restart();
  EXPECT_EQ(process.exit_code(), -1);
}

TEST(Process, ItMayKillItself) {
  World world(CalmOptions(1));
  Process& process = world.Spawn("suicide", world.NewDisk("disk"),
                                 [](const env::Env& env, Process& p) -> std::unique_ptr<Program> {
                                   p.Kill();
                                   EXPECT_FALSE(env.files.MakeDirectories("/a").ok());
                                   return nullptr;
                                 });
  world.RunFor(seconds(1));
  EXPECT_EQ(process.state(), Process::State::kDead);
  EXPECT_EQ(process.exit_code(), -1);
}

}  // namespace
}  // namespace weir::sim
