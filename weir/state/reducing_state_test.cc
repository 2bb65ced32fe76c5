// ReducingState and AggregatingState.
#include "weir/state/reducing_state.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "weir/record/record.h"
#include "weir/state/aggregating_state.h"
#include "weir/state/state_model.h"
#include "weir/state/value_state.h"

namespace weir::state {

struct Mean {
  using Input = double;
  struct Accumulator {
    double sum = 0;
    int64_t count = 0;
  };
  using Output = double;
  Accumulator CreateAccumulator() const { return {}; }
  void Add(const double& in, Accumulator& acc) const { acc.sum += in, ++acc.count; }
  double GetResult(const Accumulator& acc) const {
    return acc.sum / static_cast<double>(acc.count);
  }
};
WEIR_RECORD(Mean::Accumulator, sum, count);

namespace {

using base::KeyGroup;

struct Longer {
  std::string operator()(const std::string& a, const std::string& b) const {
    return b.size() > a.size() ? b : a;
  }
};

KeyedBackend::Options Options() {
  return {.uid = "op",
          .groups = {KeyGroup(0), KeyGroup(8)},
          .max_parallelism = 8,
          .key = KeyOpsOf<int64_t>()};
}

struct States {
  explicit States(KeyedBackend& in) : backend(in) {
    total = *ReducingState<int64_t, std::plus<>>::DeclareIn(backend, "total");
    longest = *ReducingState<std::string, Longer>::DeclareIn(backend, "longest");
    mean = *AggregatingState<Mean>::DeclareIn(backend, "mean");
    backend.Open();
  }
  void Bind(const int64_t& key) { backend.Bind(TypeTraits<int64_t>::Hash(0, key), key); }

  KeyedBackend& backend;
  ReducingState<int64_t, std::plus<>> total;
  ReducingState<std::string, Longer> longest;
  AggregatingState<Mean> mean;
};

constexpr int64_t kOne = 1;
constexpr int64_t kTwo = 2;

TEST(ReducingState, CombinesWhatIsAdded) {
  KeyedBackend backend(Options());
  States states(backend);
  states.Bind(kOne);
  EXPECT_EQ(states.total.Get(), std::nullopt);
  EXPECT_EQ(states.total.Add(4), 4);
  EXPECT_EQ(states.total.Add(5), 9);
  EXPECT_EQ(states.longest.Add("ab"), "ab");
  EXPECT_EQ(states.longest.Add("c"), "ab");
  EXPECT_EQ(states.longest.Add("def"), "def");
  states.Bind(kTwo);
  EXPECT_FALSE(states.total.Has());
  states.Bind(kOne);
  EXPECT_EQ(states.total.Get(), 9);
  EXPECT_EQ(states.longest.Get(), "def");
  states.total.Clear();
  EXPECT_EQ(states.total.Add(1), 1);
  EXPECT_TRUE(backend.status().ok());
}

TEST(AggregatingState, GivesTheResultOfWhatWasAdded) {
  KeyedBackend backend(Options());
  States states(backend);
  states.Bind(kOne);
  EXPECT_EQ(states.mean.Get(), std::nullopt);
  states.mean.Add(1);
  states.mean.Add(4);
  EXPECT_EQ(states.mean.Get(), 2.5);
  states.mean.Clear();
  EXPECT_EQ(states.mean.Get(), std::nullopt);
}

TEST(ReducingState, IsAnotherKindThanAValueOfItsType) {
  KeyedBackend backend(Options());
  ASSERT_TRUE((ReducingState<int64_t, std::plus<>>::DeclareIn(backend, "total").ok()));
  EXPECT_EQ(ValueState<int64_t>::DeclareIn(backend, "total").status(),
            InvalidArgumentError("state \"op.total\" is declared twice: as reducing state of int64 "
                                 "and as value state of int64"));
}

struct Chunks final : SnapshotSink {
  void Add(SnapshotChunk chunk) override { all.push_back(std::move(chunk)); }
  std::vector<SnapshotChunk> all;
};

TEST(ReducingState, SurvivesASnapshot) {
  KeyedBackend first(Options());
  States before(first);
  before.Bind(kOne);
  before.total.Add(4);
  before.longest.Add("abc");
  before.mean.Add(3);
  Chunks chunks;
  ASSERT_TRUE(first.BeginSnapshot(base::CheckpointId(1), chunks).ok());
  while (!first.EncodeSome(1000)) {
  }
  KeyedBackend second(Options());
  States after(second);
  for (const SnapshotChunk& chunk : chunks.all) {
    ASSERT_TRUE(second.RestoreChunk(first.states().states[chunk.state].name, chunk.bytes).ok());
  }
  after.Bind(kOne);
  EXPECT_EQ(after.total.Add(1), 5);
  EXPECT_EQ(after.longest.Add("xy"), "abc");
  after.mean.Add(5);
  EXPECT_EQ(after.mean.Get(), 4);
}

}  // namespace
}  // namespace weir::state
