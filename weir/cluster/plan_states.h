// What each operator of a plan declares, found by opening one of each without an environment (Open only declares).
// Threads: pure.
#pragma once

#include <vector>

#include "weir/checkpoint/history_record.h"
#include "weir/runtime/job_graph.h"

namespace weir::cluster {

/// An operator that has state, or a source.
struct PlannedOperator {
  std::string uid;
  std::string kind;
  uint32_t index = 0;                              // in its chain
  bool is_source = false;
  bool has_keyed_state = false;
  std::vector<checkpoint::StateSnapshot> states;   // keyed state, in the order of declaration
};

/// For each chain, its operators with a uid; the source first.
/// Errors: whatever Open says, annotated with the uid.
StatusOr<std::vector<std::vector<PlannedOperator>>> DeclaredStates(const runtime::JobGraph& graph);

/// Ok if the states of `record` can be restored into `declared`.
/// Errors: FailedPrecondition naming the state, what is wrong and the cure.
Status CheckRestorable(const checkpoint::HistoryRecord& record, const std::vector<std::vector<PlannedOperator>>& declared);

}  // namespace weir::cluster
