#include "weir/exchange/local_channel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "weir/env/mutex.h"
#include "weir/env/posix_threads.h"
#include "weir/exchange/control_element.h"
#include "weir/exchange/test_chaos.h"
#include "weir/record/typed_ops.h"

namespace weir::exchange {
namespace {

using record::BatchPtr;
using record::StreamElement;

class CountingTarget final : public WakeTarget {
 public:
  void Wake() override { ++wakes; }
  int wakes = 0;
};

// A channel whose two ends are in the test's hand.
class Hands {
 public:
  explicit Hands(TestChaos chaos = {})
      : chaos_(std::move(chaos)), channel_(MakeLocalChannel(TypeOpsOf<int64_t>(), chaos_)) {}

  SendResult SendRow(int64_t value) {
    BatchPtr batch = channel_.writer->AcquireBatch();
    if (batch == nullptr) return SendResult::kBlocked;
    EXPECT_TRUE(batch->empty());
    batch->Rows<int64_t>()[0] = value;
    batch->set_size(1);
    StreamElement element(std::move(batch));
    const SendResult sent = channel_.writer->TrySend(element);
    EXPECT_EQ(std::get<BatchPtr>(element) == nullptr, sent == SendResult::kSent);
    return sent;
  }
  SendResult SendWatermark(Timestamp time) {
    StreamElement element(record::Watermark{.time = time});
    return channel_.writer->TrySend(element);
  }
  SendResult Overtake(uint64_t checkpoint) {
    return channel_.writer->TryOvertake(
        {.checkpoint = base::CheckpointId(checkpoint), .mode = record::CheckpointMode::kUnaligned});
  }
  BatchPtr TakeBatch() {
    auto element = channel_.reader->Poll();
    return element.has_value() ? std::move(std::get<BatchPtr>(*element)) : nullptr;
  }
  ChannelWriter& writer() { return *channel_.writer; }
  ChannelReader& reader() { return *channel_.reader; }

 private:
  TestChaos chaos_;
  LocalChannel channel_;
};

TEST(LocalChannel, HasAFixedNumberOfBatches) {
  Hands hands;
  for (uint32_t i = 0; i < limits::kChannelBatches; ++i) {
    EXPECT_EQ(hands.SendRow(i), SendResult::kSent);
  }
  EXPECT_EQ(hands.SendRow(9), SendResult::kBlocked);
  hands.reader().Recycle(hands.TakeBatch());
  EXPECT_EQ(hands.SendRow(9), SendResult::kSent);
  EXPECT_EQ(hands.SendRow(10), SendResult::kBlocked);
}

TEST(LocalChannel, ControlIsBoundedToo) {
  Hands hands;
  for (uint32_t i = 0; i < limits::kChannelElements - limits::kChannelBarriersMax; ++i) {
    EXPECT_EQ(hands.SendWatermark(i), SendResult::kSent);
  }
  EXPECT_EQ(hands.SendWatermark(99), SendResult::kBlocked);
  EXPECT_EQ(std::get<record::Watermark>(*hands.reader().Poll()).time, 0);
  EXPECT_EQ(hands.SendWatermark(99), SendResult::kSent);
}

TEST(LocalChannel, BarriersHaveRoomOfTheirOwn) {
  Hands hands;
  while (hands.SendWatermark(0) == SendResult::kSent) {
  }
  for (uint32_t i = 0; i < limits::kChannelBarriersMax; ++i) {
    EXPECT_EQ(hands.Overtake(i), SendResult::kSent);
  }
  EXPECT_EQ(hands.Overtake(99), SendResult::kBlocked);
  EXPECT_TRUE(hands.reader().Poll().has_value());
  EXPECT_EQ(hands.SendWatermark(0), SendResult::kBlocked);
  EXPECT_EQ(hands.Overtake(99), SendResult::kSent);
}

TEST(LocalChannel, SaysWhetherABarrierWaitsThatOvertakes) {
  Hands hands;
  EXPECT_EQ(hands.SendRow(1), SendResult::kSent);
  StreamElement aligned(record::Barrier{.checkpoint = base::CheckpointId(1)});
  EXPECT_EQ(hands.writer().TrySend(aligned), SendResult::kSent);
  EXPECT_FALSE(hands.reader().barrier_waits());
  EXPECT_EQ(hands.Overtake(2), SendResult::kSent);
  EXPECT_EQ(hands.Overtake(3), SendResult::kSent);
  for (int taken = 0; taken < 4; ++taken) {
    EXPECT_TRUE(hands.reader().barrier_waits()) << taken;
    EXPECT_TRUE(hands.reader().Poll().has_value());
  }
  EXPECT_FALSE(hands.reader().barrier_waits());
}

TEST(LocalChannel, OneBatchIsEnough) {
  Hands hands({"exchange-one-batch"});
  for (int64_t i = 0; i < 10; ++i) {
    EXPECT_EQ(hands.SendRow(i), SendResult::kSent);
    EXPECT_EQ(hands.SendRow(i), SendResult::kBlocked);
    BatchPtr batch = hands.TakeBatch();
    EXPECT_EQ(batch->Rows<int64_t>()[0], i);
    hands.reader().Recycle(std::move(batch));
  }
}

TEST(LocalChannel, WakesOnlyWhoWaits) {
  Hands hands;
  CountingTarget upstream, downstream;
  hands.writer().SetWakeTarget(&upstream);
  hands.reader().SetWakeTarget(&downstream);

  EXPECT_EQ(hands.SendRow(1), SendResult::kSent);
  EXPECT_EQ(downstream.wakes, 0);  // it has not looked yet
  BatchPtr batch = hands.TakeBatch();
  EXPECT_EQ(hands.TakeBatch(), nullptr);
  EXPECT_EQ(hands.SendRow(2), SendResult::kSent);
  EXPECT_EQ(downstream.wakes, 1);
  EXPECT_EQ(hands.SendRow(3), SendResult::kSent);
  EXPECT_EQ(downstream.wakes, 1);  // once is enough until it finds nothing again

  EXPECT_EQ(hands.SendRow(4), SendResult::kSent);
  EXPECT_EQ(hands.SendRow(5), SendResult::kBlocked);
  const int before = upstream.wakes;
  hands.reader().Recycle(std::move(batch));
  EXPECT_EQ(upstream.wakes, before + 1);
}

TEST(LocalChannel, ABarrierThatOvertakesWakesAReaderThatDoesNotWait) {
  Hands hands;
  CountingTarget downstream;
  hands.reader().SetWakeTarget(&downstream);
  EXPECT_EQ(hands.SendRow(1), SendResult::kSent);  // it is held up elsewhere and does not look
  EXPECT_EQ(downstream.wakes, 0);
  EXPECT_EQ(hands.Overtake(1), SendResult::kSent);
  EXPECT_EQ(downstream.wakes, 1);
}

TEST(LocalChannel, EndsMayGoInAnyOrder) {
  TestChaos chaos;
  LocalChannel channel = MakeLocalChannel(TypeOpsOf<std::string>(), chaos);
  BatchPtr batch = channel.writer->AcquireBatch();
  batch->Rows<std::string>()[0] = std::string(100, 'x');
  batch->set_size(1);
  StreamElement element(std::move(batch));
  EXPECT_EQ(channel.writer->TrySend(element), SendResult::kSent);
  channel.writer.reset();
  auto received = channel.reader->Poll();
  ASSERT_TRUE(received.has_value());
  channel.reader->Recycle(std::move(std::get<BatchPtr>(*received)));
}

// --- Two threads ---

// The thread of one end. It is woken through its target, and only so: a wake-up that is lost shows
// as a test that waits 10 ms (a parked thread's own look) for each hand-over.
class TargetThread : public env::Stepper, public WakeTarget {
 public:
  ~TargetThread() override { thread_.reset(); }
  void Start(env::ThreadFactory& threads, const std::string& name) {
    thread_ = threads.Start(name, *this);
    handle_.store(thread_.get());
  }
  void Stop() { handle_.store(nullptr), thread_.reset(); }
  void Wake() override {
    if (env::TaskThread* thread = handle_.load(); thread != nullptr) thread->Wake();
  }
  void WaitUntilDone() {
    const env::MutexLock lock(mutex_);
    while (!done_) changed_.Wait(mutex_);
  }

 protected:
  Progress Done() {
    const env::MutexLock lock(mutex_);
    done_ = true;
    changed_.NotifyAll();
    return Progress::kDone;
  }

 private:
  env::Mutex mutex_;
  env::CondVar changed_;
  bool done_ WEIR_GUARDED_BY(mutex_) = false;
  std::unique_ptr<env::TaskThread> thread_;
  std::atomic<env::TaskThread*> handle_{nullptr};
};

constexpr int64_t kRows = 100'000;
constexpr record::Barrier kOvertaking{.checkpoint = base::CheckpointId(1),
                                      .base = base::CheckpointId(0),
                                      .mode = record::CheckpointMode::kUnaligned};

// Sends 0, 1, 2, … in batches of changing size with a watermark behind every third, and now and
// then a barrier that overtakes.
class Producer final : public TargetThread {
 public:
  explicit Producer(ChannelWriter& writer) : writer_(writer) {}

  Progress Step() override {
    for (int i = 0; i < 100; ++i) {
      if (made_ % 50 == 7) (void)writer_.TryOvertake(kOvertaking);
      if (!element_.has_value() && !Make()) return Progress::kIdle;
      if (writer_.TrySend(*element_) == SendResult::kBlocked) return Progress::kIdle;
      element_.reset();
      if (next_ == kRows) return Done();
    }
    return Progress::kProgress;
  }

 private:
  bool Make() {
    if (++made_ % 4 == 0) {
      element_ = record::Watermark{.time = next_};
      return true;
    }
    BatchPtr batch = writer_.AcquireBatch();
    if (batch == nullptr) return --made_, false;
    const auto size = static_cast<uint32_t>(std::min<int64_t>(1 + made_ % 7, kRows - next_));
    for (uint32_t i = 0; i < size; ++i) batch->Rows<int64_t>()[i] = next_++;
    batch->set_size(size);
    element_ = std::move(batch);
    return true;
  }

  ChannelWriter& writer_;
  std::optional<StreamElement> element_;
  int64_t next_ = 0;
  int64_t made_ = 0;
};

class Consumer final : public TargetThread {
 public:
  explicit Consumer(ChannelReader& reader) : reader_(reader) {}

  Progress Step() override {
    for (int i = 0; i < 100; ++i) {
      in_order_ = in_order_ && (!reader_.barrier_waits() || ShowsABarrier());
      auto element = reader_.Poll();
      if (!element.has_value()) return Progress::kIdle;
      if (std::holds_alternative<record::Barrier>(*element)) continue;
      if (auto* watermark = std::get_if<record::Watermark>(&*element)) {
        in_order_ = in_order_ && watermark->time == next_;
        continue;
      }
      BatchPtr batch = std::move(std::get<BatchPtr>(*element));
      for (uint32_t row = 0; row < batch->size(); ++row) {
        in_order_ = in_order_ && batch->Rows<int64_t>()[row] == next_++;
      }
      reader_.Recycle(std::move(batch));
      if (next_ == kRows) return Done();
    }
    return Progress::kProgress;
  }
  bool in_order() const { return in_order_; }  // once it is done

 private:
  bool ShowsABarrier() {
    bool shown = false;
    const Status status = reader_.ForEachQueued(
        [&](const StreamElement& element) { shown = shown || IsUnalignedBarrier(element); });
    return status.ok() && shown;
  }

  ChannelReader& reader_;
  int64_t next_ = 0;
  bool in_order_ = true;
};

void RunOnTwoThreads(TestChaos chaos) {
  LocalChannel channel = MakeLocalChannel(TypeOpsOf<int64_t>(), chaos);
  Producer producer(*channel.writer);
  Consumer consumer(*channel.reader);
  channel.writer->SetWakeTarget(&producer);
  channel.reader->SetWakeTarget(&consumer);
  env::PosixThreads threads;
  producer.Start(threads, "producer");
  consumer.Start(threads, "consumer");
  producer.WaitUntilDone();
  consumer.WaitUntilDone();
  // Both are done: neither wakes the other any more.
  producer.Stop();
  consumer.Stop();
  EXPECT_TRUE(consumer.in_order());
}

TEST(LocalChannel, TwoThreadsKeepOrder) { RunOnTwoThreads({}); }
TEST(LocalChannel, TwoThreadsWithOneBatchKeepOrder) { RunOnTwoThreads({"exchange-one-batch"}); }

}  // namespace
}  // namespace weir::exchange
