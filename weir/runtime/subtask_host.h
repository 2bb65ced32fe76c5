// SubtaskHost: what a subtask needs of the worker around it: somebody who hears what happened, and
// who takes its snapshots.
// Threads: each subtask's own; the counters from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "weir/base/function.h"
#include "weir/base/ids.h"
#include "weir/base/status.h"
#include "weir/base/time.h"
#include "weir/record/stream_element.h"
#include "weir/runtime/subtask_state.h"
#include "weir/state/snapshot_writer.h"

namespace weir::runtime {

/// Takes what a subtask snapshots. Destroying it before Finish gives the snapshot up.
/// Threads: the subtask's.
class SnapshotStream {
 public:
  virtual ~SnapshotStream() = default;

  /// A chunk of keyed state of the chain's operator `index`.
  virtual void Write(uint32_t index, state::SnapshotChunk chunk) = 0;

  /// A job that must succeed before the snapshot is acknowledged.
  virtual void Defer(base::UniqueFunction<Status()> job) = 0;

  /// As SnapshotContext::Hold.
  virtual base::UniqueFunction<void(Status)> Hold() = 0;

  /// Bytes given to Write that are still in memory.
  virtual size_t bytes_waiting() const = 0;

  struct Costs {
    Duration longest_step{0};  // the longest time that the snapshot kept records waiting
  };
  /// Everything was given. The writer acknowledges once it is durable and the deferred jobs and
  /// holds are done.
  virtual void Finish(SubtaskState state, Costs costs) = 0;
};

/// The worker around a subtask. All calls come from the subtask's thread; an implementation hands
/// them on and returns.
class SubtaskHost {
 public:
  virtual ~SubtaskHost() = default;
  virtual void OnReady(SubtaskId subtask) = 0;
  virtual void OnFailed(SubtaskId subtask, Status status) = 0;
  virtual void OnSplitWanted(SubtaskId subtask) = 0;

  /// All input was consumed and the end-of-input action is done; barriers, snapshots and commits go
  /// on. After a restore it is said again.
  virtual void OnEnded(SubtaskId subtask) = 0;

  /// Nothing that was promised to `checkpoint` or an older one is pending.
  virtual void OnCommitted(SubtaskId subtask, base::CheckpointId checkpoint) = 0;
  virtual std::unique_ptr<SnapshotStream> NewSnapshot(SubtaskId subtask,
                                                      const record::Barrier& barrier) = 0;
};

/// Read by anybody, written by the subtask once a batch.
struct SubtaskCounters {
  std::atomic<uint64_t> rows_in{0};       // from a source
  std::atomic<uint64_t> rows_out{0};      // into a sink
  std::atomic<uint64_t> rows_skipped{0};  // by a source
  std::atomic<uint64_t> state_bytes{0};
};

}  // namespace weir::runtime
