#include "weir/operators/collector.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "weir/record/typed_ops.h"

namespace weir::operators {
namespace {

using record::AnyBatch;
using record::RowKind;

// An Output of one port of Ts, emptied as the driver does.
template <class T>
struct OneOutput {
  std::vector<const record::TypeOps*> types = {&TypeOpsOf<T>()};
  runtime::Output output{types};

  std::vector<record::BatchPtr> Drain() {
    std::vector<record::BatchPtr> batches;
    while (auto batch = output.TakeBatch(base::PortIndex(0), runtime::Output::Take::kAny)) {
      batches.push_back(std::move(batch));
    }
    return batches;
  }
};

TEST(Collector, AppendsToTheOpenBatch) {
  OneOutput<int64_t> out;
  Collector<int64_t>(out.output, base::PortIndex(0), nullptr).Collect(7);
  Collector<int64_t>(out.output, base::PortIndex(0), nullptr).Collect(8);
  const auto batches = out.Drain();
  ASSERT_EQ(batches.size(), 1u);
  ASSERT_EQ(batches[0]->size(), 2u);
  EXPECT_EQ(batches[0]->Rows<int64_t>()[1], 8);
  EXPECT_EQ(batches[0]->timestamps(), nullptr);
}

TEST(Collector, MustDrainWhenTheBatchIsFullAndNotBefore) {
  OneOutput<int64_t> out;
  Collector<int64_t> collector(out.output, base::PortIndex(0), nullptr);
  for (int64_t i = 0; i < 1023; ++i) collector.Collect(i);
  EXPECT_FALSE(collector.MustDrain());
  collector.Collect(1023);
  EXPECT_TRUE(collector.MustDrain());
  collector.Sync();
  EXPECT_TRUE(out.output.MustDrain());
}

TEST(Collector, WhatOverflowsWaitsInOrder) {
  OneOutput<int64_t> out;
  {
    Collector<int64_t> collector(out.output, base::PortIndex(0), nullptr);
    for (int64_t i = 0; i < 2500; ++i) collector.Collect(i);
    EXPECT_TRUE(collector.MustDrain());
  }
  int64_t next = 0;
  for (const auto& batch : out.Drain()) {
    for (uint32_t i = 0; i < batch->size(); ++i) EXPECT_EQ(batch->Rows<int64_t>()[i], next++);
  }
  EXPECT_EQ(next, 2500);
}

TEST(Collector, BatchIsFullWhenItsTextsAreLong) {
  OneOutput<std::string> out;
  Collector<std::string> collector(out.output, base::PortIndex(0), nullptr);
  int collected = 0;
  for (; !collector.MustDrain(); ++collected) collector.Collect(std::string(10'000, 'x'));
  EXPECT_EQ(collected, 7);
  collector.Sync();
  EXPECT_TRUE(out.output.OpenBatch(base::PortIndex(0)).full());
}

TEST(Collector, TextsThatAreLongOverflowToo) {
  OneOutput<std::string> out;
  {
    Collector<std::string> collector(out.output, base::PortIndex(0), nullptr);
    for (int i = 0; i < 10; ++i) collector.Collect(std::string(10'000, static_cast<char>('a' + i)));
  }
  const auto batches = out.Drain();
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(batches[0]->size(), 7u);
  EXPECT_EQ(batches[1]->size(), 3u);
  EXPECT_EQ(batches[1]->Rows<std::string>()[2][0], 'j');
}

TEST(Collector, RowCarriesTimestampAndKindOfItsInput) {
  AnyBatch input(TypeOpsOf<int64_t>());
  input.set_size(2);
  input.AddTimestamps()[1] = 42;
  input.AddKinds()[1] = RowKind::kDelete;
  OneOutput<int64_t> out;
  {
    Collector<int64_t> collector(out.output, base::PortIndex(0), &input);
    collector.At(1);
    collector.Collect(1);
    collector.At(0);
    collector.Collect(2);
  }
  const auto batches = out.Drain();
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0]->timestamps()[0], 42);
  EXPECT_EQ(batches[0]->timestamps()[1], record::kNoTimestamp);
  EXPECT_EQ(batches[0]->kinds()[0], RowKind::kDelete);
  EXPECT_EQ(batches[0]->kinds()[1], RowKind::kInsert);
}

TEST(Collector, RowsWithAndWithoutTimestampsShareABatch) {
  AnyBatch stamped(TypeOpsOf<int64_t>()), plain(TypeOpsOf<int64_t>());
  stamped.set_size(1);
  stamped.AddTimestamps()[0] = 42;
  plain.set_size(1);
  OneOutput<int64_t> out;
  for (const AnyBatch* input : {&plain, &stamped, &plain}) {
    Collector<int64_t> collector(out.output, base::PortIndex(0), input);
    collector.At(0);
    collector.Collect(0);
  }
  const auto batches = out.Drain();
  ASSERT_EQ(batches[0]->size(), 3u);
  EXPECT_EQ(batches[0]->timestamps()[0], record::kNoTimestamp);
  EXPECT_EQ(batches[0]->timestamps()[1], 42);
  EXPECT_EQ(batches[0]->timestamps()[2], record::kNoTimestamp);
}

}  // namespace
}  // namespace weir::operators
