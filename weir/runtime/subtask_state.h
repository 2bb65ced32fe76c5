// SubtaskState: everything of a subtask's snapshot but its keyed state, which goes to packs. Small:
// it travels in the acknowledgement.
// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weir/base/hash.h"
#include "weir/base/ids.h"
#include "weir/base/time.h"
#include "weir/runtime/source.h"
#include "weir/state/operator_state.h"

namespace weir::runtime {

using base::SubtaskId;

/// One item of operator list state.
struct OperatorItem {
  std::string uid;
  std::string state;
  state::Redistribution redistribution = state::Redistribution::kSplit;
  std::string bytes;
  friend bool operator==(const OperatorItem&, const OperatorItem&) = default;
};

/// A committable of the sink `uid`.
struct OperatorCommittable {
  std::string uid;
  Committable committable;
  friend bool operator==(const OperatorCommittable&, const OperatorCommittable&) = default;
};

/// How far event time came, as the operator (or source) `uid` knew it, for keys of `key_groups`.
struct OperatorEventTime {
  std::string uid;
  base::KeyGroupRange key_groups;
  Timestamp watermark = kMinTimestamp;
  friend bool operator==(const OperatorEventTime&, const OperatorEventTime&) = default;
};

struct SubtaskState {
  std::vector<Split> splits;                 // of a source: unfinished, with positions
  std::vector<std::string> finished_splits;  // of a source: read to the end since the attempt began
  std::vector<OperatorItem> items;
  std::vector<OperatorCommittable> committables;  // oldest first per operator
  std::vector<OperatorEventTime> event_times;  // of a restore: cut to the key groups of the subtask
  bool ended = false;                          // all input was consumed and OnEnd is done
  friend bool operator==(const SubtaskState&, const SubtaskState&) = default;
};

/// The smallest watermark of `uid`; kMinTimestamp unless one is known for each of `key_groups`.
Timestamp WatermarkOf(const SubtaskState& state, const std::string& uid,
                      base::KeyGroupRange key_groups);

}  // namespace weir::runtime
