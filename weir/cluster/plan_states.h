// What each operator of a plan declares, found by opening one of each without an environment (Open
// only declares), and the way between that, a subtask's snapshot and a checkpoint's record.
// Threads: pure.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "weir/checkpoint/history_record.h"
#include "weir/runtime/job_graph.h"
#include "weir/runtime/subtask_state.h"
#include "weir/state/state_descriptor.h"

namespace weir::cluster {

/// An operator with a uid, or a source.
struct PlannedOperator {
  std::string uid;
  std::string kind;
  uint32_t index = 0;  // in its chain; not of a source
  bool is_source = false;
  bool commits = false;
  bool has_keyed_state = false;
  state::OperatorStates keyed;
  // The names of its state without keys; nothing: it knows its items itself.
  std::optional<std::set<std::string, std::less<>>> lists;

  /// False of an item that the program dropped.
  bool Takes(const checkpoint::ListItem& item) const {
    return !lists || lists->contains(item.state);
  }
};
using PlannedChain = std::vector<PlannedOperator>;  // the source first

/// One entry for each chain of the graph.
/// Errors: whatever Open says, annotated with the uid.
StatusOr<std::vector<PlannedChain>> DeclaredStates(const runtime::JobGraph& graph);

/// What the acknowledgement of one subtask adds to the checkpoint's record, operator by operator.
std::vector<checkpoint::OperatorSnapshot> SnapshotsOf(const PlannedChain& chain,
                                                      base::SubtaskId subtask,
                                                      const runtime::SubtaskState& state,
                                                      base::KeyGroupRange key_groups);

/// Ok if the program can start from `record`: every state that it holds is claimed or may be
/// dropped, and no type has changed.
/// Shapes: `allowed_to_drop` has "uid.state", or "uid" for an operator without keyed state.
/// Errors: FailedPrecondition naming the state, what is wrong and the cure.
Status CheckRestorable(const checkpoint::HistoryRecord& record,
                       const std::vector<PlannedChain>& plan,
                       std::span<const std::string> allowed_to_drop = {});

/// Ok if at the program's parallelism no subtask that had ended is fed by one that had not.
/// Errors: FailedPrecondition naming both chains and the cure.
Status CheckEnds(const checkpoint::HistoryRecord& record, const runtime::JobGraph& graph,
                 const std::vector<PlannedChain>& plan);

}  // namespace weir::cluster
