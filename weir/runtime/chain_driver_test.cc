#include "weir/runtime/chain_driver.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "weir/exchange/local_channel.h"
#include "weir/record/typed_ops.h"

namespace weir::runtime {
namespace {

using record::TypeOps;

const TypeOps& Type() { return TypeOpsOf<int64_t>(); }
constexpr base::PortIndex kPort{0};

// Puts each row out `times` times, notes what it is asked to do in a shared log, and throws at the
// row 13.
class Repeat final : public Operator {
 public:
  Repeat(std::string name, uint32_t times, std::string& log)
      : name_(std::move(name)), times_(times), log_(log) {}
  Status Open(const OperatorContext&) override { return {}; }
  Status Start() override { return {}; }
  StatusOr<Outcome> Process(Input& input, Output& output) override {
    log_ += name_;
    while (input.cursor < input.batch.size()) {
      const int64_t row = input.batch.Rows<int64_t>()[input.cursor++];
      if (row == 13) throw std::runtime_error("unlucky");
      for (uint32_t i = 0; i < times_; ++i) Append(output, row);
      if (output.MustDrain()) return Outcome::kMoreOutput;
    }
    return Outcome::kNeedInput;
  }
  StatusOr<Outcome> OnWatermark(record::Watermark, Output&) override {
    log_ += name_ + "w";
    return Outcome::kNeedInput;
  }
  StatusOr<Outcome> OnEnd(Output& output) override {
    log_ += name_ + "e";
    Append(output, -1);
    return Outcome::kNeedInput;
  }

 private:
  static void Append(Output& output, int64_t row) {
    record::AnyBatch* open = &output.Open(kPort);
    if (open->full()) open = &output.Next(kPort);
    open->Rows<int64_t>()[open->size()] = row;
    open->set_size(open->size() + 1);
  }

  const std::string name_;
  const uint32_t times_;
  std::string& log_;
};

// Passes rows on and says that event time is the greatest row; has one timer of processing time.
class Clockwork final : public Operator {
 public:
  explicit Clockwork(std::string& log) : log_(log) {}
  Status Open(const OperatorContext&) override { return {}; }
  Status Start() override { return {}; }
  StatusOr<Outcome> Process(Input& input, Output& output) override {
    const int64_t* rows = input.batch.Rows<int64_t>();
    for (; input.cursor < input.batch.size(); ++input.cursor)
      time = {.watermark = std::max(time.watermark, rows[input.cursor]), .idle = false};
    output.Forward(kPort, input.batch);
    return Outcome::kNeedInput;
  }
  StatusOr<Outcome> OnWatermark(record::Watermark watermark, Output&) override {
    log_ += "t" + (watermark.time == kMaxTimestamp ? "max" : std::to_string(watermark.time));
    return Outcome::kNeedInput;
  }
  std::optional<EventTime> event_time() const override { return time; }
  std::optional<int64_t> next_timer_unix_ms() const override { return timer; }
  StatusOr<Outcome> OnProcessingTime(int64_t now, Output& output) override {
    log_ += "p" + std::to_string(now);
    output.Open(kPort).Rows<int64_t>()[0] = *std::exchange(timer, std::nullopt);
    output.Open(kPort).set_size(1);
    return Outcome::kNeedInput;
  }

  EventTime time;
  std::optional<int64_t> timer;

 private:
  std::string& log_;
};

// A chain of Repeats over one input, with as many edges as asked for, each to one local channel.
class Chain {
 public:
  // 0 times: a Clockwork.
  explicit Chain(const std::vector<uint32_t>& times, uint32_t edges = 1) {
    for (uint32_t i = 0; i < edges; ++i)
      edges_from.push_back(static_cast<uint32_t>(times.size()) - 1);
    Make(times);
  }
  Chain(const std::vector<uint32_t>& times, std::vector<uint32_t> from)
      : edges_from(std::move(from)) {
    Make(times);
  }

  void Make(const std::vector<uint32_t>& times) {
    std::vector<ChainDriver::Node> nodes;
    for (size_t i = 0; i < times.size(); ++i) {
      const std::string name(1, static_cast<char>('a' + i));
      std::unique_ptr<Operator> op = std::make_unique<Repeat>(name, times[i], log);
      if (times[i] == 0) {
        auto made = std::make_unique<Clockwork>(log);
        clockwork = made.get();
        op = std::move(made);
      }
      nodes.push_back({name, std::move(op), {&Type()}});
    }
    std::vector<OutEdge> out;
    for (const uint32_t from : edges_from) {
      exchange::LocalChannel channel = exchange::MakeLocalChannel(Type(), chaos_);
      std::vector<std::unique_ptr<exchange::ChannelWriter>> writers;
      writers.push_back(std::move(channel.writer));
      readers_.push_back(std::move(channel.reader));
      out.push_back({from, kPort,
                     std::make_unique<exchange::ResultPartition>(
                         exchange::ResultPartition::Options{.type = Type(),
                                                            .partitioning = Partitioning::kForward,
                                                            .producer = base::SubtaskIndex(),
                                                            .chaos = chaos_},
                         std::move(writers))});
    }
    driver = std::make_unique<ChainDriver>(nullptr, std::move(nodes), std::move(out));
  }

  void Feed(const std::vector<int64_t>& values) {
    auto batch = std::make_unique<record::AnyBatch>(Type());
    for (const int64_t row : values) {
      batch->Rows<int64_t>()[batch->size()] = row;
      batch->set_size(batch->size() + 1);
    }
    driver->Feed(kPort, std::move(batch));
  }

  // "drained", "blocked" or the error.
  std::string Run() {
    const auto result = driver->Run();
    driver->TakeConsumed();
    if (!result.ok()) return result.status().ToString();
    return *result == ChainDriver::Drive::kDrained ? "drained" : "blocked";
  }

  // What has arrived at edge `edge`: rows, "W5", "E", "B1".
  std::string Arrived(size_t edge = 0) {
    std::string out;
    while (auto element = readers_[edge]->Poll()) {
      if (auto* batch = std::get_if<record::BatchPtr>(&*element)) {
        for (uint32_t i = 0; i < (*batch)->size(); ++i) {
          ++rows;
          if (rows <= 20) out += std::to_string((*batch)->Rows<int64_t>()[i]) + " ";
        }
        readers_[edge]->Recycle(std::move(*batch));
      }
      if (const auto* watermark = std::get_if<record::Watermark>(&*element))
        out += "W" + (watermark->time == kMaxTimestamp ? "max" : std::to_string(watermark->time)) +
               " ";
      if (std::holds_alternative<record::Idle>(*element)) out += "I ";
      if (std::holds_alternative<record::Active>(*element)) out += "A ";
      if (const auto* barrier = std::get_if<record::Barrier>(&*element))
        out += "B" + std::to_string(barrier->checkpoint.number()) + " ";
      if (std::holds_alternative<record::EndOfInput>(*element)) out += "E ";
    }
    return out;
  }

  std::string log;
  uint64_t rows = 0;  // that arrived
  Clockwork* clockwork = nullptr;
  std::vector<uint32_t> edges_from;  // operators
  std::unique_ptr<ChainDriver> driver;

 private:
  env::NoChaos chaos_;
  std::vector<std::unique_ptr<exchange::ChannelReader>> readers_;
};

TEST(ChainDriver, RowsPassAllOperatorsInOrder) {
  Chain chain({1, 2});
  chain.Feed({1, 2, 3});
  EXPECT_EQ(chain.Run(), "drained");
  ASSERT_TRUE(chain.driver->Flush().ok());
  EXPECT_EQ(chain.Arrived(), "1 1 2 2 3 3 ");
}

TEST(ChainDriver, DeepestFirst) {
  Chain chain({2000, 1});
  chain.Feed({1, 2});
  EXPECT_EQ(chain.Run(), "drained");
  // Each row of `a` makes two batches, the first of which fills what `b` puts out: `b` is called
  // three times before `a` sees the next row.
  EXPECT_EQ(chain.log, "abbbabbba");
}

TEST(ChainDriver, ControlComesBehindTheRowsAndOperatorByOperator) {
  Chain chain({1, 1});
  chain.Feed({7});
  EXPECT_EQ(chain.Run(), "drained");
  chain.driver->StartControl(record::Watermark{5});
  EXPECT_EQ(chain.Run(), "drained");
  EXPECT_EQ(chain.log, "abawbw");
  EXPECT_EQ(chain.Arrived(), "7 W5 ");
}

TEST(ChainDriver, WhatAnOperatorEmitsAtTheEndPassesTheDeeperOnesFirst) {
  Chain chain({1, 2});
  chain.driver->StartControl(record::EndOfInput{});
  EXPECT_EQ(chain.Run(), "drained");
  EXPECT_EQ(chain.log, "aebbe");
  EXPECT_EQ(chain.Arrived(), "-1 -1 -1 E ");
}

TEST(ChainDriver, ABarrierIsNotShownToOperators) {
  Chain chain({1, 1});
  chain.driver->StartControl(
      record::Barrier{.checkpoint = base::CheckpointId(1), .base = base::CheckpointId(0)});
  EXPECT_EQ(chain.Run(), "drained");
  EXPECT_EQ(chain.log, "");
  EXPECT_EQ(chain.Arrived(), "B1 ");
}

TEST(ChainDriver, GoesOnWhereItWasBlocked) {
  Chain chain({20'000});  // more than the channel's batches hold
  chain.Feed({1, 2, 3});
  EXPECT_EQ(chain.Run(), "blocked");
  for (int tries = 0; tries < 1000; ++tries) {
    chain.Arrived();
    if (chain.Run() == "drained") break;
  }
  ASSERT_TRUE(chain.driver->Flush().ok());
  chain.Arrived();
  EXPECT_EQ(chain.rows, 60'000u);
}

TEST(ChainDriver, EachEdgeGetsAllRows) {
  Chain chain({1}, /*edges=*/3);
  chain.Feed({1, 2});
  EXPECT_EQ(chain.Run(), "drained");
  chain.driver->StartControl(record::Watermark{9});
  EXPECT_EQ(chain.Run(), "drained");
  EXPECT_EQ(chain.Arrived(0) + chain.Arrived(1) + chain.Arrived(2), "1 2 W9 1 2 W9 1 2 W9 ");
}

TEST(ChainDriver, AWatermarkThatAnOperatorMakesLeavesBehindItsRows) {
  Chain chain({1, 0, 1}, {0, 2});
  chain.Feed({3, 5, 4});
  EXPECT_EQ(chain.Run(), "drained");
  EXPECT_EQ(chain.log, "accw");
  EXPECT_EQ(chain.Arrived(1), "3 5 4 W5 ");
  EXPECT_EQ(chain.Arrived(0), "");  // nothing of it in front of that operator
  chain.Feed({2});
  EXPECT_EQ(chain.Run(), "drained");
  ASSERT_TRUE(chain.driver->Flush().ok());
  EXPECT_EQ(chain.Arrived(1), "2 ");  // it did not rise
}

TEST(ChainDriver, AnOperatorThatMakesWatermarksEndsThoseOfItsInput) {
  Chain chain({1, 0, 1}, {0, 1, 2});
  chain.driver->StartControl(record::Watermark{7});
  EXPECT_EQ(chain.Run(), "drained");
  chain.driver->StartControl(record::Idle{});
  EXPECT_EQ(chain.Run(), "drained");
  EXPECT_EQ(chain.log, "awt7");
  EXPECT_EQ(chain.Arrived(0), "W7 I ");
  EXPECT_EQ(chain.Arrived(1), "");
  EXPECT_EQ(chain.Arrived(2), "");
}

TEST(ChainDriver, TheLastWatermarkPassesEverybodyAndNoneFollows) {
  Chain chain({0, 1});
  chain.driver->StartControl(record::Watermark{kMaxTimestamp});
  EXPECT_EQ(chain.Run(), "drained");
  chain.clockwork->time.watermark = 9;
  chain.driver->StartControl(record::EndOfInput{});
  EXPECT_EQ(chain.Run(), "drained");
  EXPECT_EQ(chain.log, "tmaxbwbe");
  EXPECT_EQ(chain.Arrived(), "Wmax -1 E ");
}

TEST(ChainDriver, AnOperatorThatHasNothingToSayOfEventTimeIsIdleForThoseBehindIt) {
  Chain chain({0, 1}, {0, 1});
  chain.clockwork->time.idle = true;
  EXPECT_EQ(chain.Run(), "drained");
  EXPECT_EQ(chain.Arrived(0) + chain.Arrived(1), "I I ");
  chain.clockwork->time = {.watermark = 4, .idle = false};
  EXPECT_EQ(chain.Run(), "drained");
  EXPECT_EQ(chain.Arrived(0) + chain.Arrived(1), "A W4 A W4 ");
}

TEST(ChainDriver, AWatermarkIsNotShownToAnOperatorThatIsFurther) {
  Chain chain({1, 1});
  chain.driver->RestoreWatermark(1, 8);
  chain.driver->StartControl(record::Watermark{5});
  EXPECT_EQ(chain.Run(), "drained");
  chain.driver->StartControl(record::Watermark{9});
  EXPECT_EQ(chain.Run(), "drained");
  EXPECT_EQ(chain.log, "awawbw");
  EXPECT_EQ(chain.driver->watermark(0), 9);
  EXPECT_EQ(chain.driver->watermark(1), 9);
}

TEST(ChainDriver, TimersOfProcessingTimeFireOneOperatorAtATimeAndTheirRowsGoOn) {
  Chain chain({1, 0, 2});
  EXPECT_EQ(chain.driver->NextTimer(), std::nullopt);
  chain.clockwork->timer = 50;
  EXPECT_EQ(chain.driver->NextTimer(), 50);
  chain.driver->StartTimers(49);
  EXPECT_EQ(chain.Run(), "drained");
  EXPECT_EQ(chain.log, "");
  chain.driver->StartTimers(60);
  EXPECT_EQ(chain.Run(), "drained");
  ASSERT_TRUE(chain.driver->Flush().ok());
  EXPECT_EQ(chain.log, "p60c");
  EXPECT_EQ(chain.Arrived(), "50 50 ");
  EXPECT_EQ(chain.driver->NextTimer(), std::nullopt);
}

TEST(ChainDriver, AnOperatorWithoutNameIsNamedByItsKind) {
  std::string log;
  std::vector<ChainDriver::Node> nodes;
  nodes.push_back({"", std::make_unique<Repeat>("a", 1, log), {&Type()}, "map"});
  ChainDriver driver(nullptr, std::move(nodes), {});
  auto batch = std::make_unique<record::AnyBatch>(Type());
  batch->Rows<int64_t>()[0] = 13;
  batch->set_size(1);
  driver.Feed(kPort, std::move(batch));
  EXPECT_EQ(driver.Run().status().message(), "map: exception in a user function: unlucky");
}

TEST(ChainDriver, AnExceptionBecomesAStatusThatNamesTheOperator) {
  Chain chain({1, 1});
  chain.Feed({13});
  EXPECT_EQ(chain.Run(), "UNKNOWN: a: exception in a user function: unlucky");
}

}  // namespace
}  // namespace weir::runtime
