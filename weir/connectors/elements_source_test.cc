#include "weir/connectors/elements_source.h"

#include <gtest/gtest.h>

#include "weir/connectors/machine_test.h"

namespace weir::connectors {
namespace {

// The elements that a reader puts out until it ends, or for `polls` polls.
std::vector<int64_t> Read(runtime::SourceReader& reader, int polls = 1000) {
  const record::TypeOps* const type = &TypeOpsOf<int64_t>();
  runtime::Output output(std::span(&type, 1));
  std::vector<int64_t> elements;
  for (int i = 0; i < polls; ++i) {
    const auto result = reader.Poll(output);
    if (const auto batch = output.TakeBatch(base::PortIndex(0), runtime::Output::Take::kAny)) {
      elements.insert(elements.end(), batch->Rows<int64_t>(),
                      batch->Rows<int64_t>() + batch->size());
    }
    if (!result.ok() || *result != runtime::PollResult::kMore) break;
  }
  return elements;
}

std::vector<int64_t> UpTo(int64_t count) {
  std::vector<int64_t> elements;
  for (int64_t i = 0; i < count; ++i) elements.push_back(i);
  return elements;
}

std::vector<runtime::Split> SplitsOf(const runtime::Source& source) {
  Machine machine;
  std::vector<runtime::Split> splits;
  source.NewEnumerator(machine.env())->Discover([&](StatusOr<runtime::Discovery> found) {
    splits = found->splits;
  });
  return splits;
}

TEST(ElementsSource, EachElementOnceInOneSplit) {
  for (const int64_t count : {0, 1, 1024, 1025, 5000}) {
    const ElementsSource<int64_t> source(UpTo(count));
    const auto splits = SplitsOf(source);
    ASSERT_EQ(splits.size(), 1u);
    const auto reader = source.NewReader();
    ASSERT_TRUE(reader->AddSplits(splits).ok());
    reader->NoMoreSplits();
    EXPECT_EQ(Read(*reader), UpTo(count));
    EXPECT_EQ(reader->TakeFinished(), std::vector<std::string>{"elements"});
    EXPECT_TRUE(reader->Snapshot(base::CheckpointId(1)).empty());
  }
}

TEST(ElementsSource, GoesOnWhereTheSnapshotWas) {
  const ElementsSource<int64_t> source(UpTo(5000));
  const auto first = source.NewReader();
  ASSERT_TRUE(first->AddSplits(SplitsOf(source)).ok());
  std::vector<int64_t> elements = Read(*first, /*polls=*/2);
  EXPECT_EQ(elements.size(), 2048u);

  const auto second = source.NewReader();
  ASSERT_TRUE(second->AddSplits(first->Snapshot(base::CheckpointId(1))).ok());
  for (const int64_t element : Read(*second)) elements.push_back(element);
  EXPECT_EQ(elements, UpTo(5000));
}

TEST(ElementsSource, AskedForNothingItWaits) {
  const ElementsSource<int64_t> source({1});
  const auto reader = source.NewReader();
  const record::TypeOps* const type = &TypeOpsOf<int64_t>();
  runtime::Output output(std::span(&type, 1));
  EXPECT_TRUE(reader->WantsSplit());
  EXPECT_EQ(*reader->Poll(output), runtime::PollResult::kIdle);
  reader->NoMoreSplits();
  EXPECT_EQ(*reader->Poll(output), runtime::PollResult::kEnd);
}

TEST(ElementsSource, AnotherListIsRefused) {
  const runtime::Split split = EncodeElementsSplit({.next = 2, .count = 3});
  EXPECT_TRUE(DecodeElementsSplit(split, 3).ok());
  EXPECT_EQ(
      DecodeElementsSplit(split, 4).status(),
      FailedPreconditionError("the program's list has 4 elements, in the checkpoint it had 3; "
                              "give the old list, or start anew with --fresh"));
  EXPECT_EQ(DecodeElementsSplit({"elements", ""}, 3).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(DecodeElementsSplit({"elements", "\x01\x04\x03"}, 3).status().code(),
            StatusCode::kDataLoss);
  EXPECT_EQ(DecodeElementsSplit({"elements", "\x02\x01\x03"}, 3).status().code(),
            StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace weir::connectors
