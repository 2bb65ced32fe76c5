#include "weir/exchange/input_gate.h"

#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "weir/exchange/local_channel.h"
#include "weir/exchange/test_chaos.h"
#include "weir/record/typed_ops.h"

namespace weir::exchange {
namespace {

using record::BatchPtr;
using record::StreamElement;

StreamElement Batch(ChannelWriter& writer, int64_t value) {
  BatchPtr batch = writer.AcquireBatch();
  EXPECT_NE(batch, nullptr);
  batch->Rows<int64_t>()[0] = value;
  batch->set_size(1);
  return StreamElement(std::move(batch));
}

std::string Picture(const StreamElement& element) {
  if (const auto* batch = std::get_if<BatchPtr>(&element)) {
    return std::to_string((*batch)->Rows<int64_t>()[0]);
  }
  if (const auto* watermark = std::get_if<record::Watermark>(&element)) {
    return "W" + std::to_string(watermark->time);
  }
  if (const auto* barrier = std::get_if<record::Barrier>(&element)) {
    return Concat("B", barrier->checkpoint);
  }
  return std::holds_alternative<record::EndOfInput>(element) ? "E" : "?";
}

// Plays a script on the gate of `channels` inputs (channel i on port i / 2) and returns what the
// gate said.
//   "0<7" a batch with the record 7 arrives on channel 0 · "0<W5" a watermark · "0<B1" a barrier ·
//   "0<E" the end · "?" Next · "*" Next until it says nothing · "0#" block · "o" unblock all ·
//   "0=" show what waits on channel 0
// Answers: "0:7" channel and element · "-" nothing · "(7 B1)" what waits · "!" an error
class Script {
 public:
  explicit Script(uint32_t channels) {
    std::vector<InputGate::Input> inputs;
    for (uint32_t i = 0; i < channels; ++i) {
      LocalChannel channel = MakeLocalChannel(TypeOpsOf<int64_t>(), chaos_);
      writers_.push_back(std::move(channel.writer));
      inputs.push_back({.reader = std::move(channel.reader), .port = base::PortIndex(i / 2)});
    }
    gate_ = std::make_unique<InputGate>(std::move(inputs));
  }

  std::string Play(const std::string& script) {
    std::istringstream in(script);
    for (std::string word; in >> word;) {
      const base::ChannelIndex channel(static_cast<uint32_t>(word[0] - '0'));
      if (word == "?") {
        Say(Next());
      } else if (word == "*") {
        std::string said;
        while ((said = Next()) != "-" && said != "!") Say(said);
      } else if (word == "o") {
        gate_->UnblockAll();
      } else if (word[1] == '#') {
        gate_->Block(channel);
      } else if (word[1] == '=') {
        ShowQueued(channel);
      } else {
        Feed(*writers_[channel.number()], word.substr(2));
      }
    }
    return std::exchange(out_, {});
  }

  InputGate& gate() { return *gate_; }

 private:
  std::string Next() {
    auto next = gate_->Next();
    if (!next.ok()) return "!";
    if (!next->has_value()) return "-";
    GateElement& element = **next;
    EXPECT_EQ(element.port.number(), element.channel.number() / 2);
    std::string said = Concat(element.channel, ":", Picture(element.element));
    if (auto* batch = std::get_if<BatchPtr>(&element.element)) {
      gate_->Recycle(element.channel, std::move(*batch));
    }
    return said;
  }

  void ShowQueued(base::ChannelIndex channel) {
    std::string all;
    EXPECT_TRUE(gate_
                    ->ForEachQueued(channel,
                                    [&](const StreamElement& element) {
                                      all += (all.empty() ? "" : " ") + Picture(element);
                                    })
                    .ok());
    Say("(" + all + ")");
  }

  static void Feed(ChannelWriter& writer, const std::string& what) {
    StreamElement element;
    if (what[0] == 'W') {
      element = record::Watermark{.time = std::stoll(what.substr(1))};
    } else if (what[0] == 'B') {
      element = record::Barrier{.checkpoint = base::CheckpointId(std::stoull(what.substr(1))),
                                .base = {}};
    } else if (what[0] == 'E') {
      element = record::EndOfInput{};
    } else {
      element = Batch(writer, std::stoll(what));
    }
    EXPECT_EQ(writer.TrySend(element), SendResult::kSent);
  }

  void Say(const std::string& word) { out_ += (out_.empty() ? "" : " ") + word; }

  TestChaos chaos_;
  std::vector<std::unique_ptr<ChannelWriter>> writers_;
  std::unique_ptr<InputGate> gate_;
  std::string out_;
};

std::string Play(uint32_t channels, const std::string& script) {
  return Script(channels).Play(script);
}

TEST(InputGate, EmptyGateSaysNothing) { EXPECT_EQ(Play(2, "?"), "-"); }
TEST(InputGate, OneChannelKeepsItsOrder) {
  EXPECT_EQ(Play(1, "0<1 0<W5 0<2 0<B1 0<3 *"), "0:1 0:W5 0:2 0:B1 0:3");
}
TEST(InputGate, ChannelsTakeTurns) {
  EXPECT_EQ(Play(3, "0<1 0<2 0<3 2<7 2<8 *"), "0:1 2:7 0:2 2:8 0:3");
}
TEST(InputGate, ABusyChannelDoesNotStarveALateOne) {
  EXPECT_EQ(Play(2, "0<1 0<2 0<3 ? 1<9 ? ?"), "0:1 1:9 0:2");
}
TEST(InputGate, ABlockedChannelDeliversNothing) {
  EXPECT_EQ(Play(2, "0<1 0# 1<7 * o *"), "1:7 0:1");
}
TEST(InputGate, BlockingTwiceIsUnblockedOnce) { EXPECT_EQ(Play(1, "0<1 0# 0# ? o ?"), "- 0:1"); }
TEST(InputGate, AnAlignmentHoldsBackWhatFollowsTheBarrier) {
  EXPECT_EQ(Play(2, "0<B1 0<1 1<7 1<B1 1<8 ? 0# * o *"), "0:B1 1:7 1:B1 1:8 0:1");
}
TEST(InputGate, WhatWaitsIsShownAndNotConsumed) {
  EXPECT_EQ(Play(2, "0<1 0<B1 0<2 0# 0= 1= o *"), "(1 B1 2) () 0:1 0:B1 0:2");
}
TEST(InputGate, BarriersFollowTheEnd) { EXPECT_EQ(Play(2, "0<E 0<B1 0<B2 *"), "0:E 0:B1 0:B2"); }
TEST(InputGate, ARecordBehindTheEndIsAnError) { EXPECT_EQ(Play(1, "0<E 0<1 ? ?"), "0:E !"); }
TEST(InputGate, AWatermarkBehindTheEndIsAnError) { EXPECT_EQ(Play(1, "0<E 0<W1 ? ?"), "0:E !"); }

TEST(InputGate, EndsAreRemembered) {
  Script script(2);
  EXPECT_FALSE(script.gate().AllEnded());
  script.Play("1<E *");
  EXPECT_FALSE(script.gate().AllEnded());
  script.Play("0<E *");
  EXPECT_TRUE(script.gate().AllEnded());
}

// A channel that breaks when told to.
class FragileReader final : public ChannelReader {
 public:
  explicit FragileReader(const bool& broken) : broken_(broken) {}
  std::optional<StreamElement> Poll() override { return std::nullopt; }
  void Recycle(BatchPtr) override {}
  bool barrier_waits() const override { return false; }
  Status ForEachQueued(const std::function<void(const StreamElement&)>&) override { return {}; }
  Status status() const override { return broken_ ? UnavailableError("cut") : OkStatus(); }
  void SetWakeTarget(WakeTarget*) override {}

 private:
  const bool& broken_;
};

TEST(InputGate, ABrokenChannelIsReportedEvenWhileItIsBlocked) {
  bool broken = false;
  std::vector<InputGate::Input> inputs;
  inputs.push_back({.reader = std::make_unique<FragileReader>(broken), .port = {}});
  InputGate gate(std::move(inputs));
  gate.Block(base::ChannelIndex(0));
  EXPECT_TRUE(gate.Next().ok());
  broken = true;
  EXPECT_EQ(gate.Next().status(), UnavailableError("cut"));
}

}  // namespace
}  // namespace weir::exchange
