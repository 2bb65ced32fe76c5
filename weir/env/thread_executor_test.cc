#include "weir/env/thread_executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "weir/env/test_wait.h"

namespace weir::env {
namespace {

TEST(ThreadExecutor, RunsEveryJob) {
  std::atomic<int> ran = 0;
  ThreadExecutor pool("test", 3);
  for (int i = 0; i < 1000; ++i) pool.Post([&] { ++ran; });
  EXPECT_TRUE(TestWaitFor([&] { return ran == 1000; }));
}

TEST(ThreadExecutor, RunsAsManyJobsAtOnceAsItHasThreads) {
  std::atomic<int> together = 0;
  ThreadExecutor pool("test", 3);
  for (int i = 0; i < 3; ++i) {
    pool.Post([&] {
      ++together;
      TestWaitFor([&] { return together == 3; });
    });
  }
  EXPECT_TRUE(TestWaitFor([&] { return together == 3; }));
}

TEST(ThreadExecutor, DropsWaitingJobsUnrunWhenItEnds) {
  std::atomic<int> ran = 0;
  const auto token = std::make_shared<int>();
  {
    ThreadExecutor pool("test", 1);
    pool.Post([&] {
      std::weak_ptr<int> dropped;  // a job posted while the pool ends is dropped at once
      do {
        auto probe = std::make_shared<int>();
        dropped = probe;
        pool.Post([&ran, probe = std::move(probe)] { ++ran; });
      } while (!dropped.expired());
    });
    pool.Post([&ran, token] { ++ran; });
  }
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace weir::env
