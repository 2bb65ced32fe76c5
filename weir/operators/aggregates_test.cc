#include "weir/operators/aggregates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "weir/testing/operator_harness.h"

namespace weir::operators {
namespace {

using testing::OperatorHarness;

struct Trade {
  std::string who;
  int64_t amount;
  double price;
};
WEIR_RECORD(Trade, who, amount, price);

using Harness = OperatorHarness<Trade, Trade>;

TEST(Aggregates, ReduceCombinesTheRecordsOfAKey) {
  Harness harness([](Stream<Trade> in) {
    return in.KeyBy(&Trade::who).Reduce("total", [](const Trade& a, const Trade& b) {
      return Trade{a.who, a.amount + b.amount, std::max(a.price, b.price)};
    });
  });
  EXPECT_EQ(harness.Play("+ ann 1 2.5 + bob 7 1 + ann 2 1.5 @9 + ann 4 8"),
            "+ ann 1 2.5 + bob 7 1 + ann 3 2.5 @9 + ann 7 8");
}

TEST(Aggregates, SumAddsUpAFieldOfTheFirstRecord) {
  Harness harness(
      [](Stream<Trade> in) { return in.KeyBy(&Trade::who).Sum("sum", &Trade::amount); });
  EXPECT_EQ(harness.Play("+ ann 1 2.5 + ann 2 9 + bob 5 1 + ann -4 0"),
            "+ ann 1 2.5 + ann 3 2.5 + bob 5 1 + ann -1 2.5");
}

TEST(Aggregates, MinAndMaxKeepTheWholeRecordAndOfSeveralTheFirst) {
  Harness least([](Stream<Trade> in) { return in.KeyBy(&Trade::who).Min("min", &Trade::price); });
  EXPECT_EQ(least.Play("+ ann 1 2.5 + ann 2 3 + ann 3 2.5 + ann 4 1"),
            "+ ann 1 2.5 + ann 1 2.5 + ann 1 2.5 + ann 4 1");
  Harness most([](Stream<Trade> in) { return in.KeyBy(&Trade::who).Max("max", &Trade::price); });
  EXPECT_EQ(most.Play("+ ann 1 2.5 + ann 2 3 + ann 3 3 + ann 4 1"),
            "+ ann 1 2.5 + ann 2 3 + ann 2 3 + ann 2 3");
}

TEST(Aggregates, CountSaysHowManyEachKeyHad) {
  OperatorHarness<Trade, KeyCount<std::string>> harness(
      [](Stream<Trade> in) { return in.KeyBy(&Trade::who).Count("count"); });
  EXPECT_EQ(harness.Play("+ ann 1 1 + bob 1 1 + ann 1 1"), "+ ann 1 + bob 1 + ann 2");
}

TEST(Aggregates, GoOnWhereTheSnapshotWasAtAnyParallelism) {
  const auto sum = [](Stream<Trade> in) {
    return in.KeyBy(&Trade::who).Sum("sum", &Trade::amount);
  };
  for (const uint32_t before : {1u, 3u}) {
    Harness first(sum, {.parallelism = before});
    ASSERT_EQ(first.Play("+ a 1 0 | + b 2 0 | + c 3 0 | B 1 | + a 50 0"),
              "+ a 1 0 + b 2 0 + c 3 0 | B 1 | + a 51 0");
    for (const uint32_t after : {1u, 2u, 7u}) {
      Harness second(sum, {.parallelism = after});
      ASSERT_EQ(second.Restore(first.snapshot()), OkStatus());
      EXPECT_EQ(second.Play("+ a 1 9 | + b 1 9 | + c 1 9"), "+ a 2 0 + b 3 0 + c 4 0");
    }
  }
}

TEST(Aggregates, WhatReduceThrowsCarriesTheName) {
  Harness harness([](Stream<Trade> in) {
    return in.KeyBy(&Trade::who).Reduce("total", [](const Trade& a, const Trade&) {
      if (a.amount > 0) throw std::runtime_error("too much");
      return a;
    });
  });
  EXPECT_EQ(harness.Play("+ ann 1 1 | + ann 1 1"),
            "+ ann 1 1 | error: total: exception in a user function: too much, with the record "
            R"({"who":"ann","amount":1,"price":1})");
}

}  // namespace
}  // namespace weir::operators
