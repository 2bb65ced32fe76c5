// StateDescriptor: what a checkpoint's record says of one state of an operator, and the comparison
// of what it says with what the program declares, before a job starts.
// Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/status.h"
#include "weir/record/schema.h"

namespace weir::state {

/// Numbers are part of the format (docs/formats/keyed-state.md).
enum class StateKind : uint8_t {
  kValue = 1,
  kList = 2,
  kReducing = 3,
  kAggregating = 4,
  kTimers = 5,  // of the engine: what it keeps for each key
  kMap = 6,
};

/// "value", "list" and so on.
std::string_view StateKindName(StateKind kind);

/// The inverse; nothing for any other text.
std::optional<StateKind> ParseStateKind(std::string_view name);

struct StateDescriptor {
  std::string name;  // unique within the operator
  StateKind kind = StateKind::kValue;
  record::Schema value;  // of a list, the element; of a map, the map

  friend bool operator==(const StateDescriptor&, const StateDescriptor&) = default;
};

/// The keyed states of one operator, in the order of their indices.
struct OperatorStates {
  std::string uid;
  record::Schema key;
  std::vector<StateDescriptor> states;
};

/// Whether a program that declares `declared` can start from `stored`, the states of the operator
/// of the same uid in `checkpoint` ("checkpoint 117"). New states are fine; those that the program
/// does not declare must be in `allowed_to_drop` ("uid.name").
/// Errors: FailedPrecondition, in one sentence with the cure.
Status CompareStates(const OperatorStates& stored, const OperatorStates& declared,
                     std::string_view checkpoint,
                     std::span<const std::string> allowed_to_drop = {});

}  // namespace weir::state
