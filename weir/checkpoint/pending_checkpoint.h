// PendingCheckpoint: one checkpoint between its trigger and its record, as the coordinator sees it.
//
// A pure state machine: it counts acknowledgements, ignores what is stale or doubled, and says when
// everything is there. It completes nothing: a collected checkpoint becomes complete when its
// record is won (history.h).
//
//   kCollecting ──all acknowledged──▶ kCollected
//        └──declined, expired, given up──▶ kAborted
//
// Invariants: an acknowledgement counts once, only under the (epoch, attempt, id) of this
//   checkpoint, only from a subtask of the attempt, and only if each of its packs was written for
//   this checkpoint or is named by the base's record.
// Threads: one caller at a time (the coordinator).
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "weir/base/ids.h"
#include "weir/base/status.h"
#include "weir/base/time.h"
#include "weir/checkpoint/history_record.h"
#include "weir/env/env.h"

namespace weir::checkpoint {

/// What every message, pack and acknowledgement of a checkpoint carries.
struct CheckpointTag {
  base::Epoch epoch;
  base::Attempt attempt;
  base::CheckpointId checkpoint;
  friend auto operator<=>(const CheckpointTag&, const CheckpointTag&) = default;
};

using base::SubtaskId;

/// One subtask's share of a checkpoint. Its operators carry what this subtask snapshot of them.
struct Acknowledgement {
  CheckpointTag tag;
  SubtaskId subtask;
  std::vector<PackRef> packs;
  std::vector<OperatorSnapshot> operators;
  uint64_t bytes_written = 0;
  uint64_t state_bytes = 0;
};

/// What the coordinator knew of a source when it triggered.
struct SourceAtTrigger {
  std::string uid;
  SourceSnapshot snapshot;  // the unassigned and the finished splits
  // Ids of the splits that readers hold: each must come back from exactly one.
  std::vector<std::string> assigned;
};

/// Counts of what was ignored; only tests look at them yet.
struct IgnoredAcknowledgements {
  uint64_t stale = 0;      // of another epoch, attempt or checkpoint
  uint64_t duplicate = 0;  // a second time
  // Of a subtask that is not of the attempt, or with packs that are not this checkpoint's.
  uint64_t foreign = 0;
  friend bool operator==(const IgnoredAcknowledgements&, const IgnoredAcknowledgements&) = default;
};

class PendingCheckpoint {
 public:
  enum class State : uint8_t { kCollecting, kCollected, kAborted };

  struct Options {
    CheckpointTag tag;
    std::vector<SubtaskId> expected;  // not empty
    std::vector<SourceAtTrigger> sources;
    std::vector<ChainSummary> chains;   // in the order of ChainIndex
    std::optional<HistoryRecord> base;  // the complete checkpoint that deltas build on; none: whole
    int64_t trigger_unix_ms = 0;
    base::Instant triggered;
    Duration timeout{0};
  };
  PendingCheckpoint(Options options, env::Chaos& chaos);

  /// Takes an acknowledgement, or ignores and counts it. Returns true when it was the last one.
  bool OnAcknowledge(Acknowledgement acknowledgement);

  /// A subtask cannot take its snapshot. Ignored and counted when stale.
  void OnDecline(const CheckpointTag& tag, SubtaskId subtask, const Status& reason);

  /// Aborts with DeadlineExceeded, naming subtasks that are missing, when the time is over. Returns
  /// true if it did.
  bool OnTime(base::Instant now);

  /// Aborts with `reason` (the attempt failed, the job is cancelled), unless it is over already.
  void Abort(Status reason);

  State state() const { return state_; }
  const CheckpointTag& tag() const { return options_.tag; }
  base::Instant deadline() const { return options_.triggered + options_.timeout; }

  /// Why it was aborted.
  const Status& reason() const { return reason_; }
  const IgnoredAcknowledgements& ignored() const { return ignored_; }
  std::vector<SubtaskId> Missing() const;

  /// The body of the record, from all acknowledgements.
  /// Shapes: state() == kCollected.
  /// Errors: Internal naming the split when the splits of a source are not each there exactly once.
  StatusOr<CheckpointBody> Assemble(base::Instant now) const;

 private:
  bool Belongs(const Acknowledgement& acknowledgement) const;

  Options options_;
  env::Chaos& chaos_;
  State state_ = State::kCollecting;
  Status reason_;
  std::set<std::string> base_packs_;
  // One entry per expected subtask.
  std::map<SubtaskId, std::optional<Acknowledgement>> acknowledgements_;
  IgnoredAcknowledgements ignored_;
};

}  // namespace weir::checkpoint
