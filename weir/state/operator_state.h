// Operator state: state that belongs to a subtask and to no key (splits of a source, committables
// of a sink), as named lists of items that a restore deals out again. Threads: pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/bytes.h"
#include "weir/base/ids.h"
#include "weir/base/status.h"

namespace weir::state {

/// Numbers are part of the format (docs/formats/keyed-state.md).
enum class Redistribution : uint8_t {
  kSplit = 1,  // each item goes to one subtask
  kUnion = 2,  // every subtask gets all items
};

/// One named list, as one subtask had it. What an item means is known to the operator alone.
struct OperatorList {
  std::string name;
  Redistribution redistribution = Redistribution::kSplit;
  std::vector<std::string> items;

  friend bool operator==(const OperatorList&, const OperatorList&) = default;

  void Encode(base::ByteWriter& out) const;
  /// Errors: DataLoss.
  static StatusOr<OperatorList> Decode(base::ByteReader& in);
};

/// The items of the list `name` that `subtask` of `parallelism` starts with. `parts` has the lists
/// of all subtasks of the checkpoint in their order, whatever their number was. Split: runs of
/// neighbours, whose sizes differ by one at most, so that at the same parallelism and even parts
/// nothing moves; each item goes to exactly one subtask.
/// Shapes: subtask in [0, parallelism).
/// Errors: DataLoss when the parts disagree on the redistribution.
StatusOr<std::vector<std::string>> DealItems(std::span<const OperatorList> parts,
                                             std::string_view name, base::SubtaskIndex subtask,
                                             uint32_t parallelism);

}  // namespace weir::state
