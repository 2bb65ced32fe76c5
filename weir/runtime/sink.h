// Sink: the contract for everything that takes records out exactly once.
//
// A SinkWriter collects rows into a batch that is durable but invisible once the checkpoint's
// acknowledgement is out (PreCommit) and becomes visible when the checkpoint is complete (Commit).
// connectors/committing_sink.h is the operator around it: it keeps, in order, every committable not
// known to be committed — those of aborted checkpoints too: an abort is no event for a sink — and
// commits them with a permit, oldest first, one at a time.
//
// Order of calls: Start(pending) → { Write | PreCommit | Commit }* → destructor. Every method is
//   pure: nobody can forget one.
// Threads: all calls from the subtask's thread. The jobs that PreCommit and Commit return run on
//   the pool, beside calls of the writer and maybe after its end: they own what they use, but for
//   `context.env`.
// Errors: a Status that a call returns, and what it throws, fails the attempt, with the uid. The
//   next attempt tries again, unless the code says that it would fail as this one did
//   (docs/design/contracts.md, "A Status says what the receiver shall do").
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "weir/base/function.h"
#include "weir/base/status.h"
#include "weir/runtime/commit_permit.h"
#include "weir/runtime/committable.h"
#include "weir/runtime/operator.h"

namespace weir::runtime {

/// What writes in one subtask; Sink says how it is called.
class SinkWriter {
 public:
  virtual ~SinkWriter() = default;

  /// Acquires resources and removes leftovers: only what is of this sink and lineage, of a dead
  /// attempt, of an origin dealt to this subtask (origin % parallelism == subtask), and not in
  /// `pending`.
  /// Errors: FailedPrecondition when output of the lineage is newer than `context.restored`.
  virtual Status Start(const OperatorContext& context, std::span<const Committable> pending) = 0;

  /// Takes rows [begin, batch.size()). The batch is the caller's again afterwards.
  virtual Status Write(const record::AnyBatch& batch, uint32_t begin) = 0;

  /// A payload for each batch closed (none when nothing was written), and a job for the pool after
  /// which they are durable.
  struct Closed {
    std::vector<std::string> payloads;            // of committables, the sink's own
    base::UniqueFunction<Status()> make_durable;  // empty when there is nothing to do
  };
  virtual StatusOr<Closed> PreCommit(base::CheckpointId checkpoint) = 0;

  /// A job for the pool that makes `committable` visible. Idempotent: "done already" is shown by
  /// positive evidence only (the final thing with its size and digest), never by a missing staged
  /// one. Asked anew for each try.
  /// Errors of the job: Unavailable and ResourceExhausted are tried again, up to
  ///   limits::kCommitTriesMax times; anything else fails the attempt.
  virtual base::UniqueFunction<Status()> Commit(const CommitPermit& permit,
                                                const Committable& committable) = 0;
};

/// The const description of a committing sink.
/// Threads: const methods from any thread.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual std::string kind() const = 0;                       // "csv-sink"
  virtual std::unique_ptr<SinkWriter> NewWriter() const = 0;  // one for each subtask
};

}  // namespace weir::runtime
