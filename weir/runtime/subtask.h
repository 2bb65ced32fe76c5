// Subtask: one parallel instance of a chain, as a tasklet. It takes elements from its inputs (or
// its source), drives them through the chain, aligns barriers, takes snapshots and tells its host
// what happened.
//
//   kOpening ──FinishRestore──▶ kReady ──Begin──▶ kRunning ──all input ended──▶ kEnded
//   any of them ──▶ kFailed
//
// No subtask leaves before the job does: an ended one still forwards barriers, acknowledges and
// commits. A snapshot point lies between two records of the head: it is taken when the chain is
// drained. Keyed state is then frozen in constant time and encoded in pieces between batches; the
// host writes the pieces.
// Threads: the constructor and destructor from the worker's; the Post… methods from any thread; all
//   else happens on the tasklet's thread.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "weir/env/env.h"
#include "weir/exchange/input_gate.h"
#include "weir/record/stream_element.h"
#include "weir/runtime/alignment.h"
#include "weir/runtime/chain_driver.h"
#include "weir/runtime/job_graph.h"
#include "weir/runtime/subtask_state.h"
#include "weir/runtime/task_mailbox.h"
#include "weir/runtime/tasklet_loop.h"
#include "weir/runtime/watermark_merge.h"
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

  /// Bytes given to Write that are still in memory.
  virtual size_t bytes_waiting() const = 0;

  struct Costs {
    Duration longest_step{0};  // the longest time that the snapshot kept records waiting
    Duration encoding{0};      // all such time
  };
  /// Everything was given. The writer acknowledges once it is durable and the deferred jobs are
  /// done.
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
  std::atomic<uint64_t> rows_in{0};   // from a source
  std::atomic<uint64_t> rows_out{0};  // into a sink
  std::atomic<uint64_t> state_bytes{0};
};

class Subtask final : public Tasklet {
 public:
  struct Options {
    SubtaskId id;
    const Chain& chain;                         // outlives the subtask
    OperatorContext context;                    // uid and mailbox are filled in for each operator
    std::unique_ptr<exchange::InputGate> gate;  // null with a source
    std::vector<OutEdge> edges;
    SubtaskHost& host;
    exchange::WakeTarget& wake;
    Duration buffer_timeout;
  };
  explicit Subtask(Options options);
  ~Subtask() override;

  SubtaskId id() const { return id_; }
  const SubtaskCounters& counters() const { return counters_; }

  /// Outlives the subtask; posting to it when the subtask is gone does nothing.
  std::shared_ptr<Mailbox> mailbox() const { return mailbox_; }

  struct RestoredChunk {
    std::string uid;  // of the operator
    std::string state;
    std::string bytes;
    base::Closure taken;  // called when its rows are in the table; dropped when they never will be
  };
  /// Inserts a chunk of keyed state.
  void PostRestore(RestoredChunk chunk);

  /// All keyed state was posted: the rest of it, then OnReady.
  void PostFinishRestore(SubtaskState state);
  void PostBegin();
  void PostTrigger(record::Barrier barrier);
  void PostAbort(base::CheckpointId checkpoint);
  void PostComplete(CommitPermit permit);
  void PostSplits(std::vector<Split> splits, bool no_more);

  Progress Run() override;

 private:
  enum class Phase : uint8_t { kOpening, kReady, kRunning, kEnded, kFailed };
  class Snapshot;
  struct NewSplits {
    std::vector<Split> splits;
    bool no_more = false;
  };

  void Post(base::UniqueFunction<Status()> call);
  Status Open();
  Status FinishRestore(const SubtaskState& state);
  void RestoreWatermarks(const SubtaskState& state);
  Status RunPiece(bool& progress);
  Status Work(bool& progress);
  StatusOr<bool> TakeInput();
  StatusOr<bool> PollSource();
  Status OnElement(exchange::GateElement element);
  Status OnBarrier(base::ChannelIndex channel, const record::Barrier& barrier);
  void Decide(const AlignmentDecision& decision, base::ChannelIndex channel);
  void OnWatermarkChange(const WatermarkChange& change);
  Status StartNextControl();
  Status AddSplits(NewSplits news);
  bool StartTimersIfDue();
  Status TakeSnapshot(const record::Barrier& barrier);
  void AddProgress(SubtaskState& state) const;
  Status StepSnapshot(bool& progress);
  void EndSnapshot();
  Status OnComplete(const CommitPermit& permit);
  void NoteCompleted(base::CheckpointId checkpoint);
  Status TickIfDue(bool now);
  void ReportCommits();
  Status FlushIfDue(bool idle);
  void Fail(const Status& status);

  const SubtaskId id_;
  const Chain& chain_;
  OperatorContext context_;
  SubtaskHost& host_;
  env::Env& env_;
  const Duration buffer_timeout_;
  std::shared_ptr<TaskMailbox> mailbox_;  // shared with jobs and operators that outlive the subtask

  std::unique_ptr<SourceReader> reader_;
  std::unique_ptr<exchange::InputGate> gate_;
  std::unique_ptr<ChainDriver> driver_;
  std::optional<Alignment> alignment_;
  std::optional<WatermarkMerge> watermarks_;  // of the gate
  EventTimeReport source_time_;

  Phase phase_ = Phase::kOpening;
  base::ChannelIndex fed_from_;  // whose batch is in the chain
  // To be done before any further input, each when the chain is empty: elements go through it;
  // splits must not overtake the barrier of a checkpoint that was triggered before they were given.
  std::deque<std::variant<record::ControlElement, NewSplits>> controls_;
  record::Barrier barrier_;             // the newest that arrived
  std::unique_ptr<Snapshot> snapshot_;  // being encoded
  std::vector<std::string> finished_splits_;
  bool split_wanted_ = false;
  bool end_sent_ = false;  // the end-of-input action is done or under way
  bool end_reported_ = false;
  Timestamp watermark_ = kMinTimestamp;
  base::CheckpointId completed_, reported_;  // commits wanted and reported up to
  base::Instant last_flush_, last_tick_;
  base::Instant poll_again_;
  SubtaskCounters counters_;
};

}  // namespace weir::runtime
