#include "weir/state/operator_backend.h"

#include <algorithm>

#include "weir/base/bytes.h"
#include "weir/base/hash.h"

namespace weir::state {
namespace {

// In front of each item: whether it was written as the type that the program has now.
uint64_t Fingerprint(const OperatorStateDescriptor& state) {
  return base::HashBytes(/*seed=*/0, state.type);
}

Redistribution RedistributionOf(OperatorStateKind kind) {
  return kind == OperatorStateKind::kList ? Redistribution::kSplit : Redistribution::kUnion;
}

}  // namespace

std::string_view OperatorStateKindName(OperatorStateKind kind) {
  switch (kind) {
    case OperatorStateKind::kList:
      return "list";
    case OperatorStateKind::kUnionList:
      return "union list";
    case OperatorStateKind::kBroadcast:
      return "broadcast";
  }
  return "unknown";
}

StatusOr<OperatorCell*> OperatorBackend::Declare(
    const OperatorStateDescriptor& state,
    const std::function<std::unique_ptr<OperatorCell>()>& make) {
  const auto found = std::ranges::find(
      states_, state.name, [](const State& each) -> const auto& { return each.descriptor.name; });
  if (found == states_.end()) {
    states_.push_back({state, make()});
    return states_.back().cell.get();
  }
  if (found->descriptor == state) return found->cell.get();
  return InvalidArgumentError("operator state \"", state.name, "\" is declared twice, as ",
                              OperatorStateKindName(found->descriptor.kind), " of ",
                              found->descriptor.type, " and as ", OperatorStateKindName(state.kind),
                              " of ", state.type, ": give one of them another name");
}

std::vector<OperatorStateDescriptor> OperatorBackend::states() const {
  std::vector<OperatorStateDescriptor> states;
  states.reserve(states_.size());
  for (const State& state : states_) states.push_back(state.descriptor);
  return states;
}

Status OperatorBackend::RestoreItem(std::string_view name, std::string_view item) {
  for (State& state : states_) {
    if (state.descriptor.name != name) continue;
    base::ByteReader in(item);
    if (const uint64_t written = in.U64(); in.ok() && written != Fingerprint(state.descriptor)) {
      return FailedPreconditionError("operator state \"", name,
                                     "\" has another type in the checkpoint than ",
                                     state.descriptor.type,
                                     " in this program: values cannot be converted; give the state "
                                     "another name and drop this one with --allow-dropped-state, "
                                     "or go back to the program that wrote it");
    }
    if (!in.ok() || !state.cell->RestoreItem(item.substr(sizeof(uint64_t))))
      return DataLossError("an item of the operator state \"", name, "\" does not decode");
    return {};
  }
  return FailedPreconditionError("the checkpoint holds operator state \"", name,
                                 "\" that this operator does not declare: give the state its name "
                                 "back");
}

void OperatorBackend::ForEachItem(bool first_subtask, const VisitItem& visit) const {
  for (const State& state : states_) {
    if (state.descriptor.kind == OperatorStateKind::kBroadcast && !first_subtask) continue;
    state.cell->ForEachItem([&](std::string_view item) {
      base::ByteWriter bytes;
      bytes.U64(Fingerprint(state.descriptor));
      bytes.Raw(item);
      visit(state.descriptor.name, RedistributionOf(state.descriptor.kind), bytes.Take());
    });
  }
}

bool OperatorBackend::MayBroadcast(std::string_view state) {
  if (!broadcasting_ && status_.ok()) {
    status_ =
        FailedPreconditionError("broadcast state \"", state,
                                "\" is changed outside ProcessBroadcastElement: subtasks would "
                                "differ; change it there, and nowhere else");
  }
  return broadcasting_;
}

}  // namespace weir::state
