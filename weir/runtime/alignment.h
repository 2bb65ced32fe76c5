// Alignment decides when one subtask takes the snapshot of a checkpoint, from the barriers that
// arrive on its inputs.
//
// It is a pure state machine: each event returns the decision, the subtask carries it out. It knows
// nothing of time, threads, channels' contents or operators, so every order of events can be tested
// as a picture (alignment_test.cc).
//
// Invariants:
//   * A channel is blocked from the moment its barrier of the current checkpoint arrived until the
//     snapshot is decided or the checkpoint given up.
//   * At most one checkpoint is being aligned. A newer one gives the older up; an older one is
//     stale and ignored.
//   * A channel whose input has ended counts as if its barrier had arrived, for this and every
//     later checkpoint.
// Threads: one caller at a time (the subtask).
#pragma once

#include <cstdint>
#include <vector>

#include "weir/base/ids.h"

namespace weir::runtime {

/// What the caller must do now, in this order: unblock, then block, then snapshot.
struct AlignmentDecision {
  bool unblock_all = false;       // every channel blocked so far delivers again
  bool block = false;             // the channel of this event delivers nothing more
  bool snapshot = false;          // take the snapshot `checkpoint`, forward its barrier
  base::CheckpointId checkpoint;  // meaningful when `snapshot`
  friend bool operator==(const AlignmentDecision&, const AlignmentDecision&) = default;
};

class Alignment {
 public:
  /// Aligns over `channels` inputs.
  /// Shapes: channels >= 1, fixed for the life of an attempt.
  explicit Alignment(uint32_t channels);

  /// A barrier of `checkpoint` arrived on `channel`.
  /// Shapes: channel in [0, channels); not twice for one checkpoint on one channel.
  /// Errors: none; checks the bounds. A stale barrier (of a checkpoint older than one already seen)
  ///   is a decision to do nothing.
  /// Source: Carbone et al., "Lightweight Asynchronous Snapshots for Distributed Dataflows", 2015,
  ///   algorithm 1.
  [[nodiscard]] AlignmentDecision OnBarrier(base::ChannelIndex channel,
                                            base::CheckpointId checkpoint);

  /// The input of `channel` ended: no element follows but barriers, which need not be waited for.
  [[nodiscard]] AlignmentDecision OnEndOfInput(base::ChannelIndex channel);

  /// The coordinator gave `checkpoint` up: an alignment of it, or of an older one, is given up, and
  /// barriers of either that are still to come are stale. Does nothing when a newer one was seen.
  [[nodiscard]] AlignmentDecision OnAbort(base::CheckpointId checkpoint);

 private:
  enum class Channel : uint8_t { kOpen, kArrived, kEnded };

  bool Complete() const;
  AlignmentDecision GiveUp();
  AlignmentDecision Snapshot();
  void OpenAll();

  std::vector<Channel> channels_;
  base::CheckpointId newest_;  // the newest checkpoint seen, whether aligned, given up or done
  bool aligning_ = false;
};

}  // namespace weir::runtime
