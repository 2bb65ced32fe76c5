// SplitLedger keeps the books of one source's splits beside the coordinator: every split is
// unassigned, with one reader, or finished. At a checkpoint the three must add up to all that was
// ever found; PendingCheckpoint checks it with what Capture says.
//
// Pure: events in, answers out. Assignments and triggers reach a reader in the order in which they
// were made here, so what the ledger calls unassigned at a trigger is in no reader's snapshot, and
// everything else is in exactly one. After a failure all splits that were with readers are
// unassigned again, at the positions of the checkpoint: nothing has to be dealt out for a rescale.
// Threads: one caller at a time (the coordinator).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "weir/checkpoint/history_record.h"
#include "weir/checkpoint/pending_checkpoint.h"
#include "weir/runtime/source.h"

namespace weir::cluster {

class SplitLedger {
 public:
  /// Starts from the books of a checkpoint, or from empty ones.
  explicit SplitLedger(const checkpoint::SourceSnapshot& books = {});

  /// The enumerator found splits; known ones are ignored.
  void OnDiscovered(const runtime::Discovery& discovery);
  bool discovery_final() const { return final_; }

  /// What the enumerator said that it must know again; empty at the beginning.
  const std::string& enumerator_state() const { return enumerator_state_; }

  /// A reader asks for a split; it waits until it is answered, and asks in vain while it does.
  void OnWanted(base::SubtaskIndex reader);

  /// The next split, for the waiting reader that was given the fewest (the one that waits longest,
  /// of several).
  struct Assignment {
    base::SubtaskIndex reader;
    std::optional<runtime::Split> split;  // none: nothing follows, ever
  };
  /// None when nobody waits, or those who do must go on waiting.
  std::optional<Assignment> Assign();

  /// The books at the trigger of a checkpoint, and what must come back in the readers' snapshots.
  checkpoint::SourceAtTrigger Capture(const std::string& uid) const;

 private:
  bool final_ = false;
  std::string enumerator_state_;
  std::vector<base::SubtaskIndex> waiting_;       // in the order of asking
  std::map<base::SubtaskIndex, uint64_t> given_;  // how many splits, in this attempt
  std::vector<runtime::Split> unassigned_;        // next one last
  std::set<std::string> assigned_;                // in this attempt, whether finished since or not
  std::set<std::string> finished_;                // before this attempt
};

}  // namespace weir::cluster
