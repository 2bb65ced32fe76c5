// Job graphs made by hand, for tests of their pictures: a word for each kind of operator, chains of
// them, edges.
// Threads: one caller at a time.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/record/typed_ops.h"
#include "weir/runtime/job_graph.h"
#include "weir/state/keyed_backend.h"
#include "weir/state/value_state.h"

namespace weir::drawing {

class FakeSource final : public runtime::Source {
 public:
  explicit FakeSource(bool can_replay) : can_replay_(can_replay) {}
  std::string kind() const override { return can_replay_ ? "csv-source" : "socket-source"; }
  const record::TypeOps& type() const override { return TypeOpsOf<int64_t>(); }
  bool bounded() const override { return can_replay_; }
  bool can_replay() const override { return can_replay_; }
  std::unique_ptr<runtime::SplitEnumerator> NewEnumerator(env::Env&) const override { return {}; }
  std::unique_ptr<runtime::SourceReader> NewReader() const override { return {}; }

 private:
  const bool can_replay_;
};

struct FakeSpec {
  std::string kind;
  uint32_t outputs = 1;
  bool commits = false;
  std::vector<std::string> states = {};  // values of int64 by text
};

class FakeOperator final : public runtime::Operator {
 public:
  explicit FakeOperator(const FakeSpec& spec) : spec_(spec) {}
  Status Open(const runtime::OperatorContext& context) override {
    if (spec_.states.empty()) return {};
    backend_ = std::make_unique<state::KeyedBackend>(
        state::KeyedBackend::Options{.uid = context.uid,
                                     .groups = context.key_groups,
                                     .max_parallelism = context.max_parallelism,
                                     .key = state::KeyOpsOf<std::string>()});
    for (const std::string& name : spec_.states)
      WEIR_RETURN_IF_ERROR(ValueState<int64_t>::DeclareIn(*backend_, name).status());
    return {};
  }
  state::KeyedBackend* keyed_state() override { return backend_.get(); }
  Status Start() override { return {}; }
  StatusOr<runtime::Outcome> Process(runtime::Input&, runtime::Output&) override {
    return runtime::Outcome::kNeedInput;
  }
  bool commits() const override { return spec_.commits; }

 private:
  const FakeSpec& spec_;
  std::unique_ptr<state::KeyedBackend> backend_;
};

class FakeFactory final : public runtime::OperatorFactory {
 public:
  explicit FakeFactory(FakeSpec spec) : spec_(std::move(spec)) {}
  std::unique_ptr<runtime::Operator> New() const override {
    return std::make_unique<FakeOperator>(spec_);
  }
  std::vector<const record::TypeOps*> output_types() const override {
    return std::vector<const record::TypeOps*>(spec_.outputs, &TypeOpsOf<int64_t>());
  }
  std::string kind() const override { return spec_.kind; }

 private:
  const FakeSpec spec_;
};

class DrawnJob {
 public:
  using Chain = uint32_t;

  explicit DrawnJob(std::string name) { graph_.name = std::move(name); }

  Chain Source(const std::string& uid, uint32_t parallelism = 2, bool can_replay = true) {
    const Chain chain = New(parallelism);
    graph_.chains[chain].source_uid = uid;
    graph_.chains[chain].source = std::make_shared<FakeSource>(can_replay);
    return chain;
  }
  Chain New(uint32_t parallelism = 2) {
    graph_.chains.emplace_back().parallelism = parallelism;
    return static_cast<Chain>(graph_.chains.size() - 1);
  }
  DrawnJob& Add(Chain chain, const std::string& uid, FakeSpec spec) {
    graph_.chains[chain].operators.push_back({uid, std::make_shared<FakeFactory>(std::move(spec))});
    return *this;
  }
  // A chain with one operator and the edge that leads to it from the end of another.
  Chain Behind(Chain from, runtime::Partitioning partitioning, const std::string& uid,
               FakeSpec spec, uint32_t parallelism = 2) {
    const Chain to = New(parallelism);
    Add(to, uid, std::move(spec));
    Join(from, to, partitioning);
    return to;
  }
  void Join(Chain from, Chain to, runtime::Partitioning partitioning, uint32_t from_port = 0,
            uint32_t to_port = 0) {
    const size_t operators = graph_.chains[from].operators.size();
    graph_.edges.push_back({.from = base::ChainIndex(from),
                            .from_operator = operators == 0 ? runtime::Edge::kFromSource
                                                            : static_cast<uint32_t>(operators - 1),
                            .from_port = base::PortIndex(from_port),
                            .to = base::ChainIndex(to),
                            .to_port = base::PortIndex(to_port),
                            .partitioning = partitioning});
  }

  runtime::JobGraph& graph() {
    for (runtime::Chain& chain : graph_.chains) {
      chain.name = "[" + chain.source_uid;
      for (const runtime::OperatorNode& op : chain.operators)
        chain.name +=
            (chain.name == "[" ? "" : " ▸ ") + (op.uid.empty() ? op.factory->kind() : op.uid);
      chain.name += "]";
    }
    return graph_;
  }

 private:
  runtime::JobGraph graph_;
};

// clicks: a source, a keyed operator with state, a sink that commits.
inline DrawnJob Clicks() {
  DrawnJob job("clicks");
  const DrawnJob::Chain read = job.Source("csv-source");
  job.Add(read, "", {.kind = "filter"}).Add(read, "", {.kind = "key-by"});
  const DrawnJob::Chain count = job.Behind(read, runtime::Partitioning::kHash, "per-page",
                                           {.kind = "keyed-process", .states = {"clicks", "last"}});
  job.Add(count, "csv-sink", {.kind = "csv-sink", .outputs = 0, .commits = true});
  return job;
}

// shop: a union, two inputs one of which is broadcast, a side output, an edge over several layers.
inline DrawnJob Shop() {
  using enum runtime::Partitioning;
  DrawnJob job("shop");
  const DrawnJob::Chain orders = job.Source("orders");
  const DrawnJob::Chain old = job.Source("old-orders");
  const DrawnJob::Chain rules = job.Source("rules", 1);
  const DrawnJob::Chain all = job.Behind(orders, kRebalance, "", {.kind = "map"}, 4);
  job.Join(old, all, kRebalance);
  const DrawnJob::Chain judged = job.Behind(
      all, kHash, "judged", {.kind = "co-process", .outputs = 2, .states = {"spent"}}, 4);
  job.Join(rules, judged, kBroadcast, 0, 1);
  const DrawnJob::Chain sink = job.New(4);
  job.Add(sink, "accepted", {.kind = "csv-sink", .outputs = 0, .commits = true});
  const DrawnJob::Chain late = job.New(1);
  job.Add(late, "refused", {.kind = "print-sink", .outputs = 0});
  job.Join(judged, sink, kForward);
  job.Join(judged, late, kRebalance, /*from_port=*/1);
  job.Join(orders, late, kRebalance);
  return job;
}

}  // namespace weir::drawing
