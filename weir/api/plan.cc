#include "weir/api/plan.h"

#include <algorithm>
#include <utility>

#include "weir/api/plan_checks.h"
#include "weir/api/plan_description.h"
#include "weir/base/check.h"
#include "weir/base/limits.h"

namespace weir::api {
namespace {

using base::ChainIndex;
using base::PortIndex;

uint32_t MaxParallelism(const JobOptions& options, const PlanRequest& request) {
  if (options.max_parallelism != 0) return options.max_parallelism;
  return request.inherited_max_parallelism.value_or(limits::kMaxParallelismDefault);
}

// Builds the chains and edges of a program that satisfies the checks.
class Chainer {
 public:
  Chainer(const Program& program, uint32_t default_parallelism)
      : program_(program),
        uids_(UidsOf(program)),
        readers_(program.nodes().size()),
        places_(program.nodes().size()) {
    for (const Node& node : program.nodes()) {
      for (const InputEdge& input : node.inputs) {
        if (input.from_port == PortIndex(0)) ++readers_[input.from.number()];
      }
    }
    for (const Node& node : program.nodes())
      parallelism_.push_back(ParallelismOf(node, default_parallelism));
  }

  void Build(runtime::JobGraph& graph) {
    for (uint32_t i = 0; i < program_.nodes().size(); ++i) Place(graph, i);
    for (runtime::Chain& chain : graph.chains) chain.name = NameOf(chain);
  }

 private:
  // Where a node came to lie.
  struct InChain {
    ChainIndex chain;
    uint32_t op = runtime::Edge::kFromSource;
  };

  uint32_t ParallelismOf(const Node& node, uint32_t default_parallelism) const {
    if (node.kind == NodeKind::kRouting) return parallelism_[node.inputs[0].from.number()];
    return node.parallelism.value_or(default_parallelism);
  }

  bool JoinsItsInput(uint32_t index) const {
    const Node& node = program_.nodes()[index];
    if (node.inputs.size() != 1) return false;
    const InputEdge& input = node.inputs[0];
    const uint32_t from = input.from.number();
    // What routes rows is a part of what it reads from.
    const bool may = node.kind == NodeKind::kRouting ||
                     (node.chaining == Chaining::kWherePossible && !EndsItsChain(input.from));
    return may && input.partitioning == runtime::Partitioning::kForward &&
           input.from_port == PortIndex(0) && readers_[from] == 1 &&
           parallelism_[from] == parallelism_[index];
  }

  bool EndsItsChain(NodeIndex index) const {
    const Node& node = program_.nodes()[index.number()];
    if (node.kind == NodeKind::kRouting) return EndsItsChain(node.inputs[0].from);
    return node.chaining == Chaining::kNever;
  }

  void Place(runtime::JobGraph& graph, uint32_t index) {
    const Node& node = program_.nodes()[index];
    InChain& place = places_[index];
    if (JoinsItsInput(index)) {
      place.chain = places_[node.inputs[0].from.number()].chain;
    } else {
      place.chain = ChainIndex(static_cast<uint32_t>(graph.chains.size()));
      graph.chains.emplace_back().parallelism = parallelism_[index];
      ConnectInputs(graph, index);
    }
    runtime::Chain& chain = graph.chains[place.chain.number()];
    if (node.kind == NodeKind::kSource) {
      chain.source_uid = uids_[index];
      chain.source = node.source;
    } else {
      place.op = static_cast<uint32_t>(chain.operators.size());
      chain.operators.push_back({uids_[index], node.factory, node.side_outputs});
    }
  }

  void ConnectInputs(runtime::JobGraph& graph, uint32_t index) {
    const Node& node = program_.nodes()[index];
    const ChainIndex to = places_[index].chain;
    for (const InputEdge& input : node.inputs) {
      const InChain& from = places_[input.from.number()];
      const bool equal = parallelism_[input.from.number()] == parallelism_[index];
      const bool forward = input.partitioning == runtime::Partitioning::kForward;
      graph.edges.push_back({.from = from.chain,
                             .from_operator = from.op,
                             .from_port = input.from_port,
                             .to = to,
                             .to_port = input.to_port,
                             .partitioning = forward && !equal ? runtime::Partitioning::kRebalance
                                                               : input.partitioning});
      auto& input_types = graph.chains[to.number()].input_types;
      if (input.to_port.number() == input_types.size())
        input_types.push_back(&graph.TypeOf(graph.edges.back()));
    }
  }

  // What people see of a chain: its source and operators, without what routes rows.
  static std::string NameOf(const runtime::Chain& chain) {
    std::string name = chain.source_uid;
    for (const runtime::OperatorNode& node : chain.operators) {
      const std::string shown = node.uid.empty() ? node.factory->kind() : node.uid;
      if (node.uid.empty() && (shown == "key-by" || shown == "partition-custom")) continue;
      name += (name.empty() ? "" : " ▸ ") + shown;
    }
    return "[" + (name.empty() ? chain.operators.front().factory->kind() : name) + "]";
  }

  const Program& program_;
  const std::vector<std::string> uids_;
  std::vector<uint32_t> readers_;      // of each node's first output
  std::vector<uint32_t> parallelism_;  // of each node
  std::vector<InChain> places_;        // of each node
};

JobOptions ReadOptions(const Program& program, const PlanRequest& request,
                       std::vector<ProgramError>& errors) {
  Config config = program.config();
  config.Overlay(request.config);
  StatusOr<JobOptions> options = ReadJobOptions(config);
  if (options.ok()) return *options;
  errors.push_back({{}, std::string(options.status().message())});
  return {};
}

}  // namespace

StatusOr<JobPlan> PlanJob(const Program& program, const PlanRequest& request,
                          std::vector<ProgramError>& errors) {
  JobPlan plan;
  errors = program.errors();
  plan.options = ReadOptions(program, request, errors);
  plan.graph.name = program.name();
  plan.graph.max_parallelism = MaxParallelism(plan.options, request);
  CheckNames(program, errors);
  CheckShape(program, errors);
  CheckParallelism(program, plan.options.parallelism, plan.graph.max_parallelism, errors);
  if (errors.empty()) {
    const uint32_t cores = std::min(request.cores, plan.graph.max_parallelism);
    Chainer(program, plan.options.parallelism != 0 ? plan.options.parallelism : cores)
        .Build(plan.graph);
    Describe(program, plan, errors);
  }
  if (!errors.empty()) return InvalidArgumentError(errors.front().ToString());
  return plan;
}

}  // namespace weir::api
