// The rescale plan: which pieces of a checkpoint each subtask of a new parallelism reads.
//
// Key groups are contiguous, so a subtask reads the packs that overlap its range and of those only
// the overlap. Committables go to the subtask `origin % parallelism`: with an unchanged parallelism
// everything returns to where it came from, and whoever cleans up after an origin is whoever has
// what is pending of it. Items of lists return, too, and are dealt out in turn at another one.
// Threads: pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "weir/base/hash.h"
#include "weir/base/ids.h"
#include "weir/base/time.h"
#include "weir/checkpoint/history_record.h"

namespace weir::checkpoint {

/// A pack and the key groups to be read from it.
struct PackPart {
  PackRef pack;
  base::KeyGroupRange key_groups;
  friend bool operator==(const PackPart&, const PackPart&) = default;
};

/// What one subtask of an operator restores.
struct OperatorRestore {
  base::SubtaskIndex subtask;
  base::KeyGroupRange key_groups;
  std::vector<PackPart> packs;                 // in the order in which they are applied
  std::vector<ListItem> items;                 // split: dealt out; union: all of them
  std::vector<PendingCommit> pending_commits;  // oldest first per origin
  std::vector<EventTimeRange> event_times;     // cut to the subtask's key groups
  Timestamp watermark = kMinTimestamp;         // the minimum of the ranges
  bool end_of_input_done = false;              // everywhere in the subtask's key groups
};

/// One entry per subtask of the operator `uid` at `parallelism`; an operator that the checkpoint
/// does not know restores nothing.
/// Shapes: parallelism in [1, record.max_parallelism]; record is a checkpoint.
std::vector<OperatorRestore> PlanRestore(const HistoryRecord& record, std::string_view uid,
                                         uint32_t parallelism);

}  // namespace weir::checkpoint
