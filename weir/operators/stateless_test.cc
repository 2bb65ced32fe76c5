// Map, Filter, FlatMap and KeyHasher, each alone.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/operators/factory_of.h"
#include "weir/operators/filter.h"
#include "weir/operators/flat_map.h"
#include "weir/operators/key_hasher.h"
#include "weir/operators/map.h"
#include "weir/testing/operator_harness.h"

namespace weir::operators {
namespace {

using testing::OperatorHarness;

struct Pair {
  int64_t a;
  int64_t b;
};
WEIR_RECORD(Pair, a, b);

struct Named {
  std::string name;
  int64_t n;
};
WEIR_RECORD(Named, name, n);

TEST(Map, ChangesFlatRecordsWhereTheyLie) {
  OperatorHarness<Pair, Pair> harness([](Stream<Pair> in) {
    return in.Map([](const Pair& p) { return Pair{p.b, p.a}; });
  });
  EXPECT_EQ(harness.Play("+ 1 2 @7 - 3 4 | W 9"), "+ 2 1 @7 - 4 3 | W 9");
}

TEST(Map, MakesFlatRecordsOfAnotherType) {
  OperatorHarness<Pair, int64_t> harness(
      [](Stream<Pair> in) { return in.Map([](const Pair& p) { return p.a + p.b; }); });
  EXPECT_EQ(harness.Play("+ 1 2 @7 - 3 4"), "+ 3 @7 - 7");
}

TEST(Map, MakesRecordsThatOwnTexts) {
  OperatorHarness<Named, Named> harness([](Stream<Named> in) {
    return in.Map([](Named n) { return Named{n.name + "!", n.n + 1}; });
  });
  EXPECT_EQ(harness.Play("+ a 1 @7 + b 2"), "+ a! 2 @7 + b! 3");
}

TEST(Map, TakesAFieldOrAFunctionOrTheRecordItself) {
  OperatorHarness<Named, std::string> harness([](Stream<Named> in) {
    return in.Map([](Named&& n) { return Named{std::move(n.name), 0}; }).Map(&Named::name);
  });
  EXPECT_EQ(harness.Play("+ a 1 + b 2"), "+ a + b");
}

TEST(Map, GoesOnBehindTheLastRecordWhenTheOutputIsFull) {
  const auto longer = [](int64_t n) { return std::string(20'000, static_cast<char>('a' + n)); };
  const auto op = FactoryOf<Map<int64_t, std::string, decltype(longer)>>(longer).New();
  record::AnyBatch batch(TypeOpsOf<int64_t>());
  for (int64_t i = 0; i < 10; ++i) batch.Rows<int64_t>()[i] = i;
  batch.set_size(10);
  const std::vector<const record::TypeOps*> types = {&TypeOpsOf<std::string>()};
  runtime::Output output(types);
  runtime::Input input{base::PortIndex(0), batch};

  std::string letters;
  for (const uint32_t cursor : {4u, 8u, 10u}) {
    const runtime::Outcome outcome = op->Process(input, output).value();
    EXPECT_EQ(input.cursor, cursor);
    EXPECT_EQ(outcome, cursor == 10 ? runtime::Outcome::kNeedInput : runtime::Outcome::kMoreOutput);
    while (auto out = output.TakeBatch(base::PortIndex(0), runtime::Output::Take::kAny)) {
      for (uint32_t i = 0; i < out->size(); ++i) letters += out->Rows<std::string>()[i][0];
    }
  }
  EXPECT_EQ(letters, "abcdefghij");
}

TEST(Map, ExceptionPassesThrough) {
  const auto throws = [](int64_t) -> int64_t { throw std::runtime_error("no"); };
  const auto op = FactoryOf<Map<int64_t, int64_t, decltype(throws)>>(throws).New();
  record::AnyBatch batch(TypeOpsOf<int64_t>());
  batch.set_size(1);
  const std::vector<const record::TypeOps*> types = {&TypeOpsOf<int64_t>()};
  runtime::Output output(types);
  runtime::Input input{base::PortIndex(0), batch};
  EXPECT_THROW((void)op->Process(input, output), std::runtime_error);
}

TEST(Filter, KeepsWithTheirColumnsTheRowsThatPass) {
  OperatorHarness<int64_t, int64_t> harness(
      [](Stream<int64_t> in) { return in.Filter([](int64_t n) { return n % 2 == 0; }); });
  EXPECT_EQ(harness.Play("+ 1 + 2 + 3 + 4"), "+ 2 + 4");
  EXPECT_EQ(harness.Play("+ 1 @1 - 2 @2 + 3 @3 + 4 @4"), "- 2 @2 + 4 @4");
  EXPECT_EQ(harness.Play("+ 1 + 3 | W 5"), "W 5");
}

TEST(Filter, KeepsRecordsThatOwnTexts) {
  OperatorHarness<Named, Named> harness(
      [](Stream<Named> in) { return in.Filter([](const Named& n) { return n.name != "b"; }); });
  EXPECT_EQ(harness.Play("+ a 1 + b 2 @5 + c 3"), "+ a 1 + c 3");
}

TEST(Filter, CountsTheBytesOfWhatStays) {
  const auto keep = [](const std::string& text) { return text[0] == 'k'; };
  const auto op = FactoryOf<Filter<std::string, decltype(keep)>>(keep).New();
  record::AnyBatch batch(TypeOpsOf<std::string>());
  batch.Rows<std::string>()[0] = std::string(1000, 'd');
  batch.Rows<std::string>()[1] = std::string(100, 'k');
  batch.set_size(2);
  batch.set_heap_bytes(batch.type().HeapBytes(batch, 0, 2));
  const std::vector<const record::TypeOps*> types = {&TypeOpsOf<std::string>()};
  runtime::Output output(types);
  runtime::Input input{base::PortIndex(0), batch};
  EXPECT_EQ(op->Process(input, output).value(), runtime::Outcome::kNeedInput);
  const auto out = output.TakeBatch(base::PortIndex(0), runtime::Output::Take::kAny);
  EXPECT_EQ(out->size(), 1u);
  EXPECT_EQ(out->heap_bytes(), out->type().HeapBytes(*out, 0, 1));
}

TEST(FlatMap, TakesACollectorARangeOrAnOptional) {
  OperatorHarness<int64_t, int64_t> collector([](Stream<int64_t> in) {
    return in.FlatMap([](int64_t n, Collector<int64_t>& out) {
      for (int64_t i = 0; i < n; ++i) out.Collect(i);
    });
  });
  OperatorHarness<int64_t, int64_t> any([](Stream<int64_t> in) {
    return in.FlatMap<int64_t>([](int64_t n, auto& out) { out.Collect(-n); });
  });
  OperatorHarness<int64_t, std::string> range([](Stream<int64_t> in) {
    return in.FlatMap(
        [](int64_t n) { return std::vector<std::string>(static_cast<size_t>(n), "x"); });
  });
  OperatorHarness<int64_t, int64_t> optional([](Stream<int64_t> in) {
    return in.FlatMap([](int64_t n) { return n > 1 ? std::optional<int64_t>(n) : std::nullopt; });
  });
  EXPECT_EQ(collector.Play("+ 0 + 2 @7 - 1"), "+ 0 @7 + 1 @7 - 0");
  EXPECT_EQ(any.Play("+ 3"), "+ -3");
  EXPECT_EQ(range.Play("+ 2 + 0 + 1 @8"), "+ x + x + x @8");
  EXPECT_EQ(optional.Play("+ 1 + 2"), "+ 2");
}

TEST(FlatMap, NoUserCallFollowsOneThatOverflowed) {
  int calls = 0;
  const auto many = [&calls](int64_t n, Collector<int64_t>& out) {
    ++calls;
    for (int64_t i = 0; i < 1500; ++i) out.Collect(n);
  };
  const auto op = FactoryOf<FlatMap<int64_t, int64_t, decltype(many)>>(many).New();
  record::AnyBatch batch(TypeOpsOf<int64_t>());
  batch.set_size(3);
  const std::vector<const record::TypeOps*> types = {&TypeOpsOf<int64_t>()};
  runtime::Output output(types);
  runtime::Input input{base::PortIndex(0), batch};
  EXPECT_EQ(op->Process(input, output).value(), runtime::Outcome::kMoreOutput);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(input.cursor, 1u);
  EXPECT_TRUE(output.MustDrain());
}

TEST(FlatMap, LosesNothingOverManyBatches) {
  OperatorHarness<int64_t, int64_t> harness([](Stream<int64_t> in) {
    return in.FlatMap([](int64_t n) { return std::vector<int64_t>(700, n); }).Map([](int64_t n) {
      return n + 1;
    });
  });
  std::vector<int64_t> in(1500, 1);
  const std::vector<int64_t> out = harness.Feed(in).value();
  EXPECT_EQ(out.size(), 1500u * 700u);
}

template <class Hasher>
record::BatchPtr Hashed(record::AnyBatch& batch, typename Hasher::Description description) {
  const auto op = FactoryOf<Hasher>(std::move(description)).New();
  runtime::OperatorContext context;
  context.hash_seed = 99;
  EXPECT_EQ(op->Open(context), OkStatus());
  const std::vector<const record::TypeOps*> types = {&batch.type()};
  runtime::Output output(types);
  runtime::Input input{base::PortIndex(0), batch};
  EXPECT_EQ(op->Process(input, output).value(), runtime::Outcome::kNeedInput);
  return output.TakeBatch(base::PortIndex(0), runtime::Output::Take::kAny);
}

TEST(KeyHasher, GivesEachRowTheHashOfItsKeyWithTheJobsSeed) {
  record::AnyBatch batch(TypeOpsOf<Named>());
  batch.Rows<Named>()[0] = {"a", 1};
  batch.Rows<Named>()[1] = {"b", 2};
  batch.set_size(2);
  const auto out = Hashed<KeyHasher<Named, std::string Named::*>>(batch, {&Named::name, "here"});
  ASSERT_EQ(out->size(), 2u);
  EXPECT_EQ(out->hashes()[0], TypeTraits<std::string>::Hash(99, "a"));
  EXPECT_EQ(out->hashes()[1], TypeTraits<std::string>::Hash(99, "b"));
}

TEST(KeyHasher, NanFailsTheJob) {
  OperatorHarness<double, double> harness([](Stream<double> in) {
    struct Pass {
      void ProcessElement(double in, KeyedContext<double>&, Collector<double>& out) {
        out.Collect(in);
      }
    };
    return in.KeyBy([](double d) { return d < 0 ? 0.0 / 0.0 * d : d; })
        .template Process<Pass>("pass");
  });
  EXPECT_EQ(harness.Play("+ 1"), "+ 1");
  const std::string said = harness.Play("+ -1");
  EXPECT_NE(said.find("a key is NaN, which equals nothing, not even itself: filter such records "
                      "out before KeyBy, or let its selector return another value; KeyBy at "),
            std::string::npos)
      << said;
  EXPECT_NE(said.find("stateless_test.cc:"), std::string::npos) << said;
}

}  // namespace
}  // namespace weir::operators
