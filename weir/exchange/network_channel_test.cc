// The two ends of a channel between processes, with nothing but the test between them.

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "weir/exchange/network_reader.h"
#include "weir/exchange/network_writer.h"
#include "weir/exchange/test_chaos.h"
#include "weir/record/batch_codec.h"
#include "weir/record/control_codec.h"
#include "weir/record/typed_ops.h"

namespace weir::exchange {
namespace {

using record::BatchPtr;
using record::StreamElement;

constexpr Credit kWindow{.frames = limits::kChannelCreditsMax,
                         .controls = limits::kChannelControlsMax};
const ChannelKey kKey{.epoch = base::Epoch(1), .attempt = base::Attempt(1), .edge = 0};

class CountingTarget final : public WakeTarget {
 public:
  void Wake() override { ++wakes; }
  int wakes = 0;
};

struct Wire {
  std::deque<std::string> frames;
  Status refused;
};

class WireSink final : public FrameSink {
 public:
  explicit WireSink(Wire& wire) : wire_(wire) {}
  void Send(std::string frame) override { wire_.frames.push_back(std::move(frame)); }
  void Refuse(const Status& reason) override { wire_.refused = reason; }

 private:
  Wire& wire_;
};

// A channel of strings. Frames and credit lie on the wires until the test carries them over.
class Channel {
 public:
  explicit Channel(TestChaos chaos = {})
      : chaos_(std::move(chaos)),
        window_(std::make_shared<SendWindow>()),
        receive_queue_(std::make_shared<ReceiveQueue>()),
        writer_({.key = kKey, .type = TypeOpsOf<std::string>(), .chaos = chaos_}, window_,
                std::make_unique<WireSink>(down_)),
        reader_({.key = kKey, .type = TypeOpsOf<std::string>(), .chaos = chaos_}, receive_queue_,
                std::make_unique<WireSink>(up_)) {}

  SendResult Send(const std::vector<std::string>& rows) {
    if (!held_.has_value()) {
      BatchPtr batch = writer_.AcquireBatch();
      if (batch == nullptr) return SendResult::kBlocked;
      for (size_t i = 0; i < rows.size(); ++i) batch->Rows<std::string>()[i] = rows[i];
      batch->set_size(static_cast<uint32_t>(rows.size()));
      held_ = std::move(batch);
    }
    return SendHeld();
  }
  SendResult SendWatermark(Timestamp time) {
    if (!held_.has_value()) held_ = record::Watermark{.time = time};
    return SendHeld();
  }
  SendResult Overtake(uint64_t checkpoint) {
    return writer_.TryOvertake(
        {.checkpoint = base::CheckpointId(checkpoint), .mode = record::CheckpointMode::kUnaligned});
  }
  SendResult SendHeld() {
    const SendResult sent = writer_.TrySend(*held_);
    if (sent == SendResult::kSent) held_.reset();
    return sent;
  }

  Status PushFrame(std::string frame) {
    auto decoded = DecodeFrame(frame);
    WEIR_RETURN_IF_ERROR(decoded.status());
    return receive_queue_->Push(
        {.head = std::get<ElementFrame>(*decoded), .bytes = std::move(frame)});
  }
  // Carries what is on the wires over: frames down, credit up.
  void Carry() { CarryDown(), CarryUp(); }
  void CarryDown() {
    for (std::string& frame : down_.frames) {
      EXPECT_LE(frame.size(), limits::kFrameBytesMax);
      EXPECT_EQ(PushFrame(std::move(frame)), OkStatus());
    }
    down_.frames.clear();
  }
  void CarryUp() {
    for (const std::string& frame : up_.frames) {
      window_->Grant(std::get<CreditFrame>(*DecodeFrame(frame)).credit);
    }
    up_.frames.clear();
  }

  // "a b W5": everything that the reader gives now.
  std::string Read() {
    std::string read;
    while (auto element = reader_.Poll()) {
      read += (read.empty() ? "" : " ") + Picture(*element);
      if (auto* batch = std::get_if<BatchPtr>(&*element)) reader_.Recycle(std::move(*batch));
    }
    return read;
  }
  // As Read, and nothing is taken.
  std::string Queued() {
    std::string queued;
    const auto show = [&](const StreamElement& element) {
      queued += (queued.empty() ? "" : " ") + Picture(element);
    };
    EXPECT_EQ(reader_.ForEachQueued(show), OkStatus());
    return queued;
  }
  static std::string Picture(const StreamElement& element) {
    if (const auto* watermark = std::get_if<record::Watermark>(&element)) {
      return Concat("W", watermark->time);
    }
    if (const auto* barrier = std::get_if<record::Barrier>(&element)) {
      return Concat("B", barrier->checkpoint);
    }
    std::string rows;
    const auto& batch = std::get<BatchPtr>(element);
    for (uint32_t i = 0; i < batch->size(); ++i) {
      rows += (i == 0 ? "" : " ") + batch->Rows<std::string>()[i];
    }
    return rows;
  }

  NetworkWriter& writer() { return writer_; }
  NetworkReader& reader() { return reader_; }
  SendWindow& window() { return *window_; }
  ReceiveQueue& receive_queue() { return *receive_queue_; }
  Wire& down() { return down_; }
  Wire& up() { return up_; }

 private:
  TestChaos chaos_;
  Wire down_, up_;
  const std::shared_ptr<SendWindow> window_;           // owners: the writer and the test
  const std::shared_ptr<ReceiveQueue> receive_queue_;  // owners: the reader and the test
  NetworkWriter writer_;
  NetworkReader reader_;
  std::optional<StreamElement> held_;  // what was blocked
};

TEST(NetworkChannel, NothingIsSentBeforeTheFirstGrant) {
  Channel channel;
  EXPECT_EQ(channel.Send({"a"}), SendResult::kBlocked);
  EXPECT_TRUE(channel.down().frames.empty());
  channel.CarryUp();
  EXPECT_EQ(channel.writer().available(), kWindow);
  EXPECT_EQ(channel.SendHeld(), SendResult::kSent);
  channel.Carry();
  EXPECT_EQ(channel.Read(), "a");
}

TEST(NetworkChannel, ElementsKeepTheirOrder) {
  Channel channel;
  channel.CarryUp();
  EXPECT_EQ(channel.Send({"a", "b"}), SendResult::kSent);
  EXPECT_EQ(channel.SendWatermark(5), SendResult::kSent);
  EXPECT_EQ(channel.Send({"c"}), SendResult::kSent);
  channel.Carry();
  EXPECT_EQ(channel.Read(), "a b W5 c");
}

TEST(NetworkChannel, AReaderThatDoesNotReadStopsItsWriter) {
  Channel channel;
  channel.CarryUp();
  for (uint32_t i = 0; i < kWindow.frames; ++i) {
    EXPECT_EQ(channel.Send({"a"}), SendResult::kSent);
    channel.Carry();
  }
  EXPECT_EQ(channel.Send({"b"}), SendResult::kBlocked);
  EXPECT_EQ(channel.Read(), "a a a a a a a a");
  channel.CarryUp();
  EXPECT_EQ(channel.writer().available(), kWindow);
  EXPECT_EQ(channel.SendHeld(), SendResult::kSent);
}

TEST(NetworkChannel, ControlNeedsNoCreditForFrames) {
  Channel channel;
  channel.CarryUp();
  for (uint32_t i = 0; i < kWindow.frames; ++i) {
    EXPECT_EQ(channel.Send({"a"}), SendResult::kSent);
  }
  for (uint32_t i = 0; i < kWindow.controls - limits::kChannelBarriersMax; ++i) {
    EXPECT_EQ(channel.SendWatermark(i), SendResult::kSent);
  }
  EXPECT_EQ(channel.SendWatermark(99), SendResult::kBlocked);
  channel.Carry();
  EXPECT_EQ(channel.Read(), "a a a a a a a a W0 W1 W2 W3 W4 W5 W6 W7 W8 W9 W10 W11");
  channel.CarryUp();
  EXPECT_EQ(channel.writer().available(), kWindow);
  EXPECT_EQ(channel.SendHeld(), SendResult::kSent);
}

TEST(NetworkChannel, BarriersHaveRoomOfTheirOwn) {
  Channel channel;
  channel.CarryUp();
  while (channel.SendWatermark(0) == SendResult::kSent) {
  }
  for (uint32_t i = 0; i < limits::kChannelBarriersMax; ++i) {
    EXPECT_EQ(channel.Overtake(i), SendResult::kSent);
  }
  EXPECT_EQ(channel.Overtake(99), SendResult::kBlocked);
  channel.Carry();
  EXPECT_EQ(channel.reader().status(), OkStatus());
  EXPECT_NE(channel.Read(), "");
  channel.CarryUp();
  EXPECT_EQ(channel.SendHeld(), SendResult::kSent);
}

TEST(NetworkChannel, ABarrierOvertakesABatchThatIsHalfSent) {
  Channel channel({"exchange-minimal-credits"});
  channel.CarryUp();
  const std::string row(limits::kFrameBytesMax * 2 / 3, 'x');  // one to a frame
  EXPECT_EQ(channel.Send({row + "1", row + "2", row + "3"}), SendResult::kBlocked);
  EXPECT_EQ(channel.writer().rows_sent(), 1);
  EXPECT_EQ(channel.Overtake(7), SendResult::kSent);
  channel.CarryDown();
  EXPECT_TRUE(channel.reader().barrier_waits());
  EXPECT_EQ(channel.Read(), row + "1 B7");
  EXPECT_FALSE(channel.reader().barrier_waits());
  channel.CarryUp();
  EXPECT_EQ(channel.SendHeld(), SendResult::kBlocked);
  EXPECT_EQ(channel.writer().rows_sent(), 2);
}

TEST(NetworkChannel, ABarrierOvertakesARecordThatIsHalfSent) {
  Channel channel({"exchange-minimal-credits"});
  channel.CarryUp();
  const std::string large(3 * limits::kFrameBytesMax, 'x');  // three fragments and a last piece
  EXPECT_EQ(channel.Send({"a", large, "b"}), SendResult::kBlocked);
  channel.CarryDown();
  EXPECT_EQ(channel.Read(), "a");
  for (uint64_t fragment = 1; fragment <= 3; ++fragment) {
    channel.CarryUp();
    EXPECT_EQ(channel.SendHeld(), SendResult::kBlocked);
    EXPECT_EQ(channel.writer().rows_sent(), 1);  // the record is the writer's to store
    EXPECT_EQ(channel.Overtake(fragment), SendResult::kSent);
    channel.CarryDown();
    EXPECT_EQ(channel.Queued(), Concat("B", fragment));  // and not the reader's
    EXPECT_EQ(channel.Read(), Concat("B", fragment));
  }
  channel.CarryUp();
  EXPECT_EQ(channel.SendHeld(), SendResult::kBlocked);
  EXPECT_EQ(channel.writer().rows_sent(), 2);
  EXPECT_EQ(channel.Overtake(4), SendResult::kSent);
  channel.CarryDown();
  EXPECT_EQ(channel.Queued(), large + " B4");
  EXPECT_EQ(channel.Read(), large + " B4");
}

TEST(NetworkChannel, CreditComesBackInHalfWindows) {
  Channel channel;
  channel.CarryUp();
  for (uint32_t i = 0; i < kWindow.frames; ++i) {
    EXPECT_EQ(channel.Send({"a"}), SendResult::kSent);
  }
  channel.CarryDown();
  for (uint32_t i = 1; i < kWindow.frames; ++i) {
    auto element = channel.reader().Poll();
    channel.reader().Recycle(std::move(std::get<BatchPtr>(*element)));
    EXPECT_EQ(channel.up().frames.size(), i < kWindow.frames / 2 ? 0 : 1) << i;
  }
}

TEST(NetworkChannel, ARecordOfOneMebibytePassesInFragments) {
  for (const char* chaos : {"", "exchange-minimal-credits", "exchange-one-batch"}) {
    Channel channel({chaos});
    channel.CarryUp();
    std::string large(1 << 20, '\0');
    std::mt19937_64 random(1);
    for (char& c : large) c = static_cast<char>(random());
    std::string received;
    const auto move_on = [&] {
      channel.CarryDown();
      if (const std::string rows = channel.Read(); !rows.empty()) received += rows + " ";
      channel.CarryUp();
    };
    int rounds = 0;
    auto sent = channel.Send({"a", large, "b"});
    for (; sent == SendResult::kBlocked && rounds < 100; ++rounds) {
      move_on();
      sent = channel.SendHeld();
    }
    move_on();
    EXPECT_EQ(received, "a " + large + " b ") << chaos;
  }
}

TEST(NetworkChannel, AShrunkWindowHoldsTheWriterBack) {
  Channel channel;
  channel.CarryUp();
  channel.reader().SetWindow(2);
  for (uint32_t i = 0; i < kWindow.frames; ++i) {
    EXPECT_EQ(channel.Send({"a"}), SendResult::kSent);  // what was granted stays granted
  }
  channel.CarryDown();
  channel.Read();
  channel.CarryUp();
  EXPECT_EQ(channel.writer().available().frames, 2);
  channel.reader().SetWindow(kWindow.frames);
  channel.CarryUp();
  EXPECT_EQ(channel.writer().available(), kWindow);
}

TEST(NetworkChannel, WhatWaitsIsShownAndNotConsumed) {
  Channel channel;
  channel.CarryUp();
  EXPECT_EQ(channel.Send({"a", "b"}), SendResult::kSent);
  EXPECT_EQ(channel.SendWatermark(5), SendResult::kSent);
  EXPECT_EQ(channel.Send({std::string(100'000, 'x')}), SendResult::kSent);
  channel.Carry();
  for (int i = 0; i < 2; ++i) {
    std::vector<size_t> sizes;
    EXPECT_EQ(channel.reader().ForEachQueued([&](const StreamElement& element) {
      sizes.push_back(Channel::Picture(element).size());
    }),
              OkStatus());
    EXPECT_EQ(sizes, (std::vector<size_t>{3, 2, 100'000}));
  }
  channel.CarryUp();
  EXPECT_EQ(channel.writer().available().frames, kWindow.frames - 5);
  EXPECT_EQ(channel.Read().size(), 3 + 1 + 2 + 1 + 100'000);
}

TEST(NetworkChannel, WakesBothEnds) {
  Channel channel;
  CountingTarget upstream, downstream;
  channel.writer().SetWakeTarget(&upstream);
  channel.reader().SetWakeTarget(&downstream);
  channel.CarryUp();
  EXPECT_EQ(upstream.wakes, 1);
  EXPECT_EQ(channel.Send({"a"}), SendResult::kSent);
  channel.CarryDown();
  EXPECT_EQ(downstream.wakes, 1);
  channel.window().Break(UnavailableError("cut"));
  channel.receive_queue().Break(UnavailableError("cut"));
  EXPECT_EQ(upstream.wakes, 2);
  EXPECT_EQ(downstream.wakes, 2);
}

TEST(NetworkChannel, ABrokenChannelSaysWhyAndNothingElse) {
  Channel channel;
  channel.CarryUp();
  EXPECT_EQ(channel.Send({"a"}), SendResult::kSent);
  channel.CarryDown();
  channel.receive_queue().Break(UnavailableError("cut"));
  channel.receive_queue().Break(UnavailableError("later"));
  channel.window().Break(UnavailableError("cut"));
  EXPECT_FALSE(channel.reader().Poll().has_value());
  EXPECT_EQ(channel.Send({"b"}), SendResult::kBlocked);
  EXPECT_EQ(channel.reader().status(), UnavailableError("cut"));
  EXPECT_EQ(channel.writer().status(), UnavailableError("cut"));
}

// --- Frames that a correct peer does not send ---

std::string Frame(FrameKind kind, uint64_t sequence, const std::string& payload) {
  base::ByteWriter out;
  EncodeElementHead({.kind = kind, .key = kKey, .sequence = sequence}, out);
  out.Raw(payload);
  return out.Take();
}

TEST(NetworkChannel, AFrameOutOfSequenceIsRefused) {
  Channel channel;
  channel.CarryUp();
  EXPECT_EQ(channel.Send({"a"}), SendResult::kSent);
  const std::string frame = channel.down().frames.front();
  channel.CarryDown();
  EXPECT_EQ(channel.PushFrame(frame).code(), StatusCode::kDataLoss);  // twice
  EXPECT_EQ(channel.PushFrame(Frame(FrameKind::kRows, 2, "")).code(), StatusCode::kDataLoss);
}

TEST(NetworkChannel, AFrameWithoutCreditIsRefused) {
  Channel channel;
  uint64_t sequence = 0;
  for (; sequence < kWindow.frames; ++sequence) {
    EXPECT_EQ(channel.PushFrame(Frame(FrameKind::kFragment, sequence, "x")), OkStatus());
  }
  EXPECT_EQ(channel.PushFrame(Frame(FrameKind::kRows, sequence, "x")).code(),
            StatusCode::kDataLoss);
  for (; sequence < kWindow.frames + kWindow.controls; ++sequence) {
    EXPECT_EQ(channel.PushFrame(Frame(FrameKind::kControl, sequence, "x")), OkStatus());
  }
  EXPECT_EQ(channel.PushFrame(Frame(FrameKind::kControl, sequence, "x")).code(),
            StatusCode::kDataLoss);
}

void ExpectUnreadable(Channel& channel, const std::string& message) {
  EXPECT_FALSE(channel.reader().Poll().has_value());
  EXPECT_EQ(channel.reader().status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(channel.up().refused, channel.reader().status());
  EXPECT_NE(channel.up().refused.message().find(message), std::string::npos)
      << channel.up().refused;
}

TEST(NetworkChannel, RowsThatCannotBeDecodedBreakTheChannel) {
  Channel channel;
  EXPECT_EQ(channel.PushFrame(Frame(FrameKind::kRows, 0, "nonsense")), OkStatus());
  EXPECT_EQ(channel.reader().ForEachQueued([](const StreamElement&) {}).code(),
            StatusCode::kDataLoss);
  ExpectUnreadable(channel, "channel epoch 1 attempt 1 edge 0 subtask 0 -> 0");
}
TEST(NetworkChannel, ControlThatCannotBeDecodedBreaksTheChannel) {
  Channel channel;
  EXPECT_EQ(channel.PushFrame(Frame(FrameKind::kControl, 0, "nonsense")), OkStatus());
  ExpectUnreadable(channel, "");
}
TEST(NetworkChannel, ControlBetweenFragmentsBreaksTheChannel) {
  Channel channel;
  EXPECT_EQ(channel.PushFrame(Frame(FrameKind::kFragment, 0, "x")), OkStatus());
  base::ByteWriter idle;
  record::EncodeControl(record::Idle{}, idle);
  EXPECT_EQ(channel.PushFrame(Frame(FrameKind::kControl, 1, idle.Take())), OkStatus());
  ExpectUnreadable(channel, "between fragments");
}
TEST(NetworkChannel, FragmentsWithoutAnEndBreakTheChannel) {
  Channel channel;
  const std::string piece(limits::kFrameBytesMax - kElementHeadBytesMax, 'x');
  const uint64_t enough = limits::kFragmentedBytesMax / piece.size();
  for (uint64_t sequence = 0; sequence < enough; ++sequence) {
    ASSERT_EQ(channel.PushFrame(Frame(FrameKind::kFragment, sequence, piece)), OkStatus());
    ASSERT_FALSE(channel.reader().Poll().has_value());
    ASSERT_EQ(channel.reader().status(), OkStatus());
  }
  EXPECT_EQ(channel.PushFrame(Frame(FrameKind::kFragment, enough, piece)), OkStatus());
  ExpectUnreadable(channel, "fragments add up to more than");
}

// --- Random runs ---

// Sends a random stream while frames, credit and the reader move at random speeds. Returns an error
// when something did not arrive as it was sent, or when credit is missing at the end.
Status PlayRandomStream(uint64_t seed, TestChaos chaos) {
  std::mt19937_64 random(seed);
  Channel channel(std::move(chaos));
  channel.CarryUp();
  const Credit whole = channel.writer().available();
  std::string sent, received;
  int64_t next = 0;
  int idle = 0;
  bool blocked = false;
  const auto read = [&] {
    if (const std::string rows = channel.Read(); !rows.empty()) received += rows + " ", idle = 0;
  };
  while (next < 400 || blocked || ++idle < 10) {
    if (random() % 2 == 0) channel.CarryDown();
    if (random() % 2 == 0) channel.CarryUp();
    if (random() % 3 == 0) read();
    WEIR_RETURN_IF_ERROR(channel.reader().status());
    if (blocked) {
      blocked = channel.SendHeld() == SendResult::kBlocked;
      if (blocked && ++idle > 1000) return InternalError("stuck at ", next);
    } else if (next < 400 && random() % 4 == 0) {
      sent += Concat("W", next, " ");
      blocked = channel.SendWatermark(next++) == SendResult::kBlocked;
    } else if (next < 400) {
      std::vector<std::string> rows;
      for (uint64_t i = 0; i <= random() % 20; ++i) {
        const bool large = random() % 50 == 0;
        rows.push_back(Concat(next++, std::string(large ? random() % 200'000 : random() % 9, 'x')));
        sent += rows.back() + " ";
      }
      blocked = channel.Send(rows) == SendResult::kBlocked;
    }
  }
  channel.CarryDown(), read(), channel.CarryUp();
  if (sent != received) return InternalError("received something else");
  if (channel.writer().available() != whole) return InternalError("credit is missing");
  return OkStatus();
}

TEST(NetworkChannel, LosesAndDoublesNothingHoweverSlowItIs) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(Concat("seed ", seed));
    EXPECT_EQ(PlayRandomStream(seed, {}), OkStatus());
    EXPECT_EQ(PlayRandomStream(seed, {"exchange-minimal-credits"}), OkStatus());
    EXPECT_EQ(PlayRandomStream(seed, {"exchange-one-batch"}), OkStatus());
    EXPECT_EQ(PlayRandomStream(seed, {"exchange-one-batch", "exchange-minimal-credits"}),
              OkStatus());
  }
}

TEST(NetworkChannel, ALeakedCreditIsCaught) {
  EXPECT_EQ(PlayRandomStream(1, {"credit-leak"}).code(), StatusCode::kInternal);
}
TEST(NetworkChannel, ADroppedFragmentIsCaught) {
  EXPECT_EQ(PlayRandomStream(1, {"fragment-dropped"}).code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace weir::exchange
