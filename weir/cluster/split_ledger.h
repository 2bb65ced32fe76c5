// SplitLedger keeps the books of one source's splits beside the coordinator: every split is unassigned, with one reader, or finished, and at every
// checkpoint the three must add up to all that was ever found.
//
// Pure: events in, answers out. Assignments and triggers reach a reader in the order in which they were made here, so what the ledger calls unassigned at a
// trigger is in no reader's snapshot, and everything else is in exactly one.
// After a failure all splits that were with readers are unassigned again, at the positions of the checkpoint: nothing has to be dealt out for a rescale.
// Threads: one caller at a time (the coordinator).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "weir/base/ids.h"
#include "weir/base/status.h"
#include "weir/runtime/source.h"

namespace weir::cluster {

/// The books at one moment, as a checkpoint keeps them.
struct SplitBooks {
  bool discovery_final = false;           // no split will be found any more
  std::vector<runtime::Split> unassigned;  // with positions; those that readers held are among them after a checkpoint was put together
  std::vector<std::string> finished;      // ids, sorted
  friend bool operator==(const SplitBooks&, const SplitBooks&) = default;
};

class SplitLedger {
 public:
  /// Starts from the books of a checkpoint, or from empty ones.
  explicit SplitLedger(SplitBooks books = {});

  /// The enumerator found splits; known ones are ignored.
  void OnDiscovered(const runtime::Discovery& discovery);
  bool discovery_final() const { return final_; }

  /// The next split for a reader that wants one; none when nothing is unassigned.
  std::vector<runtime::Split> Assign(base::SubtaskIndex reader);

  /// True when a reader that finds nothing unassigned may be told that nothing follows.
  bool NoMore() const { return final_ && unassigned_.empty(); }

  /// The books at the trigger of a checkpoint, together with what must come back in the readers' snapshots.
  struct AtTrigger {
    SplitBooks books;
    std::set<std::string> with_readers;  // assigned in this attempt, whether finished since or not
  };
  AtTrigger Capture() const;

  /// What one reader's snapshot holds.
  struct ReaderPart {
    std::vector<runtime::Split> unfinished;
    std::vector<std::string> finished;  // since the attempt began
  };

  /// Puts the books of a checkpoint together.
  /// Errors: Internal when the parts do not add up to all splits: the checkpoint must not complete.
  static StatusOr<SplitBooks> Close(const AtTrigger& trigger, const std::vector<ReaderPart>& parts);

 private:
  bool final_ = false;
  std::vector<runtime::Split> unassigned_;  // next one last
  std::set<std::string> assigned_;          // in this attempt
  std::set<std::string> finished_;          // before this attempt
};

}  // namespace weir::cluster
