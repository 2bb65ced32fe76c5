#include "weir/testing/operator_harness.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>

namespace weir::testing {
namespace {

struct Reading {
  int32_t key;
  int32_t value;
};
WEIR_RECORD(Reading, key, value);

class Sum : public KeyedProcessFunction<int32_t, Reading, Reading> {
 public:
  void ProcessElement(const Reading& in, Context& context, Collector<Reading>& out) override {
    sum_.Update(sum_.ValueOr(0) + in.value);
    out.Collect({context.CurrentKey(), sum_.ValueOr(0)});
  }

 private:
  ValueState<int32_t> sum_{this, "sum"};
};

Stream<Reading> SumPerKey(Stream<Reading> in) {
  return in.KeyBy(&Reading::key).Process<Sum>("sum");
}
using Harness = OperatorHarness<Reading, Reading>;

TEST(OperatorHarness, PlaysAPicture) {
  Harness harness(SumPerKey);
  EXPECT_EQ(harness.Play("+ 1 10 @3 + 1 5 @4 | W 12 | B 3"), "+ 1 10 @3 + 1 15 @4 | W 12 | B 3");
  EXPECT_EQ(harness.Play("+ 1 1 | C 3 | E"), "+ 1 16 | E");
}

TEST(OperatorHarness, SnapshotRestoresAtAnotherParallelism) {
  for (const uint32_t before : {1u, 2u, 3u, 7u}) {
    Harness first(SumPerKey, {.parallelism = before});
    ASSERT_EQ(first.Play("+ 1 10 | + 2 20 | + 3 30 | + 4 40 | B 1 | + 1 1"),
              "+ 1 10 + 2 20 + 3 30 + 4 40 | B 1 | + 1 11");
    for (const uint32_t after : {1u, 2u, 3u, 7u}) {
      Harness second(SumPerKey, {.parallelism = after});
      ASSERT_EQ(second.Restore(first.snapshot()), OkStatus());
      EXPECT_EQ(second.Play("+ 1 1 | + 2 1 | + 3 1 | + 4 1 | + 5 1"),
                "+ 1 11 + 2 21 + 3 31 + 4 41 + 5 1");
    }
  }
}

// Lets each reading go 100 ms of processing time after the one before.
class Delay final : public runtime::Operator {
 public:
  using Description = char;  // there is nothing to be said
  using Out = Reading;
  static constexpr const char* kKind = "delay";
  explicit Delay(Description) {}
  Status Open(const runtime::OperatorContext&) override { return {}; }
  Status Start() override { return {}; }
  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output&) override {
    while (input.cursor < input.batch.size())
      held_.push_back(input.batch.Rows<Reading>()[input.cursor++]);
    return runtime::Outcome::kNeedInput;
  }
  std::optional<int64_t> next_timer_unix_ms() const override {
    return held_.empty() ? std::nullopt : std::optional(due_);
  }
  StatusOr<runtime::Outcome> OnProcessingTime(int64_t now, runtime::Output& output) override {
    for (; !held_.empty() && due_ <= now; due_ += 100) {
      record::AnyBatch& open = output.OpenBatch(base::PortIndex(0));
      open.Rows<Reading>()[open.size()] = held_.front();
      open.set_size(open.size() + 1);
      held_.pop_front();
      if (output.MustDrain()) return runtime::Outcome::kMoreOutput;
    }
    return runtime::Outcome::kNeedInput;
  }

 private:
  int64_t due_ = 100;
  std::deque<Reading> held_;
};

TEST(OperatorHarness, ProcessingTimeFiresTimersThatAreDue) {
  Harness harness([](Stream<Reading> in) {
    return in.Then<Reading>(std::make_shared<operators::FactoryOf<Delay>>(' '),
                            std::source_location::current());
  });
  EXPECT_EQ(harness.Play("+ 1 1 + 2 2 + 3 3"), "");
  EXPECT_EQ(harness.AdvanceProcessingTime(99), "");
  EXPECT_EQ(harness.AdvanceProcessingTime(100), "+ 1 1");
  EXPECT_EQ(harness.AdvanceProcessingTime(150), "");
  EXPECT_EQ(harness.AdvanceProcessingTime(300), "+ 2 2 + 3 3");
  EXPECT_EQ(harness.AdvanceProcessingTime(900), "");
}

TEST(OperatorHarness, FailureEndsThePicture) {
  Harness harness([](Stream<Reading> in) {
    return in.Map([](const Reading& r) {
      if (r.value == 0) throw std::runtime_error("no value");
      return r;
    });
  });
  const std::string said = harness.Play("+ 1 1 | + 1 0");
  EXPECT_TRUE(said.starts_with("+ 1 1 | error: ")) << said;
  EXPECT_TRUE(said.ends_with(
      R"(exception in a user function: no value, with the record {"key":1,"value":0})"))
      << said;
}

TEST(OperatorHarness, WrongFieldIsNamed) {
  EXPECT_EQ(Harness(SumPerKey).Play("+ 1 x"), "error: \"x\" is not an integer for value");
}

TEST(OperatorHarness, FeedsMoreRecordsThanABatchHolds) {
  Harness harness(SumPerKey, {.parallelism = 3});
  std::vector<Reading> readings;
  readings.reserve(5000);
  for (int32_t i = 0; i < 5000; ++i) readings.push_back({i, i});
  EXPECT_EQ(harness.Feed(readings).value().size(), 5000u);
}

}  // namespace
}  // namespace weir::testing
