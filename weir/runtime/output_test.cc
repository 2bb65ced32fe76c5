#include "weir/runtime/output.h"

#include <gtest/gtest.h>

#include <string>

#include "weir/record/typed_ops.h"

namespace weir::runtime {
namespace {

const record::TypeOps& Type() { return TypeOpsOf<int64_t>(); }
constexpr base::PortIndex kPort{0};

void Append(Output& output, int64_t value) {
  record::AnyBatch* open = &output.OpenBatch(kPort);
  if (open->full()) open = &output.NextBatch(kPort);
  open->Rows<int64_t>()[open->size()] = value;
  open->set_size(open->size() + 1);
}

// "1024 3": the sizes of the batches in the order in which they come.
std::string Drain(Output& output, Output::Take take = Output::Take::kAny) {
  std::string sizes;
  while (record::BatchPtr batch = output.TakeBatch(kPort, take)) {
    sizes += (sizes.empty() ? "" : " ") + std::to_string(batch->size());
    output.Recycle(kPort, std::move(batch));
  }
  return sizes;
}

Output MakeOutput() {
  const record::TypeOps* const type = &Type();
  return Output(std::span(&type, 1));
}

TEST(Output, BeginsEmpty) {
  Output output = MakeOutput();
  EXPECT_FALSE(output.MustDrain());
  EXPECT_EQ(Drain(output), "");
}

TEST(Output, AFullBatchMustBeDrained) {
  Output output = MakeOutput();
  for (uint32_t i = 0; i + 1 < Type().capacity(); ++i) Append(output, i);
  EXPECT_FALSE(output.MustDrain());
  Append(output, 0);
  EXPECT_TRUE(output.MustDrain());
}

TEST(Output, ShowsWhatWaitsAndTakesNothing) {
  Output output = MakeOutput();
  for (int64_t i = 0; i < 2 * int64_t{Type().capacity()} + 3; ++i) Append(output, i);
  std::string sizes;
  const auto show = [&](const record::AnyBatch& batch) {
    sizes += std::to_string(batch.size()) + " ";
  };
  output.ForEachBatch(kPort, show);
  EXPECT_EQ(sizes, "1024 1024 3 ");
  EXPECT_EQ(Drain(output), "1024 1024 3");
  output.ForEachBatch(kPort, show);
  EXPECT_EQ(sizes, "1024 1024 3 ");
}

TEST(Output, WhatOneCallEmitsBeyondTheBatchKeepsItsOrder) {
  Output output = MakeOutput();
  const int64_t rows = 2 * int64_t{Type().capacity()} + 3;
  for (int64_t i = 0; i < rows; ++i) Append(output, i);
  int64_t expected = 0;
  while (record::BatchPtr batch = output.TakeBatch(kPort, Output::Take::kAny)) {
    for (uint32_t i = 0; i < batch->size(); ++i) EXPECT_EQ(batch->Rows<int64_t>()[i], expected++);
    output.Recycle(kPort, std::move(batch));
  }
  EXPECT_EQ(expected, rows);
  EXPECT_FALSE(output.MustDrain());
}

TEST(Output, APartlyFilledBatchWaitsUnlessAnyIsTaken) {
  Output output = MakeOutput();
  Append(output, 1);
  EXPECT_EQ(Drain(output, Output::Take::kFull), "");
  EXPECT_EQ(Drain(output, Output::Take::kAny), "1");
}

TEST(Output, ForwardedRowsComeBehindTheOpenOnes) {
  Output output = MakeOutput();
  Append(output, 1);
  record::AnyBatch batch(Type());
  batch.Rows<int64_t>()[0] = 2;
  batch.Rows<int64_t>()[1] = 3;
  batch.set_size(2);
  output.Forward(kPort, batch);
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(Drain(output), "1 2");
}

}  // namespace
}  // namespace weir::runtime
