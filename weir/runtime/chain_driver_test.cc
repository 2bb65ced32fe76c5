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

// A chain of Repeats over one input, with as many edges as asked for, each to one local channel.
class Chain {
 public:
  explicit Chain(const std::vector<uint32_t>& times, uint32_t edges = 1) {
    std::vector<ChainDriver::Node> nodes;
    for (size_t i = 0; i < times.size(); ++i) {
      const std::string name(1, static_cast<char>('a' + i));
      nodes.push_back({name, std::make_unique<Repeat>(name, times[i], log), {&Type()}});
    }
    std::vector<OutEdge> out;
    for (uint32_t i = 0; i < edges; ++i) {
      exchange::LocalChannel channel = exchange::MakeLocalChannel(Type(), chaos_);
      std::vector<std::unique_ptr<exchange::ChannelWriter>> writers;
      writers.push_back(std::move(channel.writer));
      readers_.push_back(std::move(channel.reader));
      out.push_back({static_cast<uint32_t>(times.size() - 1), kPort,
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
        out += "W" + std::to_string(watermark->time) + " ";
      if (const auto* barrier = std::get_if<record::Barrier>(&*element))
        out += "B" + std::to_string(barrier->checkpoint.number()) + " ";
      if (std::holds_alternative<record::EndOfInput>(*element)) out += "E ";
    }
    return out;
  }

  std::string log;
  uint64_t rows = 0;  // that arrived
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
