#include "weir/operators/keyed_process.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "weir/testing/operator_harness.h"

namespace weir::operators {
namespace {

using testing::OperatorHarness;

struct Reading {
  int32_t key;
  int32_t value;
};
WEIR_RECORD(Reading, key, value);

struct Line {
  std::string text;
};
WEIR_RECORD(Line, text);

// States of both kinds, bound in Open.
class SumPerKey : public KeyedProcessFunction<int32_t, Reading, Reading> {
 public:
  void Open(RuntimeContext& runtime) override {
    values_ = runtime.GetListState<int32_t>("values");
    count_ = runtime.GetValueState<int64_t>("count");
  }
  void ProcessElement(const Reading& in, Context& context, Collector<Reading>& out) override {
    values_.Add(in.value);
    count_.Update(count_.ValueOr(0) + 1);
    int32_t sum = 0;
    for (int32_t value : values_.Get()) sum += value;
    out.Collect({context.CurrentKey(), sum});
    if (in.value < 0) values_.Clear(), count_.Clear();
  }

 private:
  ListState<int32_t> values_;
  ValueState<int64_t> count_;
};

// A state bound as a member, constructor arguments, and a key that owns its bytes.
class Greet : public KeyedProcessFunction<std::string, Line, std::string> {
 public:
  Greet(std::string hello, int64_t from) : hello_(std::move(hello)), from_(from) {}
  void ProcessElement(const Line&, Context& context, Collector<std::string>& out) override {
    count_.Update(count_.ValueOr(from_) + 1);
    out.Collect(hello_ + context.CurrentKey() + std::to_string(*count_.Get()));
  }

 private:
  ValueState<int64_t> count_{this, "count"};
  const std::string hello_;
  const int64_t from_;
};

// Derives from nothing.
struct Stamp {
  void Open(RuntimeContext& runtime) { last_ = runtime.GetValueState<int64_t>("last"); }
  void ProcessElement(const Reading&, KeyedContext<int32_t>& context, Collector<int64_t>& out) {
    out.Collect(last_.ValueOr(-1));
    last_.Update(context.Timestamp());
  }
  ValueState<int64_t> last_;
};

TEST(KeyedProcess, KeepsStatesPerKey) {
  OperatorHarness<Reading, Reading> harness(
      [](Stream<Reading> in) { return in.KeyBy(&Reading::key).Process<SumPerKey>("sum"); });
  EXPECT_EQ(harness.Play("+ 1 10 + 2 20 + 1 5 @8 + 2 -1 + 2 3"),
            "+ 1 10 + 2 20 + 1 15 @8 + 2 19 + 2 3");
}

TEST(KeyedProcess, MakesTheFunctionOfItsArguments) {
  OperatorHarness<Line, std::string> harness([](Stream<Line> in) {
    return in.KeyBy([](const Line& line) { return line.text.substr(0, 1); })
        .Process<Greet>("greet", "hi ", 5);
  });
  EXPECT_EQ(harness.Play("+ ann + bob + abe"), "+ \"hi a6\" + \"hi b6\" + \"hi a7\"");
}

TEST(KeyedProcess, TakesAClassThatDerivesFromNothing) {
  OperatorHarness<Reading, int64_t> harness(
      [](Stream<Reading> in) { return in.KeyBy(&Reading::key).Process<Stamp>("stamp"); });
  EXPECT_EQ(harness.Play("+ 1 0 @5 + 1 0 @6"), "+ -1 @5 + 5 @6");
}

TEST(KeyedProcess, SelectorMayBeForgotten) {
  OperatorHarness<Line, std::string> harness([](Stream<Line> in) {
    const KeyedStream<std::string, Line> keyed =
        in.KeyBy([](const Line& line) { return line.text.substr(0, 1); });
    return keyed.Process<Greet>("greet", "", 0);
  });
  EXPECT_EQ(harness.Play("+ ann + bob + abe"), "+ a1 + b1 + a2");
}

TEST(KeyedProcess, StateSurvivesARescale) {
  const auto verbs = [](Stream<Reading> in) {
    return in.KeyBy(&Reading::key).Process<SumPerKey>("sum");
  };
  std::vector<Reading> readings;
  readings.reserve(2000);
  for (int32_t key = 0; key < 2000; ++key) readings.push_back({key, key});
  for (const uint32_t before : {1u, 2u, 3u, 7u}) {
    OperatorHarness<Reading, Reading> first(verbs, {.parallelism = before});
    ASSERT_EQ(first.Feed(readings)->size(), 2000u);
    ASSERT_EQ(first.Play("B 1"), "B 1");
    for (const uint32_t after : {1u, 2u, 3u, 7u}) {
      OperatorHarness<Reading, Reading> second(verbs, {.parallelism = after});
      ASSERT_EQ(second.Restore(first.snapshot()), OkStatus());
      const std::vector<Reading> outs = second.Feed(readings).value();
      ASSERT_EQ(outs.size(), 2000u);
      for (const Reading& out : outs) ASSERT_EQ(out.value, 2 * out.key);
    }
  }
}

TEST(KeyedProcess, NothingOfTheRecordsBehindTheBarrierIsInTheSnapshot) {
  const auto verbs = [](Stream<Reading> in) {
    return in.KeyBy(&Reading::key).Process<SumPerKey>("sum");
  };
  OperatorHarness<Reading, Reading> first(verbs), second(verbs);
  first.Play("+ 1 10 | B 1 | + 1 90");
  ASSERT_EQ(second.Restore(first.snapshot()), OkStatus());
  EXPECT_EQ(second.Play("+ 1 1"), "+ 1 11");
}

class Repeat : public KeyedProcessFunction<int32_t, Reading, Reading> {
 public:
  void ProcessElement(const Reading& in, Context&, Collector<Reading>& out) override {
    for (int32_t i = 0; i < in.value; ++i) out.Collect({in.key, i});
  }
};

TEST(KeyedProcess, OutputThatFillsInTheMiddleLosesNothing) {
  OperatorHarness<Reading, Reading> harness(
      [](Stream<Reading> in) { return in.KeyBy(&Reading::key).Process<Repeat>("repeat"); },
      {.parallelism = 2});
  std::vector<Reading> readings;
  readings.reserve(2000);
  size_t expected = 0;
  for (int32_t i = 0; i < 200; ++i)
    readings.push_back({i, i * 10}), expected += static_cast<size_t>(i) * 10;
  EXPECT_EQ(harness.Feed(readings).value().size(), expected);
}

class GrowsWithoutEnd : public KeyedProcessFunction<int32_t, Reading, Reading> {
 public:
  void ProcessElement(const Reading&, Context&, Collector<Reading>&) override {
    text_.Update(std::string((64 << 20) + 1, 'x'));
  }

 private:
  ValueState<std::string> text_{this, "text"};
};

TEST(KeyedProcess, ErrorOfAStateFailsTheJobAndNamesIt) {
  OperatorHarness<Reading, Reading> harness(
      [](Stream<Reading> in) { return in.KeyBy(&Reading::key).Process<GrowsWithoutEnd>("grow"); });
  const std::string said = harness.Play("+ 1 1");
  EXPECT_TRUE(said.starts_with("error: ")) << said;
  EXPECT_NE(said.find("grow"), std::string::npos) << said;
  EXPECT_NE(said.find("text"), std::string::npos) << said;
}

}  // namespace
}  // namespace weir::operators
