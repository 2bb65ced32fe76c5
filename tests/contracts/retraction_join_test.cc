// Sketch: a join of two inputs that understands retractions.
//
// What it asks of the contracts: two typed input ports of one operator over one keyed state, the
// kind column in and out, and any number of rows from one user call.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "tests/contracts/stage.h"
#include "weir/state/list_state.h"

namespace weir::contracts {
namespace {

using record::RowKind;

struct Order {
  int64_t customer;
  int64_t item;
};
WEIR_RECORD(Order, customer, item);

struct Customer {
  int64_t id;
  std::string name;
};
WEIR_RECORD(Customer, id, name);

struct Joined {
  int64_t item;
  std::string name;
};
WEIR_RECORD(Joined, item, name);

int64_t KeyOf(const Order& order) { return order.customer; }
int64_t KeyOf(const Customer& customer) { return customer.id; }

// Keeps all rows of both sides; each row in gives the join with the other side, of its own kind.
class RetractionJoin final : public runtime::Operator {
 public:
  Status Open(const runtime::OperatorContext& context) override {
    backend_.emplace(BackendOptionsOf<int64_t>(context));
    WEIR_ASSIGN_OR_RETURN(orders_, ListState<Order>::DeclareIn(*backend_, "orders"));
    WEIR_ASSIGN_OR_RETURN(customers_, ListState<Customer>::DeclareIn(*backend_, "customers"));
    backend_->Open();
    return {};
  }
  Status Start() override { return {}; }
  state::KeyedBackend* keyed_state() override { return &*backend_; }

  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    if (input.port == base::PortIndex(0)) return Join(input, output, orders_, customers_);
    return Join(input, output, customers_, orders_);
  }

 private:
  template <class Mine, class Other>
  StatusOr<runtime::Outcome> Join(runtime::Input& input, runtime::Output& output,
                                  const ListState<Mine>& mine, const ListState<Other>& other) {
    const record::AnyBatch& batch = input.batch;
    for (; input.cursor < batch.size() && !output.MustDrain(); ++input.cursor) {
      const Mine& row = batch.Rows<Mine>()[input.cursor];
      const RowKind kind =
          batch.kinds() == nullptr ? RowKind::kInsert : batch.kinds()[input.cursor];
      const int64_t key = KeyOf(row);
      backend_->Bind(batch.hashes()[input.cursor], key);
      Remember(mine, row, kind);
      for (const Other& match : other.Get()) Emit(Pair(row, match), kind, output);
    }
    backend_->Unbind();
    WEIR_RETURN_IF_ERROR(backend_->status());
    return input.cursor == batch.size() ? runtime::Outcome::kNeedInput
                                        : runtime::Outcome::kMoreOutput;
  }

  template <class Row>
  static void Remember(const ListState<Row>& rows, const Row& row, RowKind kind) {
    if (kind == RowKind::kInsert || kind == RowKind::kUpdateAfter) return rows.Add(row);
    std::vector<Row> kept = rows.Get();
    const auto same = std::ranges::find_if(
        kept, [&](const Row& other) { return TypeTraits<Row>::Equal(other, row); });
    if (same == kept.end()) return;
    kept.erase(same);
    rows.Update(kept);
  }

  static Joined Pair(const Order& order, const Customer& customer) {
    return {order.item, customer.name};
  }
  static Joined Pair(const Customer& customer, const Order& order) { return Pair(order, customer); }

  static void Emit(Joined row, RowKind kind, runtime::Output& output) {
    record::AnyBatch* batch = &output.OpenBatch(base::PortIndex(0));
    if (batch->full()) batch = &output.NextBatch(base::PortIndex(0));
    batch->AddKinds()[batch->size()] = kind;
    batch->add_heap_bytes(TypeTraits<Joined>::HeapBytes(row));
    batch->Rows<Joined>()[batch->size()] = std::move(row);
    batch->set_size(batch->size() + 1);
  }

  std::optional<state::KeyedBackend> backend_;
  ListState<Order> orders_;
  ListState<Customer> customers_;
};

// The join as a stage with the words of the tests.
class JoinStage : public Stage {
 public:
  explicit JoinStage(uint32_t subtask = 0, uint32_t parallelism = 1)
      : Stage(std::make_unique<RetractionJoin>(), {&TypeOpsOf<Joined>()},
              ContextOf("join", subtask, parallelism)) {}

  template <class Row>
  std::string Take(uint32_t port, const std::vector<Row>& rows, std::vector<RowKind> kinds = {}) {
    kinds.resize(rows.size(), RowKind::kInsert);
    record::BatchPtr batch = BatchOf(rows, {}, kinds);
    for (uint32_t i = 0; i < batch->size(); ++i) {
      batch->AddHashes()[i] = TypeTraits<int64_t>::Hash(0, KeyOf(rows[i]));
    }
    const Status status = Feed(port, std::move(batch));
    return status.ok() ? Taken(0) : status.ToString();
  }
  std::string Orders(const std::vector<Order>& rows, std::vector<RowKind> kinds = {}) {
    return Take(0, rows, std::move(kinds));
  }
  std::string Customers(const std::vector<Customer>& rows, std::vector<RowKind> kinds = {}) {
    return Take(1, rows, std::move(kinds));
  }
};

TEST(RetractionJoin, RowsMeetWhicheverPortComesFirst) {
  JoinStage join;
  ASSERT_TRUE(join.Begin().ok());
  EXPECT_EQ(join.Orders({{1, 10}, {2, 20}}), "");
  EXPECT_EQ(join.Customers({{1, "ann"}}), R"(+{"item":10,"name":"ann"} )");
  EXPECT_EQ(join.Orders({{1, 11}}), R"(+{"item":11,"name":"ann"} )");
}

TEST(RetractionJoin, TakingARowBackTakesItsPairsBack) {
  JoinStage join;
  ASSERT_TRUE(join.Begin().ok());
  join.Orders({{1, 10}, {1, 11}});
  join.Customers({{1, "ann"}});
  EXPECT_EQ(
      join.Customers({{1, "ann"}, {1, "eve"}}, {RowKind::kUpdateBefore, RowKind::kUpdateAfter}),
      R"(-U{"item":10,"name":"ann"} -U{"item":11,"name":"ann"} )"
      R"(+U{"item":10,"name":"eve"} +U{"item":11,"name":"eve"} )");
  EXPECT_EQ(join.Orders({{1, 10}}, {RowKind::kDelete}), R"(-{"item":10,"name":"eve"} )");
  EXPECT_EQ(join.Customers({{1, "eve"}}, {RowKind::kDelete}), R"(-{"item":11,"name":"eve"} )");
}

TEST(RetractionJoin, OneRowMayMeetMoreThanABatchHolds) {
  JoinStage join;
  ASSERT_TRUE(join.Begin().ok());
  for (int64_t batch = 0; batch < 3; ++batch) {
    join.Orders(std::vector<Order>(1000, {.customer = 1, .item = batch}));
  }
  const std::string pairs = join.Customers({{1, "ann"}});
  EXPECT_EQ(std::ranges::count(pairs, '+'), 3000);
}

TEST(RetractionJoin, StateOfBothPortsIsRestoredAtAnyParallelism) {
  JoinStage before;
  ASSERT_TRUE(before.Begin().ok());
  std::vector<Order> orders;
  for (int64_t key = 0; key < 100; ++key) orders.push_back({key, key + 1000});
  before.Orders(orders);
  const Frozen frozen = before.Snapshot(1);

  std::string pairs;
  for (uint32_t subtask = 0; subtask < 3; ++subtask) {
    JoinStage join(subtask, 3);
    ASSERT_TRUE(join.Begin({frozen}).ok());
    for (int64_t key = 0; key < 100; ++key) {
      const base::KeyGroup group = base::KeyGroupOf(TypeTraits<int64_t>::Hash(0, key), kKeyGroups);
      if (base::OwnerOf(group, 3, kKeyGroups).number() != subtask) continue;
      pairs += join.Customers({{key, "ann"}});
    }
  }
  EXPECT_EQ(std::ranges::count(pairs, '+'), 100);
}

}  // namespace
}  // namespace weir::contracts
