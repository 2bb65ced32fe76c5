#include "weir/env/posix_threads.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "weir/base/limits.h"
#include "weir/env/posix_clock.h"
#include "weir/env/test_wait.h"

namespace weir::env {
namespace {

// Takes what is handed over, one piece a step.
class Taker final : public Stepper {
 public:
  Progress Step() override {
    ++steps;
    if (handed.load(std::memory_order_acquire) == taken.load(std::memory_order_relaxed)) {
      return done ? Progress::kDone : Progress::kIdle;
    }
    taken.fetch_add(1, std::memory_order_release);
    return Progress::kProgress;
  }
  std::atomic<int> handed = 0;
  std::atomic<int> taken = 0;
  std::atomic<int> steps = 0;
  std::atomic<bool> done = false;
};

TEST(PosixThreads, StepsUntilDoneAndNeverAgain) {
  Taker taker;
  PosixThreads threads;
  const auto thread = threads.Start("test", taker);
  taker.handed = 100;
  taker.done = true;
  thread->Wake();
  ASSERT_TRUE(TestWaitFor([&] { return taker.taken == 100; }));
  TestSettle();
  const int steps = taker.steps;
  thread->Wake();
  TestSettle();
  EXPECT_EQ(taker.steps, steps);
}

TEST(PosixThreads, EndsWhenTheHandleGoes) {
  Taker taker;
  PosixThreads threads;
  threads.Start("test", taker).reset();
  const int steps = taker.steps;
  TestSettle();
  EXPECT_EQ(taker.steps, steps);
}

TEST(PosixThreads, AnIdleThreadParks) {
  Taker taker;
  PosixThreads threads;
  const auto thread = threads.Start("test", taker);
  TestSettle();
  const int before = taker.steps;
  TestSettle();  // 20 ms: two looks or three, each with its short spin, not thousands of spins
  EXPECT_LT(taker.steps - before, 20'000);
}

// A wake that is lost costs the whole cap of the park; at most a busy machine may cost so much now
// and then. The hand-overs are spread over the moments before, at and after parking.
TEST(PosixThreads, NoWakeIsLost) {
  constexpr int kRounds = 3000;
  const PosixClock clock;
  Taker taker;
  PosixThreads threads;
  const auto thread = threads.Start("test", taker);
  int slow = 0;
  for (int round = 1; round <= kRounds; ++round) {
    const base::Instant handed = clock.Now();
    taker.handed.store(round, std::memory_order_release);
    thread->Wake();
    while (taker.taken.load(std::memory_order_acquire) < round) {
    }
    if (clock.Now() - handed > limits::kIdleParkMax / 2) ++slow;
    const base::Instant next = clock.Now() + std::chrono::nanoseconds(round % 100 * 500);
    while (clock.Now() < next) {
    }
  }
  EXPECT_LT(slow, kRounds / 20);
}

}  // namespace
}  // namespace weir::env
