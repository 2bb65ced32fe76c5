// Programs that are no line: unions, partitionings, two inputs, side outputs; how they are planned,
// and that they lose and double nothing in rough worlds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "weir/api/pipeline.h"
#include "weir/testing/collected.h"
#include "weir/testing/simulated_job.h"

namespace weir::api {
namespace {

using testing::Collected;
using testing::SimulatedJob;

struct Order {
  int64_t id;
  int64_t customer;
};
WEIR_RECORD(Order, id, customer);

struct Customer {
  int64_t id;
  std::string name;
};
WEIR_RECORD(Customer, id, name);

struct Named {
  int64_t order;
  std::string customer;
};
WEIR_RECORD(Named, order, customer);

constexpr int64_t kCustomers = 20;
constexpr uint64_t kOrders = 1000;

Order MakeOrder(Draw& draw) {
  return {static_cast<int64_t>(draw.number()), static_cast<int64_t>(draw.Below(kCustomers))};
}
Customer MakeCustomer(Draw& draw) {
  return {static_cast<int64_t>(draw.number()), Concat("c", draw.number())};
}
Stream<Order> Orders(Pipeline& p, const char* name) {
  return p.Generate({.count = kOrders, .rate = 2000}, MakeOrder).Named(name);
}

std::string PictureOf(const std::function<void(Pipeline&)>& build) {
  Pipeline p;
  p.Name("job").SetParallelism(2);
  build(p);
  const auto plan = p.Plan();
  static const std::regex kPlace(R"([^ \n]*several_inputs_test\.cc:\d+)");
  return plan.ok() ? Picture(plan->graph)
                   : std::regex_replace(std::string(plan.status().message()), kPlace, "here");
}

// Ids from 0 on, each `times`.
void ExpectEach(std::vector<int64_t> ids, uint64_t count, size_t times) {
  ASSERT_EQ(ids.size(), count * times);
  std::ranges::sort(ids);
  for (size_t i = 0; i < ids.size(); ++i) ASSERT_EQ(ids[i], static_cast<int64_t>(i / times));
}

// Runs a program in rough worlds; it fills `out`, which is looked at behind each.
template <class T>
void RunRoughly(const std::function<void(Pipeline&, const Collected<T>&)>& build,
                const std::function<void(const std::vector<T>&)>& look) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    const Collected<T> out;
    SimulatedJob job(
        [&](Pipeline& p) {
          p.Name("job");
          build(p, out);
        },
        {.seed = seed,
         .workers = 1 + static_cast<uint32_t>(seed % 2),
         .parallelism = 1 + static_cast<uint32_t>(seed % 3),
         .rough = true});
    ASSERT_EQ(job.Run(), OkStatus());
    look(out.records());
  }
}

TEST(Union, HasAnEdgeForEachStream) {
  EXPECT_EQ(PictureOf([](Pipeline& p) {
              Orders(p, "a").Union(Orders(p, "b"), Orders(p, "c")).Map("ids", &Order::id).Print();
            }),
            "[a] ×2 ──forward──▶ [ids ▸ print-sink] ×2\n"
            "[b] ×2 ──forward──▶ [ids ▸ print-sink] ×2\n"
            "[c] ×2 ──forward──▶ [ids ▸ print-sink] ×2\n");
}

TEST(Union, KeysAreHashedWhereEachStreamComesFrom) {
  EXPECT_EQ(
      PictureOf([](Pipeline& p) {
        Orders(p, "a").Union(Orders(p, "b").SetParallelism(1)).KeyBy(&Order::id).Count("n").Print();
      }),
      "[a] ×2 ──hash──▶ [n ▸ print-sink] ×2\n"
      "[b] ×1 ──hash──▶ [n ▸ print-sink] ×2\n");
}

TEST(Union, LosesAndDoublesNothing) {
  RunRoughly<int64_t>(
      [](Pipeline& p, const Collected<int64_t>& out) {
        const Stream<Order> a = Orders(p, "a");
        a.Union(Orders(p, "b"), a).Map(&Order::id).SinkTo(out.sink());
      },
      [](const auto& ids) { ExpectEach(ids, kOrders, 3); });
}

TEST(Partitioning, IsThatOfTheEdges) {
  EXPECT_EQ(PictureOf([](Pipeline& p) {
              const Stream<Order> orders = Orders(p, "a");
              orders.Rebalance().Print().Named("r");
              orders.Broadcast().Print().Named("b");
              orders.Global().Print().Named("g");
              orders.PartitionCustom(&Order::customer).Print().Named("c");
              orders.Rebalance().KeyBy(&Order::id).Count("n").Print().Named("k");
            }),
            "[a] ×2 ──rebalance──▶ [r] ×2\n"
            "[a] ×2 ──broadcast──▶ [b] ×2\n"
            "[a] ×2 ──global──▶ [g] ×2\n"
            "[a] ×2 ──forward──▶ [partition-custom] ×2\n"
            "[partition-custom] ×2 ──custom──▶ [c] ×2\n"
            "[a] ×2 ──forward──▶ [key-by] ×2\n"
            "[key-by] ×2 ──hash──▶ [n ▸ k] ×2\n");
}

// Says which subtask each order came to.
class SayWhere : public ProcessFunction<Order, Order> {
 public:
  void Open(RuntimeContext& runtime) override { subtask_ = runtime.SubtaskIndex(); }
  void ProcessElement(const Order& in, Context&, Collector<Order>& out) override {
    out.Collect({in.id, static_cast<int64_t>(subtask_)});
  }

 private:
  uint32_t subtask_ = 0;
};

std::map<int64_t, std::multiset<int64_t>> WhereOrdersCome(
    const std::function<Stream<Order>(Stream<Order>)>& partitioned) {
  const Collected<Order> out;
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("job");
        partitioned(Orders(p, "orders")).Process<SayWhere>("where").SinkTo(out.sink());
      },
      {.parallelism = 3});
  EXPECT_EQ(job.Run(), OkStatus());
  std::map<int64_t, std::multiset<int64_t>> where;
  for (const Order& order : out.records()) where[order.id].insert(order.customer);
  EXPECT_EQ(where.size(), kOrders);
  return where;
}

TEST(Partitioning, BroadcastReachesEverySubtask) {
  for (const auto& [id, where] : WhereOrdersCome([](auto s) { return s.Broadcast(); }))
    EXPECT_EQ(where, (std::multiset<int64_t>{0, 1, 2}));
}

TEST(Partitioning, GlobalReachesTheFirst) {
  for (const auto& [id, where] : WhereOrdersCome([](auto s) { return s.Global(); }))
    EXPECT_EQ(where, (std::multiset<int64_t>{0}));
}

TEST(Partitioning, CustomReachesTheNumberModuloTheParallelism) {
  const auto custom = [](auto s) { return s.PartitionCustom(&Order::id); };
  for (const auto& [id, where] : WhereOrdersCome(custom))
    EXPECT_EQ(where, (std::multiset<int64_t>{id % 3}));
}

TEST(Partitioning, RebalanceReachesAllAboutEvenly) {
  std::map<int64_t, int> count;
  const auto from_one = [](auto s) { return s.SetParallelism(1).Rebalance(); };
  for (const auto& [id, where] : WhereOrdersCome(from_one)) {
    EXPECT_EQ(where.size(), 1u);
    ++count[*where.begin()];
  }
  EXPECT_EQ(count.size(), 3u);
  for (const auto& [subtask, orders] : count) EXPECT_GT(orders, static_cast<int>(kOrders) / 6);
}

TEST(Partitioning, ANegativeNumberFailsTheJob) {
  const Collected<Order> out;
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("job");
        Orders(p, "orders")
            .PartitionCustom([](const Order& order) { return 10 - order.id; })
            .SinkTo(out.sink());
      },
      {});
  EXPECT_NE(job.Run().message().find("got a negative number for a record"), std::string::npos);
}

// A customer and its orders come in any order.
class NameOrders : public KeyedCoProcessFunction<int64_t, Order, Customer, weir::api::Named> {
 public:
  void ProcessElement1(const Order& in, Context&, Collector<weir::api::Named>& out) override {
    if (const auto name = name_.Get()) {
      out.Collect({in.id, *name});
    } else {
      waiting_.Add(in.id);
    }
  }
  void ProcessElement2(const Customer& in, Context& context,
                       Collector<weir::api::Named>& out) override {
    EXPECT_EQ(context.CurrentKey(), in.id);
    name_.Update(in.name);
    for (const int64_t order : waiting_.Get()) out.Collect({order, in.name});
    waiting_.Clear();
  }

 private:
  ValueState<std::string> name_{this, "name"};
  ListState<int64_t> waiting_{this, "waiting"};
};

TEST(Connect, KeyedStreamsShareTheStateOfTheirKeys) {
  RunRoughly<weir::api::Named>(
      [](Pipeline& p, const Collected<weir::api::Named>& out) {
        const auto customers = p.Generate({.count = kCustomers, .rate = 40}, MakeCustomer);
        Orders(p, "orders")
            .KeyBy(&Order::customer)
            .Connect(customers.KeyBy(&Customer::id))
            .Process<NameOrders>("name")
            .SinkTo(out.sink());
      },
      [](const auto& named) {
        std::vector<int64_t> ids;
        for (const weir::api::Named& each : named) {
          Draw draw(1, static_cast<uint64_t>(each.order));
          EXPECT_EQ(each.customer, Concat("c", MakeOrder(draw).customer));
          ids.push_back(each.order);
        }
        ExpectEach(ids, kOrders, 1);
      });
}

TEST(Connect, KeyedStreamsOfAnySelectorToo) {
  EXPECT_EQ(PictureOf([](Pipeline& p) {
              const KeyedStream<int64_t, Order> orders =
                  Orders(p, "orders").KeyBy(&Order::customer);
              const KeyedStream<int64_t, Customer> customers =
                  p.Generate({.count = 1}, MakeCustomer).KeyBy(&Customer::id);
              orders.Connect(customers).Process<NameOrders>("name").Print();
            }),
            "[orders] ×2 ──hash──▶ [name ▸ print-sink] ×2\n"
            "[generator] ×2 ──hash──▶ [name ▸ print-sink] ×2\n");
}

class Both : public CoProcessFunction<Order, Customer, int64_t> {
 public:
  void ProcessElement1(const Order& in, Context&, Collector<int64_t>& out) override {
    out.Collect(in.id);
  }
  void ProcessElement2(const Customer& in, Context&, Collector<int64_t>& out) override {
    out.Collect(1'000'000 + in.id);
  }
};

TEST(Connect, StreamsWithoutKeys) {
  RunRoughly<int64_t>(
      [](Pipeline& p, const Collected<int64_t>& out) {
        const auto customers = p.Generate({.count = kCustomers}, MakeCustomer);
        Orders(p, "orders").Connect(customers.Rebalance()).Process<Both>("both").SinkTo(out.sink());
      },
      [](std::vector<int64_t> ids) {
        const auto customers =
            std::ranges::partition(ids, [](int64_t id) { return id < 1'000'000; });
        EXPECT_EQ(customers.size(), static_cast<size_t>(kCustomers));
        ids.resize(ids.size() - customers.size());
        ExpectEach(ids, kOrders, 1);
      });
}

// A rule gives a customer a name; later ones replace it.
class ApplyRules
    : public KeyedBroadcastProcessFunction<int64_t, Order, Customer, weir::api::Named> {
 public:
  void ProcessElement(const Order& in, Context& context,
                      Collector<weir::api::Named>& out) override {
    static const std::string kUnknown = "?";
    const std::string* const name = rules_.Get(context.CurrentKey());
    seen_.Update(seen_.ValueOr(0) + 1);
    out.Collect({in.id, name == nullptr ? kUnknown : *name});
  }
  void ProcessBroadcastElement(const Customer& in, BroadcastContext&,
                               Collector<weir::api::Named>&) override {
    rules_.Put(in.id, in.name);
  }

 private:
  BroadcastState<int64_t, std::string> rules_{this, "rules"};
  ValueState<int64_t> seen_{this, "seen"};
};

TEST(Broadcast, RulesReachEverySubtaskAndSurvive) {
  RunRoughly<weir::api::Named>(
      [](Pipeline& p, const Collected<weir::api::Named>& out) {
        const auto customers = p.Generate({.count = kCustomers, .rate = 100}, MakeCustomer);
        Orders(p, "orders")
            .KeyBy(&Order::customer)
            .Connect(customers.Broadcast())
            .Process<ApplyRules>("apply")
            .SinkTo(out.sink());
      },
      [](const auto& named) {
        std::vector<int64_t> ids;
        int64_t unknown = 0;
        for (const weir::api::Named& each : named) {
          ids.push_back(each.order);
          Draw draw(1, static_cast<uint64_t>(each.order));
          const std::string known = Concat("c", MakeOrder(draw).customer);
          EXPECT_TRUE(each.customer == known || each.customer == "?") << each.customer;
          unknown += each.customer == "?";
        }
        ExpectEach(ids, kOrders, 1);
        EXPECT_LT(unknown, static_cast<int64_t>(kOrders));
      });
}

TEST(Broadcast, StateIsThatOfAllSubtasksAfterARescale) {
  const Collected<weir::api::Named> out;
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("job");
        const auto customers = p.Generate({.count = kCustomers}, MakeCustomer);
        Orders(p, "orders")
            .KeyBy(&Order::customer)
            .Connect(customers.Broadcast())
            .Process<ApplyRules>("apply")
            .SinkTo(out.sink());
      },
      {.parallelism = 2});
  job.RunFor(std::chrono::milliseconds(200));
  const size_t before = out.records().size();
  EXPECT_GT(before, 0u);
  job.RestartAt(5);
  ASSERT_EQ(job.Run(), OkStatus());
  const auto records = out.records();
  ASSERT_EQ(records.size(), kOrders);
  for (size_t i = before; i < records.size(); ++i) EXPECT_NE(records[i].customer, "?");
}

class RulesForAll : public BroadcastProcessFunction<Order, Customer, int64_t> {
 public:
  void ProcessElement(const Order& in, Context&, Collector<int64_t>& out) override {
    if (in.id == 500) rules_.Put(1, 1);
    out.Collect(static_cast<int64_t>(rules_.Size()));
  }
  void ProcessBroadcastElement(const Customer& in, BroadcastContext&,
                               Collector<int64_t>&) override {
    rules_.Put(in.id, 1);
  }

 private:
  BroadcastState<int64_t, int64_t> rules_{this, "rules"};
};

TEST(Broadcast, StateIsChangedByBroadcastRecordsOnly) {
  const Collected<int64_t> out;
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("job");
        const auto customers = p.Generate({.count = kCustomers}, MakeCustomer);
        Orders(p, "orders")
            .Connect(customers.Broadcast())
            .Process<RulesForAll>("rules")
            .SinkTo(out.sink());
      },
      {});
  EXPECT_NE(job.Run().message().find("changed outside ProcessBroadcastElement"), std::string::npos);
}

TEST(Broadcast, TheSecondStreamMustBeBroadcast) {
  EXPECT_EQ(PictureOf([](Pipeline& p) {
              Orders(p, "orders")
                  .Connect(p.Generate({.count = 1}, MakeCustomer))
                  .Process<RulesForAll>("rules")
                  .Print();
            }),
            "here: ProcessBroadcastElement must see every record in every subtask: broadcast the "
            "second stream, Connect(rules.Broadcast())");
}

// Holds records back until it has ten.
class InTens : public ProcessFunction<Order, int64_t> {
 public:
  void ProcessElement(const Order& in, Context&, Collector<int64_t>& out) override {
    held_.Add(in.id);
    if (held_.Get().size() < 10) return;
    for (const int64_t id : held_.Get()) out.Collect(id);
    held_.Clear();
  }

 private:
  OperatorListState<int64_t> held_{this, "held"};
};

TEST(OperatorState, ListsAreDealtOutAndLoseNothing) {
  for (const uint32_t after : {1u, 2u, 3u, 5u}) {
    const Collected<int64_t> out;
    SimulatedJob job(
        [&](Pipeline& p) {
          p.Name("job");
          Orders(p, "orders").Rebalance().Process<InTens>("tens").SinkTo(out.sink());
        },
        {.parallelism = 3});
    job.RunFor(std::chrono::milliseconds(300));
    job.RestartAt(after);
    ASSERT_EQ(job.Run(), OkStatus());
    const std::vector<int64_t> ids = out.records();
    EXPECT_EQ(std::set<int64_t>(ids.begin(), ids.end()).size(), ids.size());
    EXPECT_GT(ids.size(), kOrders - 10 * after);
  }
}

TEST(OperatorState, IsPartOfThePlan) {
  Pipeline p;
  p.Name("job");
  const auto customers = p.Generate({.count = 1}, MakeCustomer);
  Orders(p, "orders")
      .KeyBy(&Order::customer)
      .Connect(customers.Broadcast())
      .Process<ApplyRules>("apply")
      .Print();
  const std::vector<std::string> lines = p.Plan()->description;
  EXPECT_THAT(lines, ::testing::Contains("state apply.rules: broadcast state of int64 to string"));
  EXPECT_THAT(lines, ::testing::Contains(
                         "operator apply: keyed-broadcast-process of #2 by hash with generator by "
                         "broadcast makes Named{order: int64, customer: string}"));
}

class SplitOrders : public ProcessFunction<Order, int64_t> {
 public:
  static constexpr OutputTag<Order> kOdd{"odd"};
  static constexpr OutputTag<std::string> kNobody{"nobody"};
  void ProcessElement(const Order& in, Context& context, Collector<int64_t>& out) override {
    context.Output(kNobody, "dropped");
    if (in.id % 2 == 0) return out.Collect(in.id);
    context.Output(kOdd, in);
  }
};

TEST(SideOutput, LeavesOnAnEdgeOfItsOwn) {
  EXPECT_EQ(PictureOf([](Pipeline& p) {
              const auto even = Orders(p, "orders").Process<SplitOrders>("split");
              even.SideOutput(SplitOrders::kOdd).Print().Named("odd");
              even.Print();
            }),
            "[orders ▸ split ▸ print-sink] ×2 ──forward──▶ [odd] ×2\n");
}

TEST(SideOutput, LosesAndDoublesNothing) {
  RunRoughly<int64_t>(
      [](Pipeline& p, const Collected<int64_t>& out) {
        const auto even = Orders(p, "orders").Process<SplitOrders>("split");
        const auto odd = even.SideOutput(SplitOrders::kOdd).Map(&Order::id);
        even.Union(odd).SinkTo(out.sink());
      },
      [](const auto& ids) { ExpectEach(ids, kOrders, 1); });
}

// More from one call than a batch holds.
class Burst : public ProcessFunction<Order, int64_t> {
 public:
  static constexpr OutputTag<int64_t> kMany{"many"};
  void ProcessElement(const Order& in, Context& context, Collector<int64_t>&) override {
    for (int64_t i = 0; i < 3000; ++i) context.Output(kMany, in.id * 3000 + i);
  }
};

TEST(SideOutput, MayBeMoreThanABatchFromOneCall) {
  const Collected<int64_t> out;
  SimulatedJob job(
      [&](Pipeline& p) {
        p.Name("job");
        const auto none = p.Generate({.count = 10}, MakeOrder).Process<Burst>("burst");
        none.SideOutput(Burst::kMany).SinkTo(out.sink());
        none.Print();
      },
      {});
  ASSERT_EQ(job.Run(), OkStatus());
  ExpectEach(out.records(), 30'000, 1);
}

TEST(Chaining, CanBeStartedAndForbidden) {
  const auto ids = [](Pipeline& p) { return Orders(p, "a").Map("ids", &Order::id); };
  EXPECT_EQ(PictureOf([&](Pipeline& p) { ids(p).StartNewChain().Print(); }),
            "[a] ×2 ──forward──▶ [ids ▸ print-sink] ×2\n");
  EXPECT_EQ(PictureOf([&](Pipeline& p) { ids(p).DisableChaining().Print(); }),
            "[a] ×2 ──forward──▶ [ids] ×2\n"
            "[ids] ×2 ──forward──▶ [print-sink] ×2\n");
}

TEST(SeveralInputsErrors, AUnionIsNoOperator) {
  EXPECT_EQ(
      PictureOf([](Pipeline& p) {
        Orders(p, "a").Union(Orders(p, "b")).Named("both").Print();
        Orders(p, "c").Rebalance().SetParallelism(3).Print().Named("d");
      }),
      "here: Named speaks of an operator, and there is none between Union, Rebalance and the "
      "like and their reader: say it before them, or of the reader\n"
      "here: SetParallelism speaks of an operator, and there is none between Union, Rebalance "
      "and the like and their reader: say it before them, or of the reader");
}

TEST(SeveralInputsErrors, SideOutputOfWhatHasNone) {
  EXPECT_EQ(PictureOf([](Pipeline& p) {
              const auto orders = Orders(p, "a");
              orders.SideOutput(SplitOrders::kOdd).Print();
            }),
            "here: this generator has no side outputs: those of a process function are read from "
            "the stream of its Process");
}

TEST(SeveralInputsErrors, SideOutputOfTwoTypes) {
  static constexpr OutputTag<int64_t> kOddToo{"odd"};
  EXPECT_EQ(PictureOf([](Pipeline& p) {
              const auto even = Orders(p, "orders").Process<SplitOrders>("split");
              even.SideOutput(SplitOrders::kOdd).Print();
              even.SideOutput(kOddToo).Print().Named("b");
            }),
            "here: the side output \"odd\" has two types, Order{id: int64, customer: int64} and "
            "int64: give each its own tag");
}

TEST(SeveralInputsErrors, SideOutputReadAsAnotherType) {
  static constexpr OutputTag<int64_t> kOddToo{"odd"};
  SimulatedJob job(
      [](Pipeline& p) {
        p.Name("job");
        Orders(p, "orders").Process<SplitOrders>("split").SideOutput(kOddToo).Print();
      },
      {});
  EXPECT_NE(job.Run().message().find("the side output \"odd\" is read as int64 and given Order{"),
            std::string::npos);
}

}  // namespace
}  // namespace weir::api
