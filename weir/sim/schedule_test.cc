#include "weir/sim/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "weir/base/limits.h"
#include "weir/sim/test_machine.h"

namespace weir::sim {
namespace {

TEST(SimExecutor, RunsJobsInAnyOrder) {
  TestMachine machine(CalmOptions(1));
  std::vector<int> order;
  for (int i = 0; i < 20; ++i) {
    machine.process.env().pool.Post([&order, i] { order.push_back(i); });
  }
  EXPECT_TRUE(order.empty());  // never inside the call
  machine.world.RunFor(seconds(1));
  EXPECT_EQ(order.size(), 20u);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
}

TEST(SimEventLoop, KeepsTheOrderOfPostsAndOfTimes) {
  TestMachine machine(CalmOptions(1));
  const auto loop = machine.process.NewEventLoop();
  std::vector<int> order;
  loop->PostAfter(milliseconds(20), [&] { order.push_back(102); });
  loop->PostAfter(milliseconds(10), [&] { order.push_back(101); });
  for (int i = 0; i < 100; ++i) {
    loop->Post([&order, i] { order.push_back(i); });
  }
  machine.world.RunFor(milliseconds(9));
  EXPECT_EQ(order.size(), 100u);
  machine.world.RunFor(seconds(1));
  EXPECT_EQ(order.size(), 102u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(SimEventLoop, ACancelledTimerDoesNotFire) {
  TestMachine machine(CalmOptions(1));
  const auto loop = machine.process.NewEventLoop();
  int fired = 0;
  loop->Cancel(loop->PostAfter(milliseconds(1), [&] { ++fired; }));
  const env::TimerId past = loop->PostAfter(milliseconds(1), [&] { ++fired; });
  machine.world.RunFor(seconds(1));
  EXPECT_EQ(fired, 1);
  loop->Cancel(past);
  loop->Cancel(4711);
}

TEST(SimEventLoop, WhatWaitsDiesWithTheLoop) {
  TestMachine machine(CalmOptions(1));
  auto loop = machine.process.NewEventLoop();
  const auto token = std::make_shared<int>();
  loop->Post([token] { FAIL(); });
  loop->PostAfter(seconds(1), [token] { FAIL(); });
  loop.reset();
  EXPECT_EQ(token.use_count(), 1);
  machine.world.RunFor(seconds(2));
}

class Countdown final : public env::Stepper {
 public:
  explicit Countdown(World& world) : world_(world) {}
  Progress Step() override {
    steps.push_back(world_.Now());
    if (work == 0) return done ? Progress::kDone : Progress::kIdle;
    --work;
    return Progress::kProgress;
  }
  int work = 0;
  bool done = false;
  std::vector<base::Instant> steps;

 private:
  World& world_;
};

TEST(SimThreads, StepsWhileThereIsProgressThenWaitsForAWake) {
  TestMachine machine(CalmOptions(1));
  Countdown stepper(machine.world);
  stepper.work = 10;
  const auto thread = machine.process.env().threads.Start("test", stepper);
  machine.world.RunFor(milliseconds(14));
  EXPECT_EQ(stepper.work, 0);
  const size_t steps = stepper.steps.size();
  stepper.work = 1;
  thread->Wake();
  machine.world.RunFor(milliseconds(2));
  EXPECT_GT(stepper.steps.size(), steps);
  EXPECT_EQ(stepper.work, 0);
}

TEST(SimThreads, LooksAgainAfterTheParkingTime) {
  TestMachine machine(CalmOptions(1));
  Countdown stepper(machine.world);
  const auto thread = machine.process.env().threads.Start("test", stepper);
  machine.world.RunFor(seconds(1));
  EXPECT_GE(stepper.steps.size(), 95u);
  EXPECT_LE(stepper.steps.size(), 101u);
}

TEST(SimThreads, StopsWhenDoneOrDestroyed) {
  TestMachine machine(CalmOptions(1));
  Countdown done(machine.world);
  Countdown destroyed(machine.world);
  const auto thread = machine.process.env().threads.Start("done", done);
  machine.process.env().threads.Start("destroyed", destroyed).reset();
  done.done = true;
  machine.world.RunFor(seconds(1));
  EXPECT_EQ(done.steps.size(), 1u);
  EXPECT_TRUE(destroyed.steps.empty());
  thread->Wake();
}

TEST(SimClock, GoesOnWithinAnEventAndDiffersBetweenProcesses) {
  World world(CalmOptions(1));
  Process& one = SpawnEmpty(world, "one", world.NewDisk("one"));
  Process& two = SpawnEmpty(world, "two", world.NewDisk("two"));
  const base::Instant first = one.env().clock.Now();
  EXPECT_GT(one.env().clock.Now(), first);
  EXPECT_GT(std::chrono::abs(two.env().clock.Now() - first), seconds(1));
  world.RunFor(seconds(10));
  EXPECT_GE(one.env().clock.Now() - first, seconds(10));
  EXPECT_LT(one.env().clock.Now() - first, seconds(11));
}

TEST(SimClock, WallTimeIsNearlyRightAndJumps) {
  TestMachine machine(CalmOptions(1));
  const env::Clock& clock = machine.process.env().clock;
  int64_t backwards = 0;
  int64_t last = clock.UnixMillis();
  for (int i = 0; i < 10'000; ++i) {
    const int64_t now = clock.UnixMillis();
    EXPECT_LT(std::abs(now - 1'700'000'000'000), 61'000);
    backwards += now < last ? 1 : 0;
    last = now;
  }
  EXPECT_GT(backwards, 0);
  EXPECT_GT(machine.world.hits("clock.jump"), 0u);
}

TEST(Schedule, StallsByChance) {
  Options options = CalmOptions(1);
  options.schedule.stall = 0.5;
  TestMachine machine(options);
  int early = 0;
  int all = 0;
  for (int i = 0; i < 100; ++i) machine.process.env().pool.Post([&] { ++all; });
  machine.world.RunFor(options.schedule.delay_max);
  early = all;
  machine.world.RunFor(seconds(1));
  EXPECT_LT(early, 80);
  EXPECT_EQ(all, 100);
  EXPECT_GT(machine.world.hits("schedule.stall"), 20u);
}

}  // namespace
}  // namespace weir::sim
