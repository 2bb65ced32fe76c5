#include "weir/env/thread_event_loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "weir/env/test_wait.h"

namespace weir::env {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(ThreadEventLoop, KeepsTheOrderOfPosts) {
  std::vector<int> order;
  std::atomic<bool> done = false;
  ThreadEventLoop loop("test");
  for (int i = 0; i < 1000; ++i) loop.Post([&order, i] { order.push_back(i); });
  loop.Post([&] { done = true; });
  ASSERT_TRUE(TestWaitFor([&] { return done.load(); }));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST(ThreadEventLoop, FiresTimersInTheOrderOfTheirTimesAndNotEarly) {
  const PosixClock clock;
  const base::Instant start = clock.Now();
  std::vector<int> order;
  std::atomic<bool> done = false;
  base::Instant last;
  ThreadEventLoop loop("test");
  loop.PostAfter(milliseconds(20), [&] {
    order.push_back(20);
    last = clock.Now();
    done = true;
  });
  loop.PostAfter(milliseconds(10), [&] { order.push_back(10); });
  loop.PostAfter(milliseconds(-5), [&] { order.push_back(-5); });
  ASSERT_TRUE(TestWaitFor([&] { return done.load(); }));
  EXPECT_EQ(order, (std::vector<int>{-5, 10, 20}));
  EXPECT_GE(last - start, milliseconds(20));
}

TEST(ThreadEventLoop, ACancelledTimerDoesNotFire) {
  std::atomic<int> fired = 0;
  std::atomic<bool> done = false;
  ThreadEventLoop loop("test");
  loop.Post([&] {
    const TimerId soon = loop.PostAfter(milliseconds(0), [&] { ++fired; });
    const TimerId later = loop.PostAfter(hours(1), [&] { ++fired; });
    loop.Cancel(soon);
    loop.Cancel(later);
    loop.Cancel(later);
    loop.Cancel(12345);
    loop.PostAfter(milliseconds(5), [&] { done = true; });
  });
  ASSERT_TRUE(TestWaitFor([&] { return done.load(); }));
  EXPECT_EQ(fired, 0);
}

TEST(ThreadEventLoop, NeitherTimersNorPostsStarveTheOther) {
  std::atomic<bool> stop = false;
  std::atomic<bool> timer_fired = false;
  std::function<void()> again;  // outlives the loop, which calls it
  ThreadEventLoop loop("test");
  again = [&] {
    if (!stop) loop.Post([&] { again(); });
  };
  loop.Post([&] { again(); });
  loop.PostAfter(milliseconds(1), [&] { timer_fired = true; });
  EXPECT_TRUE(TestWaitFor([&] { return timer_fired.load(); }));
  stop = true;
}

TEST(ThreadEventLoop, DropsWhatWaitsWhenItEnds) {
  const auto token = std::make_shared<int>();
  bool fired = false;
  {
    ThreadEventLoop loop("test");
    loop.PostAfter(hours(1), [&fired, token] { fired = true; });
  }
  EXPECT_FALSE(fired);
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace weir::env
