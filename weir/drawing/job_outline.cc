#include "weir/drawing/job_outline.h"

#include <algorithm>
#include <utility>

#include "weir/cluster/plan_states.h"
#include "weir/record/type_ops.h"

namespace weir::drawing {
namespace {

OperatorOutline SourceOutline(const runtime::Chain& chain) {
  OperatorOutline source;
  source.role = OperatorOutline::Role::kSource;
  source.uid = chain.source_uid;
  source.kind = chain.source->kind();
  for (const record::TypeOps* type : chain.source->output_types())
    source.output_types.push_back(type->schema().ToString());
  source.can_replay = chain.source->can_replay();
  source.bounded = chain.source->bounded();
  return source;
}

// Without what only an opened operator says.
OperatorOutline Plain(const runtime::OperatorNode& node) {
  OperatorOutline op;
  op.uid = node.uid;
  op.kind = node.factory->kind();
  for (const record::TypeOps* type : node.factory->output_types())
    op.output_types.push_back(type->schema().ToString());
  if (op.output_types.empty()) op.role = OperatorOutline::Role::kSink;
  return op;
}

void AddStates(const state::OperatorStates& keyed, OperatorOutline& op) {
  for (const state::StateDescriptor& state : keyed.states) {
    op.states.push_back({state.name, std::string(state::StateKindName(state.kind)),
                         state.value.ToString(), keyed.key.ToString()});
  }
}

Guarantee Promise(bool replays, bool commits) {
  if (replays) return commits ? Guarantee::kExactlyOnce : Guarantee::kAtLeastOnce;
  return commits ? Guarantee::kAtMostOnce : Guarantee::kNone;
}

// Whether everything that reaches each chain can be read again.
std::vector<bool> ReplaysOf(const JobOutline& outline) {
  std::vector<bool> replays(outline.chains.size(), true);
  for (size_t i = 0; i < outline.chains.size(); ++i) {
    for (const OperatorOutline& op : outline.chains[i].operators)
      replays[i] = replays[i] && op.can_replay;
    for (const EdgeOutline& edge : outline.edges) {
      if (edge.to == i) replays[i] = replays[i] && replays[edge.from];
    }
  }
  return replays;
}

EdgeOutline OutlineOf(const runtime::JobGraph& graph, const runtime::Edge& edge) {
  const runtime::Chain& from = graph.chains[edge.from.number()];
  EdgeOutline outline;
  outline.from = edge.from.number();
  outline.from_operator = edge.from_operator == runtime::Edge::kFromSource
                              ? 0
                              : edge.from_operator + (from.source != nullptr ? 1 : 0);
  outline.from_port = edge.from_port.number();
  outline.to = edge.to.number();
  outline.to_port = edge.to_port.number();
  outline.partitioning = runtime::PartitioningName(edge.partitioning);
  outline.type = graph.TypeOf(edge).schema().ToString();
  return outline;
}

}  // namespace

std::string_view GuaranteeName(Guarantee guarantee) {
  switch (guarantee) {
    case Guarantee::kExactlyOnce:
      return "exactly-once";
    case Guarantee::kAtLeastOnce:
      return "at-least-once";
    case Guarantee::kAtMostOnce:
      return "at-most-once";
    case Guarantee::kNone:
      return "none";
  }
  return "unknown";
}

std::string JobOutline::LabelOf(const EdgeOutline& edge) const {
  const std::vector<OperatorOutline>& operators = chains[edge.from].operators;
  const bool from_end = std::all_of(operators.begin() + edge.from_operator + 1, operators.end(),
                                    [](const OperatorOutline& op) { return op.hidden(); });
  const bool several = std::ranges::any_of(
      edges, [&](const EdgeOutline& other) { return other.to == edge.to && other.to_port != 0; });
  std::string ports;
  if (edge.from_port != 0) ports = Concat("out ", edge.from_port + 1);
  if (!from_end) {
    ports += Concat(ports.empty() ? "" : " ", "of ", operators[edge.from_operator].called());
  }
  if (several) ports += Concat(ports.empty() ? "" : " → ", "in ", edge.to_port + 1);
  return (ports.empty() ? "" : ports + ": ") + edge.partitioning;
}

Guarantee JobOutline::end_to_end() const {
  bool replays = true;
  bool commits = true;
  for (const ChainOutline& chain : chains) {
    for (const OperatorOutline& op : chain.operators) {
      if (op.role != OperatorOutline::Role::kSink) continue;
      const Guarantee it = op.guarantee;
      replays &= it == Guarantee::kExactlyOnce || it == Guarantee::kAtLeastOnce;
      commits &= it == Guarantee::kExactlyOnce || it == Guarantee::kAtMostOnce;
    }
  }
  return Promise(replays, commits);
}

StatusOr<JobOutline> OutlineOf(const runtime::JobGraph& graph) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<cluster::PlannedChain> planned,
                        cluster::DeclaredStates(graph));
  JobOutline outline;
  outline.job = graph.name;
  outline.max_parallelism = graph.max_parallelism;
  outline.subtasks = graph.subtasks();
  for (const runtime::Chain& chain : graph.chains) {
    ChainOutline& drawn = outline.chains.emplace_back();
    drawn.name = chain.name;
    drawn.parallelism = chain.parallelism;
    if (chain.source != nullptr) drawn.operators.push_back(SourceOutline(chain));
    for (const runtime::OperatorNode& node : chain.operators)
      drawn.operators.push_back(Plain(node));
  }
  for (const runtime::Edge& edge : graph.edges) outline.edges.push_back(OutlineOf(graph, edge));
  const std::vector<bool> replays = ReplaysOf(outline);
  for (size_t i = 0; i < planned.size(); ++i) {
    std::vector<OperatorOutline>& operators = outline.chains[i].operators;
    const size_t first = graph.chains[i].source != nullptr ? 1 : 0;
    for (const cluster::PlannedOperator& op : planned[i]) {
      if (op.is_source) continue;
      OperatorOutline& drawn = operators[first + op.index];
      AddStates(op.keyed, drawn);
      drawn.guarantee = Promise(replays[i], op.commits);
    }
  }
  return outline;
}

}  // namespace weir::drawing
