#include "weir/cluster/plan_states.h"

#include <algorithm>
#include <utility>

#include "weir/checkpoint/rescale_plan.h"
#include "weir/runtime/user_code.h"
#include "weir/state/keyed_backend.h"
#include "weir/state/operator_backend.h"

namespace weir::cluster {
namespace {

constexpr uint32_t kSerializerVersion = 1;

StatusOr<PlannedOperator> Declared(const runtime::OperatorNode& node, uint32_t index,
                                   const runtime::JobGraph& graph) {
  PlannedOperator planned;
  planned.uid = node.uid;
  planned.kind = node.factory->kind();
  planned.index = index;
  runtime::OperatorContext context;
  context.uid = node.uid;
  context.max_parallelism = graph.max_parallelism;
  context.key_groups = {base::KeyGroup(0), base::KeyGroup(graph.max_parallelism)};
  std::unique_ptr<runtime::Operator> op;
  const Status opened = runtime::CatchUserExceptions([&] {
    op = node.factory->New();
    return op->Open(context);
  });
  WEIR_RETURN_IF_ERROR(opened.Annotated(node.uid));
  planned.commits = op->commits();
  if (const state::KeyedBackend* backend = op->keyed_state()) {
    planned.has_keyed_state = true;
    planned.keyed = backend->states();
    planned.keyed.uid = node.uid;
  }
  if (const state::OperatorBackend* backend = op->operator_states()) {
    planned.lists.emplace();
    for (const state::OperatorStateDescriptor& each : backend->states())
      planned.lists->insert(each.name);
  }
  return planned;
}

// State without keys that nobody declares any more.
Status CheckLists(const checkpoint::OperatorSnapshot& op, const PlannedOperator& planned,
                  const std::string& checkpoint, std::span<const std::string> allowed_to_drop) {
  for (const checkpoint::ListItem& item : op.items) {
    const std::string name = Concat(op.uid, ".", item.state);
    if (planned.Takes(item) || std::ranges::find(allowed_to_drop, name) != allowed_to_drop.end())
      continue;
    return FailedPreconditionError("state \"", name, "\" of ", checkpoint,
                                   " is not declared by this program: declare it "
                                   "again, or drop it with --allow-dropped-state ",
                                   name);
  }
  return {};
}

const PlannedOperator* Find(const std::vector<PlannedChain>& plan, const std::string& uid) {
  for (const PlannedChain& chain : plan) {
    for (const PlannedOperator& op : chain) {
      if (op.uid == uid) return &op;
    }
  }
  return nullptr;
}

StatusOr<state::OperatorStates> Stored(const checkpoint::OperatorSnapshot& op,
                                       const std::string& checkpoint) {
  state::OperatorStates stored;
  stored.uid = op.uid;
  for (const checkpoint::StateSnapshot& state : op.states) {
    if (state.key_schema) stored.key = *state.key_schema;
    const std::optional<state::StateKind> kind = state::ParseStateKind(state.kind);
    if (!kind) {
      return FailedPreconditionError("state \"", op.uid, ".", state.name, "\" of ", checkpoint,
                                     " is of a kind that this version of Weir does not know: ",
                                     state.kind, "; run the version that wrote it");
    }
    stored.states.push_back({state.name, *kind, state.value_schema.value_or(record::Schema{})});
  }
  return stored;
}

}  // namespace

StatusOr<std::vector<PlannedChain>> DeclaredStates(const runtime::JobGraph& graph) {
  std::vector<PlannedChain> plan;
  for (const runtime::Chain& chain : graph.chains) {
    PlannedChain planned;
    if (chain.source != nullptr) {
      PlannedOperator source;
      source.uid = chain.source_uid;
      source.kind = chain.source->kind();
      source.is_source = true;
      planned.push_back(std::move(source));
    }
    for (uint32_t i = 0; i < chain.operators.size(); ++i) {
      if (chain.operators[i].uid.empty()) continue;
      WEIR_ASSIGN_OR_RETURN(PlannedOperator op, Declared(chain.operators[i], i, graph));
      planned.push_back(std::move(op));
    }
    plan.push_back(std::move(planned));
  }
  return plan;
}

std::vector<checkpoint::OperatorSnapshot> SnapshotsOf(const PlannedChain& chain,
                                                      base::SubtaskId subtask,
                                                      const runtime::SubtaskState& state,
                                                      base::KeyGroupRange key_groups) {
  std::vector<checkpoint::OperatorSnapshot> snapshots;
  for (const PlannedOperator& op : chain) {
    checkpoint::OperatorSnapshot snapshot;
    snapshot.uid = op.uid;
    snapshot.kind = op.kind;
    snapshot.chain = subtask.chain.number();
    snapshot.commits = op.commits;
    for (const state::StateDescriptor& descriptor : op.keyed.states) {
      snapshot.states.push_back({descriptor.name,
                                 std::string(state::StateKindName(descriptor.kind)), op.keyed.key,
                                 descriptor.value, kSerializerVersion});
    }
    for (const runtime::OperatorItem& item : state.items) {
      if (item.uid != op.uid) continue;
      snapshot.items.push_back({item.state, item.redistribution, subtask.subtask, item.bytes});
    }
    for (const runtime::OperatorCommittable& pending : state.committables) {
      if (pending.uid != op.uid) continue;
      const runtime::Committable& committable = pending.committable;
      snapshot.pending_commits.push_back(
          {committable.origin, committable.lineage, committable.checkpoint, committable.payload});
    }
    if (op.is_source) {
      snapshot.source.emplace();
      for (const runtime::Split& split : state.splits)
        snapshot.source->splits.push_back(
            {split.id, split.position, /*finished=*/false, split.watermark_state});
      for (const std::string& id : state.finished_splits)
        snapshot.source->splits.push_back({id, {}, /*finished=*/true, {}});
    }
    snapshot.event_times.push_back(
        {key_groups, runtime::WatermarkOf(state, op.uid, key_groups), state.ended});
    snapshots.push_back(std::move(snapshot));
  }
  return snapshots;
}

Status CheckRestorable(const checkpoint::HistoryRecord& record,
                       const std::vector<PlannedChain>& plan,
                       std::span<const std::string> allowed_to_drop) {
  const std::string name = Concat("checkpoint ", record.checkpoint->id);
  for (const checkpoint::OperatorSnapshot& op : record.checkpoint->operators) {
    const PlannedOperator* planned = Find(plan, op.uid);
    if (planned != nullptr) {
      state::OperatorStates declared = planned->keyed;
      declared.uid = op.uid;
      WEIR_ASSIGN_OR_RETURN(const state::OperatorStates stored, Stored(op, name));
      WEIR_RETURN_IF_ERROR(state::CompareStates(stored, declared, name, allowed_to_drop));
      WEIR_RETURN_IF_ERROR(CheckLists(op, *planned, name, allowed_to_drop));
      continue;
    }
    const auto may_drop = [&](const std::string& what) {
      return std::ranges::find(allowed_to_drop, what) != allowed_to_drop.end();
    };
    const bool holds_something = !op.states.empty() || !op.items.empty() ||
                                 !op.pending_commits.empty() || op.source.has_value();
    if (!holds_something || may_drop(op.uid)) continue;
    for (const checkpoint::StateSnapshot& state : op.states) {
      if (may_drop(op.uid + "." + state.name)) continue;
      return FailedPreconditionError(
          "state \"", op.uid, ".", state.name, "\" of ", name,
          " is claimed by no operator of this program: give an operator the name \"", op.uid,
          "\" again, or drop it with --allow-dropped-state ", op.uid, ".", state.name);
    }
    if (!op.states.empty()) continue;
    return FailedPreconditionError(
        "\"", op.uid, "\" (", op.kind, ") of ", name,
        " is not in this program: give it its name again, or drop it with --allow-dropped-state ",
        op.uid);
  }
  return {};
}

Status CheckEnds(const checkpoint::HistoryRecord& record, const runtime::JobGraph& graph,
                 const std::vector<PlannedChain>& plan) {
  // Of each chain, which subtasks had ended. Edges lead to higher numbers.
  std::vector<std::vector<bool>> ended;
  for (size_t chain = 0; chain < plan.size(); ++chain) {
    const uint32_t parallelism = graph.chains[chain].parallelism;
    std::vector<bool>& of_chain = ended.emplace_back(parallelism, true);
    bool known = false;
    for (const PlannedOperator& op : plan[chain]) {
      if (!std::ranges::count(record.checkpoint->operators, op.uid,
                              &checkpoint::OperatorSnapshot::uid))
        continue;
      known = true;
      const auto restores = checkpoint::PlanRestore(record, op.uid, parallelism);
      for (size_t i = 0; i < parallelism; ++i)
        of_chain[i] = of_chain[i] && restores[i].end_of_input_done;
    }
    for (const runtime::Edge& edge : graph.edges) {
      if (edge.to.number() != chain) continue;
      const std::vector<bool>& from = ended[edge.from.number()];
      const bool forward = edge.partitioning == runtime::Partitioning::kForward;
      const bool all = !std::ranges::count(from, false);
      for (size_t i = 0; i < parallelism; ++i) {
        const bool inputs_ended = forward ? from[i] : all;
        // Nothing is kept of the chain: it ends with its inputs.
        if (!known) of_chain[i] = of_chain[i] && inputs_ended;
        if (!of_chain[i] || inputs_ended) continue;
        return FailedPreconditionError(
            "a part of ", graph.chains[chain].name, " had ended in checkpoint ",
            record.checkpoint->id, ", and would get rows again from ",
            graph.chains[edge.from.number()].name,
            ": go on with the parallelism that both had, until the job has ended, or start anew "
            "with --fresh");
      }
    }
  }
  return {};
}

}  // namespace weir::cluster
