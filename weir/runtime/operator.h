// Operator: the contract between the engine and everything that handles records between a source
// and the end of a chain.
//
// An OperatorFactory is the const description that the program made; each subtask of each attempt
// makes one Operator from it.
// Order of calls:
//
//   Open → { RestoreItem | RestoreCommittable | RestoreWatermark }*   (keyed state: the runtime)
//        → Start
//        → { Process | OnWatermark | OnProcessingTime | OnTick | Snapshot | OnCheckpointComplete }*
//        → OnEnd   (once, when all inputs have ended)
//        → { OnTick | Snapshot | OnCheckpointComplete }* → destructor
//
// The destructor may come after any call: an attempt can be cancelled. Between two calls nothing of
// the operator runs, but jobs that it posted itself.
// Threads: all calls from the subtask's thread. Nothing in an operator blocks: what blocks goes to
//   env.pool and answers through the mailbox.
// Errors: a Status that a call returns fails the attempt; it is annotated with the uid. Exceptions
//   of user functions are caught around every call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/function.h"
#include "weir/base/hash.h"
#include "weir/base/ids.h"
#include "weir/base/status.h"
#include "weir/record/any_batch.h"
#include "weir/record/stream_element.h"
#include "weir/runtime/commit_permit.h"
#include "weir/runtime/committable.h"
#include "weir/runtime/event_time.h"
#include "weir/runtime/output.h"
#include "weir/state/operator_state.h"

namespace weir::env {
struct Env;
}
namespace weir::state {
class KeyedBackend;
class OperatorBackend;
}  // namespace weir::state

namespace weir::runtime {

/// How a call left its input.
enum class Outcome : uint8_t {
  kNeedInput,   // all of it was consumed; for OnWatermark and the like: done
  kMoreOutput,  // the output must be drained first; the call comes again with the same input
  // Cannot go on until something outside happens, which then calls Mailbox::Post; the call comes
  // again with the same input.
  kBlocked,
};

/// What is left of an input batch. The operator moves the cursor on as it consumes; it may take the
/// rows away whole (Output::Forward).
struct Input {
  base::PortIndex port;     // on which it came
  record::AnyBatch& batch;  // its rows
  uint32_t cursor = 0;      // the first row not yet consumed; batch.size() when done
  // The row that a user's function had when it threw; kNoRow when the operator does not say.
  uint32_t in_hand = kNoRow;
  static constexpr uint32_t kNoRow = UINT32_MAX;
};

/// Lets other threads hand work to a subtask; closures run on its thread between batches, in order
/// of posting.
/// Threads: any thread. Posting to a subtask that has ended drops the closure.
class Mailbox {
 public:
  virtual ~Mailbox() = default;
  /// Runs `closure` soon.
  virtual void Post(base::Closure closure) = 0;
};

/// An output of an operator beside those of its factory, for rows that its function gives to the
/// tag of this name.
struct SideOutput {
  std::string name;                       // of the tag
  const record::TypeOps* type = nullptr;  // of its rows
};

/// Where and as whom an operator runs.
struct OperatorContext {
  std::string uid;                 // under which its state is kept
  base::SubtaskIndex subtask;      // of the operator's
  uint32_t parallelism = 1;        // how many there are
  uint32_t max_parallelism = 1;    // key groups of the job
  base::KeyGroupRange key_groups;  // that this subtask owns
  base::HashSeed hash_seed = 0;    // of keys, for the life of a lineage
  base::Epoch epoch;               // of the coordinator's reign
  base::Attempt attempt;           // within the reign
  base::Lineage lineage;           // the line of resumes
  base::CheckpointId restored;     // that the attempt starts from; 0: it starts empty
  // Those that somebody reads; their ports are behind those of the factory.
  std::vector<SideOutput> side_outputs;
  env::Env* env = nullptr;           // outlives the operator
  std::shared_ptr<Mailbox> mailbox;  // shared with jobs that outlive the operator
};

/// What an operator adds to the snapshot of its subtask, at the barrier.
class SnapshotContext {
 public:
  virtual ~SnapshotContext() = default;

  /// That the snapshot is for.
  virtual base::CheckpointId checkpoint() const = 0;

  /// Adds one item of operator list state `state`.
  virtual void AddItem(std::string_view state, state::Redistribution redistribution,
                       std::string item) = 0;

  /// Adds a closed batch that is not known to be committed; oldest first.
  virtual void AddCommittable(Committable committable) = 0;

  /// Runs `job` on the pool; the snapshot is acknowledged only after it returned ok, declined with
  /// its status otherwise. For what must become durable before the checkpoint may count on it (a
  /// sink's sealed file).
  virtual void Defer(base::UniqueFunction<Status()> job) = 0;

  /// For what is under way and answers by itself, where a job would only wait: the snapshot is
  /// acknowledged only after the function was called with ok, declined when it was with anything
  /// else. Never called, it holds the snapshot until the checkpoint is given up.
  /// Threads: the function is called once, on any thread.
  virtual base::UniqueFunction<void(Status)> Hold() = 0;
};

class Operator {
 public:
  virtual ~Operator() = default;

  /// Declares states, timers and side outputs; acquires nothing. Runs for `plan` too (then
  /// `context.env` is null).
  virtual Status Open(const OperatorContext& context) = 0;

  /// The keyed state declared in Open, or null. The runtime restores and snapshots it.
  virtual state::KeyedBackend* keyed_state() { return nullptr; }

  /// The state without keys declared in Open, or null; for plans. The operator restores and
  /// snapshots it itself, with RestoreItem and SnapshotContext::AddItem.
  virtual const state::OperatorBackend* operator_states() const { return nullptr; }

  /// An item of operator list state, as dealt to this subtask; between Open and Start.
  /// Errors: DataLoss when it cannot be read; FailedPrecondition when the program changed so that
  ///   it cannot be used, with the cure.
  virtual Status RestoreItem(std::string_view state, std::string_view item);

  /// A committable that the checkpoint holds and that was dealt to this subtask; between Open and
  /// Start, oldest first per origin.
  /// Errors: FailedPrecondition unless the operator is a committing sink.
  virtual Status RestoreCommittable(Committable committable);

  /// Where event time was at the checkpoint for the keys of `key_groups`, which this subtask owns;
  /// between Open and Start, once for each range. The subtask's own watermark begins at the
  /// smallest of them; what was late before must be late after.
  virtual void RestoreWatermark(base::KeyGroupRange key_groups, Timestamp watermark);

  /// State is as restored; acquires resources.
  virtual Status Start() = 0;

  /// Consumes rows of `input` from the cursor on. Returns after the first user call that left
  /// MustDrain true (kMoreOutput), or when all is consumed.
  virtual StatusOr<Outcome> Process(Input& input, Output& output) = 0;

  /// The operator's watermark (the minimum over its inputs) rose. Fires event-time timers in
  /// pieces; the driver forwards the watermark after kNeedInput.
  virtual StatusOr<Outcome> OnWatermark(record::Watermark watermark, Output& output);

  /// When the earliest timer of processing time is due; asked between batches. The driver calls
  /// OnProcessingTime at that time or up to 10 ms later, and never again after OnEnd.
  virtual std::optional<int64_t> next_timer_unix_ms() const { return std::nullopt; }

  /// Fires the timers that are due at `now_unix_ms`, in pieces as OnWatermark.
  virtual StatusOr<Outcome> OnProcessingTime(int64_t now_unix_ms, Output& output);

  /// True for an operator that makes watermarks: those of its input end here, but for the last one
  /// (kMaxTimestamp). A fact of the class: asked once, before Open.
  virtual bool makes_watermarks() const { return false; }

  /// Of an operator that makes watermarks: event time behind everything that it put out. Asked
  /// between batches; what is new goes on behind those rows.
  virtual EventTime event_time() const { return {}; }

  /// Of an operator that makes watermarks: nothing is known of event time on its input, or
  /// something is again. It ends here, as watermarks do.
  virtual void OnIdle(bool /*idle*/) {}

  /// All inputs ended: the last chance to emit. Runs once in the life of the job: "done" is state.
  virtual StatusOr<Outcome> OnEnd(Output& output);

  /// The state at this point goes into the checkpoint; keyed state is frozen by the runtime right
  /// after. Must not emit.
  virtual Status Snapshot(SnapshotContext& snapshot);

  /// The checkpoint is complete, and so is every older one. May come late, never, or again after a
  /// restore.
  virtual Status OnCheckpointComplete(const CommitPermit& permit);

  /// Comes between batches, after closures of the mailbox were run and at least every 10 ms, also
  /// after OnEnd: for what waits for time to pass (a retry), and to report a failure found outside
  /// a call (by a job on the pool). Must not emit.
  virtual Status OnTick() { return {}; }

  /// True for a committing sink: what it committed is what a rewind would repeat.
  virtual bool commits() const { return false; }

  /// True while something that was promised to a completed checkpoint is under way (a commit): the
  /// job does not finish before it is false.
  virtual bool HasPendingCommits() const { return false; }
};

/// The const description of an operator: made once by the program, shared by all its subtasks.
/// Threads: const methods from any thread.
class OperatorFactory {
 public:
  virtual ~OperatorFactory() = default;
  /// An operator for one subtask of one attempt.
  virtual std::unique_ptr<Operator> New() const = 0;

  /// The type of each output port, in order; empty for a sink.
  virtual std::vector<const record::TypeOps*> output_types() const = 0;

  /// For plans and logs: "map", "keyed-process", "csv-sink".
  virtual std::string kind() const = 0;

  /// True when the context's side outputs mean something to the operator.
  virtual bool has_side_outputs() const { return false; }
};

/// The type of each output port of an operator with `side_outputs`.
std::vector<const record::TypeOps*> OutputTypesOf(const OperatorFactory& factory,
                                                  std::span<const SideOutput> side_outputs);

}  // namespace weir::runtime
