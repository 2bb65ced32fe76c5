#include "weir/operators/async_queue.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace weir::operators {
namespace {

using std::chrono::milliseconds;
using Answer = AsyncQueue::Answer;

class AsyncQueueTest : public testing::Test {
 protected:
  static AsyncOptions Options(bool ordered) {
    return {.capacity = 4,
            .ordered = ordered,
            .timeout = milliseconds(1'000),
            .attempts = 3,
            .backoff = milliseconds(100)};
  }
  base::Instant At(int ms) const { return base::Instant() + milliseconds(ms); }
  static std::vector<uint64_t> TakeAll(AsyncQueue& queue) {
    std::vector<uint64_t> taken;
    while (const auto sequence = queue.TakeReady()) taken.push_back(*sequence);
    return taken;
  }
  AsyncQueue ordered{Options(true)};
  AsyncQueue unordered{Options(false)};
};

TEST_F(AsyncQueueTest, KeepsTheOrder) {
  std::vector<AsyncQueue::Call> calls;
  for (int i = 0; i < 4; ++i) calls.push_back(ordered.Add(At(0)));
  EXPECT_TRUE(ordered.full());
  EXPECT_EQ(ordered.OnAnswer(calls[1], true, At(1)), Answer::kDone);
  EXPECT_FALSE(ordered.HasReady());
  EXPECT_EQ(ordered.OnAnswer(calls[0], true, At(1)), Answer::kDone);
  EXPECT_EQ(TakeAll(ordered), (std::vector<uint64_t>{1, 2}));
  EXPECT_FALSE(ordered.full());
  EXPECT_EQ(ordered.OnAnswer(calls[3], true, At(1)), Answer::kDone);
  EXPECT_TRUE(TakeAll(ordered).empty());
  EXPECT_EQ(ordered.OnAnswer(calls[2], true, At(1)), Answer::kDone);
  EXPECT_EQ(TakeAll(ordered), (std::vector<uint64_t>{3, 4}));
  EXPECT_TRUE(ordered.empty());
}

TEST_F(AsyncQueueTest, NothingCrossesAWatermark) {
  const auto first = unordered.Add(At(0));
  const auto second = unordered.Add(At(0));
  unordered.AddWatermark(10);
  unordered.AddWatermark(11);
  const auto third = unordered.Add(At(0));
  unordered.OnAnswer(third, true, At(1));
  unordered.OnAnswer(second, true, At(1));
  EXPECT_EQ(TakeAll(unordered), (std::vector<uint64_t>{2}));
  EXPECT_EQ(unordered.watermark(), kMinTimestamp);
  unordered.OnAnswer(first, true, At(1));
  EXPECT_EQ(unordered.TakeReady(), 1u);
  EXPECT_EQ(unordered.watermark(), 11);
  EXPECT_EQ(TakeAll(unordered), (std::vector<uint64_t>{3}));
  unordered.AddWatermark(20);
  EXPECT_EQ(unordered.watermark(), 20);
}

TEST_F(AsyncQueueTest, CallsAgainEachTimeTwiceAsLate) {
  const auto first = ordered.Add(At(0));
  EXPECT_EQ(ordered.OnAnswer(first, false, At(10)), Answer::kLater);
  EXPECT_EQ(ordered.OnAnswer(first, true, At(11)), Answer::kIgnored);
  EXPECT_FALSE(ordered.TakeDue(At(109)).has_value());
  const auto second = ordered.TakeDue(At(110));
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->attempt, 2u);
  EXPECT_EQ(ordered.OnAnswer(*second, false, At(200)), Answer::kLater);
  EXPECT_FALSE(ordered.TakeDue(At(399)).has_value());
  const auto third = ordered.TakeDue(At(400));
  ASSERT_TRUE(third.has_value());
  EXPECT_EQ(ordered.OnAnswer(*third, false, At(401)), Answer::kExhausted);
}

TEST_F(AsyncQueueTest, AnAnswerCountsOnce) {
  const auto call = ordered.Add(At(0));
  EXPECT_EQ(ordered.OnAnswer(call, true, At(1)), Answer::kDone);
  EXPECT_EQ(ordered.OnAnswer(call, false, At(2)), Answer::kIgnored);
  EXPECT_EQ(TakeAll(ordered), (std::vector<uint64_t>{1}));
  EXPECT_EQ(ordered.OnAnswer(call, true, At(3)), Answer::kIgnored);
}

TEST_F(AsyncQueueTest, TimeIsOverForTheFirstThatIsNotDone) {
  const auto first = ordered.Add(At(0));
  ordered.Add(At(100));
  EXPECT_FALSE(ordered.TimedOut(At(999)).has_value());
  EXPECT_EQ(ordered.TimedOut(At(1'000)), 1u);
  ordered.OnAnswer(first, true, At(1'000));
  EXPECT_FALSE(ordered.TimedOut(At(1'099)).has_value());
  EXPECT_EQ(ordered.TimedOut(At(1'100)), 2u);
}

TEST(AsyncOptions, ThatCannotWorkAreRefused) {
  EXPECT_TRUE(CheckAsyncOptions({}).ok());
  EXPECT_FALSE(CheckAsyncOptions({.capacity = 0}).ok());
  EXPECT_FALSE(CheckAsyncOptions({.attempts = 0}).ok());
  EXPECT_FALSE(CheckAsyncOptions({.timeout = Duration(0)}).ok());
  EXPECT_FALSE(CheckAsyncOptions({.backoff = Duration(-1)}).ok());
  EXPECT_FALSE(CheckAsyncOptions({.timeout = Duration::max()}).ok());
  EXPECT_FALSE(CheckAsyncOptions({.backoff = Duration::max()}).ok());
  EXPECT_FALSE(CheckAsyncOptions({.threads = 1'000'000}).ok());
}

}  // namespace
}  // namespace weir::operators
