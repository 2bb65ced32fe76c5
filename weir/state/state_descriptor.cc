#include "weir/state/state_descriptor.h"

#include <algorithm>

#include "weir/base/check.h"

namespace weir::state {
namespace {

std::string CureOfChange(std::string_view full_name) {
  return Concat("give the state another name and drop the old one with --allow-dropped-state ",
                full_name, ", or go back to the program that wrote it");
}

Status CompareState(std::string_view full_name, const StateDescriptor& stored,
                    const StateDescriptor& declared, std::string_view checkpoint) {
  if (stored.kind != declared.kind) {
    return FailedPreconditionError("state \"", full_name, "\": ", StateKindName(stored.kind),
                                   " state in ", checkpoint, ", ", StateKindName(declared.kind),
                                   " state in this program: ", CureOfChange(full_name));
  }
  if (stored.value != declared.value) {
    return FailedPreconditionError("state \"", full_name, "\": ", stored.value.ToString(), " in ",
                                   checkpoint, ", ", declared.value.ToString(),
                                   " in this program: values cannot be converted; ",
                                   CureOfChange(full_name));
  }
  return OkStatus();
}

}  // namespace

std::string_view StateKindName(StateKind kind) {
  switch (kind) {
    case StateKind::kValue:
      return "value";
    case StateKind::kList:
      return "list";
    case StateKind::kReducing:
      return "reducing";
    case StateKind::kAggregating:
      return "aggregating";
    case StateKind::kTimers:
      return "timers";
    case StateKind::kMap:
      return "map";
  }
  return "unknown";
}

std::optional<StateKind> ParseStateKind(std::string_view name) {
  for (const StateKind kind : {StateKind::kValue, StateKind::kList, StateKind::kReducing,
                               StateKind::kAggregating, StateKind::kTimers, StateKind::kMap}) {
    if (name == StateKindName(kind)) return kind;
  }
  return std::nullopt;
}

Status CompareStates(const OperatorStates& stored, const OperatorStates& declared,
                     std::string_view checkpoint, std::span<const std::string> allowed_to_drop) {
  WEIR_CHECK(stored.uid == declared.uid);
  if (!stored.states.empty() && !declared.states.empty() && stored.key != declared.key) {
    return FailedPreconditionError("keys of \"", stored.uid, "\": ", stored.key.ToString(), " in ",
                                   checkpoint, ", ", declared.key.ToString(),
                                   " in this program: keys cannot be converted; give the operator "
                                   "another name, or go back to the program that wrote it");
  }
  for (const StateDescriptor& state : stored.states) {
    const std::string full_name = stored.uid + "." + state.name;
    const auto same = std::ranges::find(declared.states, state.name, &StateDescriptor::name);
    if (same != declared.states.end()) {
      WEIR_RETURN_IF_ERROR(CompareState(full_name, state, *same, checkpoint));
    } else if (std::ranges::find(allowed_to_drop, full_name) == allowed_to_drop.end()) {
      return FailedPreconditionError("state \"", full_name, "\" is in ", checkpoint,
                                     " and not declared by this program: declare it, or drop it "
                                     "with --allow-dropped-state ",
                                     full_name);
    }
  }
  return OkStatus();
}

}  // namespace weir::state
