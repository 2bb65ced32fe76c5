// Every kind of keyed state in rough worlds: all kinds of a key must tell the same of its records,
// whatever was killed, restored or dealt out anew between them.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "weir/testing/collected.h"
#include "weir/testing/simulated_job.h"

namespace weir::testing {
namespace {

struct Item {
  int64_t key;
  uint64_t number;
};
WEIR_RECORD(Item, key, number);

constexpr uint64_t kCount = 3'000;
constexpr uint64_t kKeys = 5;
constexpr uint64_t kKept = 350;  // in each map: several pages

struct CountOf {
  using Input = Item;
  using Accumulator = int64_t;
  using Output = int64_t;
  Accumulator CreateAccumulator() const { return 0; }
  void Add(const Item&, int64_t& count) const { ++count; }
  int64_t GetResult(const int64_t& count) const { return count; }
};

// Throws when two states disagree.
class AllKinds : public KeyedProcessFunction<int64_t, Item, KeyCount<int64_t>> {
 public:
  void ProcessElement(const Item& item, Context& context,
                      Collector<KeyCount<int64_t>>& out) override {
    const int64_t count = value_.ValueOr(0) + 1;
    value_.Update(count);
    text_.Update(std::string(static_cast<size_t>(count % 100), 'x'));
    Expect(reduced_.Add(1) == count, "reducing state");
    aggregated_.Add(item);
    Expect(aggregated_.Get() == count, "aggregating state");
    list_.Add(item.number);
    Expect(list_.Size() == static_cast<uint64_t>(count), "list state");
    Expect(map_.ValueOr(item.number, "new") == "new", "an item that was there");
    map_.Put(item.number, "number " + std::to_string(item.number));
    if (static_cast<uint64_t>(count) > kKept) {
      Expect(map_.Remove(list_.Get()[static_cast<size_t>(count) - kKept - 1]), "oldest item");
    }
    Expect(map_.Size() == std::min<uint64_t>(kKept, static_cast<uint64_t>(count)), "map state");
    if (count % 50 == 0) CheckMap(item.key);
    out.Collect({context.CurrentKey(), count});
  }

 private:
  void CheckMap(int64_t key) const {
    uint64_t items = 0;
    for (const auto& [number, text] : map_) {
      Expect(number % kKeys == static_cast<uint64_t>(key), "an item of another key");
      Expect(text == "number " + std::to_string(number), "value of an item");
      ++items;
    }
    Expect(items == map_.Size(), "items of the map");
  }
  static void Expect(bool holds, const std::string& what) {
    if (!holds) throw std::runtime_error("wrong: " + what);
  }

  ValueState<int64_t> value_{this, "value"};
  ValueState<std::string> text_{this, "text"};
  ReducingState<int64_t, std::plus<>> reduced_{this, "reduced"};
  AggregatingState<CountOf> aggregated_{this, "aggregated"};
  ListState<uint64_t> list_{this, "list"};
  MapState<uint64_t, std::string> map_{this, "map"};
};

void Build(Pipeline& p, Collected<KeyCount<int64_t>>& out) {
  p.Name("kinds");
  p.Generate({.count = kCount, .rate = 1'500},
             [](Draw& draw) {
               return Item{static_cast<int64_t>(draw.number() % kKeys), draw.number()};
             })
      .KeyBy(&Item::key)
      .Process<AllKinds>("kinds")
      .SinkTo(out.sink());
}

void ExpectEachOnce(const std::vector<KeyCount<int64_t>>& counts) {
  std::map<std::pair<int64_t, int64_t>, int> seen;
  for (const auto& count : counts) ++seen[{count.key, count.count}];
  ASSERT_EQ(counts.size(), kCount);
  ASSERT_EQ(seen.size(), kCount);
  ASSERT_EQ(seen.count({0, kCount / kKeys}), 1u);
}

TEST(StateKinds, AgreeHoweverRoughTheWorld) {
  uint64_t resumes = 0;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    Collected<KeyCount<int64_t>> out;
    SimulatedJob job([&](Pipeline& p) { Build(p, out); },
                     {.seed = seed, .workers = 1 + static_cast<uint32_t>(seed % 3), .rough = true});
    ASSERT_EQ(job.Run(), OkStatus()) << seed;
    ExpectEachOnce(out.records());
    resumes += job.resumes();
  }
  EXPECT_GT(resumes, 8u);
}

TEST(StateKinds, AgreeAtAnotherParallelism) {
  Collected<KeyCount<int64_t>> out;
  SimulatedJob job([&](Pipeline& p) { Build(p, out); }, {.parallelism = 4});
  for (const uint32_t parallelism : {1u, 5u, 3u}) {
    job.RunFor(std::chrono::milliseconds(450));
    job.RestartAt(parallelism);
  }
  ASSERT_EQ(job.Run(), OkStatus());
  EXPECT_EQ(job.resumes(), 3u);
  ExpectEachOnce(out.records());
}

}  // namespace
}  // namespace weir::testing
