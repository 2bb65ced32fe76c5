#include "weir/runtime/chain_driver.h"

#include <gtest/gtest.h>

#include <algorithm>
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
    record::AnyBatch* open = &output.OpenBatch(kPort);
    if (open->full()) open = &output.NextBatch(kPort);
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
  bool makes_watermarks() const override { return true; }
  EventTime event_time() const override { return time; }
  void OnIdle(bool idle) override { log_ += idle ? "idle" : "active"; }
  std::optional<int64_t> next_timer_unix_ms() const override { return timer; }
  StatusOr<Outcome> OnProcessingTime(int64_t now, Output& output) override {
    log_ += "p" + std::to_string(now);
    output.OpenBatch(kPort).Rows<int64_t>()[0] = *std::exchange(timer, std::nullopt);
    output.OpenBatch(kPort).set_size(1);
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
  Chain(const std::vector<uint32_t>& times, std::vector<uint32_t> from,
        const TypeOps* source_type = nullptr)
      : edges_from(std::move(from)) {
    Make(times, source_type);
  }

  void Make(const std::vector<uint32_t>& times, const TypeOps* source_type = nullptr) {
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
    std::vector<const record::TypeOps*> source_types;
    if (source_type != nullptr) source_types.push_back(source_type);
    driver = std::make_unique<ChainDriver>(source_types, std::move(nodes), std::move(out));
  }

  static record::BatchPtr BatchOf(const std::vector<int64_t>& values) {
    auto batch = std::make_unique<record::AnyBatch>(Type());
    for (const int64_t row : values) {
      batch->Rows<int64_t>()[batch->size()] = row;
      batch->set_size(batch->size() + 1);
    }
    return batch;
  }
  void Feed(const std::vector<int64_t>& values) { driver->Feed(kPort, BatchOf(values)); }

  // What the chain and its partitions hold, in order, by who gets it: ">b" the operator b, ">#1"
  // the edge 1 (from whom), "#1" the partition of edge 1. Runs of equal rows are one: ">b 1*300
  // 2*2".
  struct Piece {
    std::string whose;
    std::vector<int64_t> rows;
  };
  std::vector<Piece> Held() const {
    std::vector<Piece> held;
    driver->ForEachHeld([&](const runtime::Held& it) {
      std::string whose = ">";
      if (it.edge.has_value()) {
        whose += Concat("#", *it.edge);
        whose += it.op == Edge::kFromSource ? "(source)" : "(" + driver->uid(it.op) + ")";
      } else {
        whose += driver->uid(it.op);
      }
      Add(whose, it.rows, it.begin, held);
    });
    return held;
  }
  std::vector<Piece> Overtake() {
    std::vector<Piece> shown;
    EXPECT_TRUE(driver
                    ->Overtake({.checkpoint = base::CheckpointId(1),
                                .mode = record::CheckpointMode::kUnaligned},
                               [&](uint32_t edge, const exchange::Overtaken& it) {
                                 ASSERT_NE(it.rows, nullptr);
                                 Add(Concat("#", edge), *it.rows, it.begin, shown);
                               })
                    .ok());
    return shown;
  }
  static std::string Picture(const std::vector<Piece>& pieces) {
    std::string picture;
    for (const Piece& piece : pieces) {
      picture += (picture.empty() ? "" : " ") + piece.whose;
      for (size_t i = 0; i < piece.rows.size();) {
        const size_t first = i;
        while (i < piece.rows.size() && piece.rows[i] == piece.rows[first]) ++i;
        picture += Concat(" ", piece.rows[first], "*", i - first);
      }
    }
    return picture;
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
  // Neighbours of one consumer are one.
  static void Add(const std::string& whose, const record::AnyBatch& batch, uint32_t begin,
                  std::vector<Piece>& pieces) {
    EXPECT_LT(begin, batch.size());
    if (pieces.empty() || pieces.back().whose != whose) pieces.push_back({whose, {}});
    const int64_t* const all = batch.Rows<int64_t>();
    pieces.back().rows.insert(pieces.back().rows.end(), all + begin, all + batch.size());
  }

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
  chain.driver->StartControl(record::Active{});
  EXPECT_EQ(chain.Run(), "drained");
  EXPECT_EQ(chain.log, "awt7idleactive");
  EXPECT_EQ(chain.Arrived(0), "W7 I A ");
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
  const base::KeyGroupRange groups{base::KeyGroup(0), base::KeyGroup(8)};
  SubtaskState state;
  state.event_times = {{"b", groups, 8}};
  chain.driver->RestoreWatermarks(state, groups);
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

// --- What a chain holds ---

TEST(ChainDriver, ADrainedChainHoldsNothingButOpenBatches) {
  Chain chain({1, 1});
  chain.Feed({1, 2});
  EXPECT_EQ(chain.Run(), "drained");
  EXPECT_EQ(Chain::Picture(chain.Held()), "");
  EXPECT_EQ(Chain::Picture(chain.Overtake()), "#0 1*1 2*1");
  ASSERT_TRUE(chain.driver->Flush().ok());
  EXPECT_EQ(chain.Arrived(), "B1 1 2 ");
}

// A channel within a process has four batches; the fifth waits in the driver.
TEST(ChainDriver, ABlockedChainShowsTheRestOfEachInputAndOutput) {
  Chain chain({3000, 1});
  chain.Feed({1, 2, 3});
  EXPECT_EQ(chain.Run(), "blocked");
  // `a` has put out 1,024 + 1,024 + 952 rows twice: four of these batches are in the channel, one
  // is being sent, one waits in front of `b`.
  EXPECT_EQ(Chain::Picture(chain.Held()), ">b 2*952 >a 3*1");
  EXPECT_EQ(Chain::Picture(chain.Overtake()), "#0 2*1024");
  EXPECT_EQ(Chain::Picture(chain.Held()), ">b 2*952 >a 3*1");  // nothing was consumed
  while (chain.Run() == "blocked") chain.Arrived();
  ASSERT_TRUE(chain.driver->Flush().ok());
  chain.Arrived();
  EXPECT_EQ(chain.rows, 9000u);
}

TEST(ChainDriver, WhatOneCallPutsOutBeyondABatchIsShown) {
  Chain chain({1, 20'000});
  chain.Feed({1, 2});
  EXPECT_EQ(chain.Run(), "blocked");
  EXPECT_EQ(Chain::Picture(chain.Held()), ">#0(b) 1*14880 >b 2*1");
  EXPECT_EQ(Chain::Picture(chain.Overtake()), "#0 1*1024");
}

TEST(ChainDriver, EachConsumerThatHasNotGotRowsIsShownThem) {
  Chain chain({6000, 1}, /*from=*/{0, 0, 1});
  chain.Feed({1, 2});
  // Only edge 1 is full: of the six batches of the first row it has four.
  for (int tries = 0; tries < 10; ++tries) {
    EXPECT_EQ(chain.Run(), "blocked");
    chain.Arrived(0), chain.Arrived(2);
  }
  // The fifth has left on edge 0, is being sent on edge 1 and is still to go to `b`; the sixth
  // waits for all three.
  EXPECT_EQ(Chain::Picture(chain.Held()), ">b 1*1024 >#0(a) 1*880 >#1(a) 1*880 >b 1*880 >a 2*1");
  EXPECT_EQ(Chain::Picture(chain.Overtake()), "#0 1*1024 #1 1*1024 #2 1*1024");
}

TEST(ChainDriver, WhatASourceHasPutOutIsShown) {
  Chain chain({1}, /*from=*/{Edge::kFromSource, Edge::kFromSource, 0}, &Type());
  record::BatchPtr batch = Chain::BatchOf({1, 2});
  chain.driver->source_output().Forward(kPort, *batch);
  EXPECT_EQ(Chain::Picture(chain.Held()), ">#0(source) 1*1 2*1 >#1(source) 1*1 2*1 >a 1*1 2*1");
}

TEST(ChainDriver, TheEndIsInsideUntilAllOperatorsHaveSeenIt) {
  Chain chain({1, 20'000});
  EXPECT_FALSE(chain.driver->IsEnding());
  chain.driver->StartControl(record::Watermark{1});
  EXPECT_FALSE(chain.driver->IsEnding());
  EXPECT_EQ(chain.Run(), "drained");
  chain.driver->StartControl(record::EndOfInput{});
  EXPECT_EQ(chain.Run(), "blocked");  // by what `b` makes of the row that `a` puts out at the end
  EXPECT_TRUE(chain.driver->IsEnding());
  while (chain.log.find("be") == std::string::npos) chain.Arrived(), chain.Run();
  EXPECT_FALSE(chain.driver->IsEnding());
}

TEST(ChainDriver, TheEndThatWaitsOnAnEdgeIsNotInside) {
  Chain chain({1});
  for (uint32_t i = 0; i < limits::kChannelElements - limits::kChannelBarriersMax; ++i) {
    chain.driver->StartControl(record::Watermark{i});
    EXPECT_EQ(chain.Run(), "drained");
  }
  chain.driver->StartControl(record::EndOfInput{});
  EXPECT_EQ(chain.Run(), "blocked");
  EXPECT_EQ(chain.log.back(), 'e');
  EXPECT_FALSE(chain.driver->IsEnding());
}

TEST(ChainDriver, RowsThatWereHeldGoOnBehindARestore) {
  Chain before({3000, 2});
  before.Feed({1, 2, 3});
  EXPECT_EQ(before.Run(), "blocked");
  std::vector<Chain::Piece> pieces = before.Held();
  for (Chain::Piece& piece : before.Overtake()) pieces.insert(pieces.begin(), piece);
  before.Arrived();
  uint64_t rows = before.rows;

  Chain after({3000, 2});
  for (const Chain::Piece& piece : pieces) {
    if (piece.whose.find('#') != std::string::npos) {  // the receiver's
      rows += piece.rows.size();
      continue;
    }
    const uint32_t op = piece.whose == ">a" ? 0 : 1;
    for (size_t begin = 0; begin < piece.rows.size(); begin += 1000) {
      const size_t end = std::min(piece.rows.size(), begin + 1000);
      after.driver->FeedHeld(op, kPort,
                             Chain::BatchOf({piece.rows.begin() + static_cast<ptrdiff_t>(begin),
                                             piece.rows.begin() + static_cast<ptrdiff_t>(end)}));
      while (after.Run() == "blocked") after.Arrived();
    }
  }
  ASSERT_TRUE(after.driver->Flush().ok());
  after.Arrived();
  EXPECT_EQ(rows + after.rows, 18'000u);
}

TEST(ChainDriver, AnOperatorWithoutNameIsNamedByItsKind) {
  std::string log;
  std::vector<ChainDriver::Node> nodes;
  nodes.push_back({"", std::make_unique<Repeat>("a", 1, log), {&Type()}, "map"});
  ChainDriver driver({}, std::move(nodes), {});
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
