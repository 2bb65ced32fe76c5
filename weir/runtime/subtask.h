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

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "weir/env/env.h"
#include "weir/exchange/input_gate.h"
#include "weir/record/stream_element.h"
#include "weir/runtime/alignment.h"
#include "weir/runtime/chain_driver.h"
#include "weir/runtime/job_graph.h"
#include "weir/runtime/subtask_host.h"
#include "weir/runtime/subtask_metrics.h"
#include "weir/runtime/subtask_snapshot.h"
#include "weir/runtime/subtask_state.h"
#include "weir/runtime/task_mailbox.h"
#include "weir/runtime/tasklet_loop.h"
#include "weir/runtime/watermark_merge.h"

namespace weir::runtime {

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
  struct NewSplits {
    std::vector<Split> splits;
    bool no_more = false;
  };

  void Post(base::UniqueFunction<Status()> call);
  template <class Call>
  Status ForEachOperator(Call call);
  template <class Call>
  std::invoke_result_t<Call> CallSource(Call call);
  Status Open(std::vector<OutEdge> edges, exchange::WakeTarget& wake);
  Status FinishRestore(const SubtaskState& state);
  void RestoreWatermarks(const SubtaskState& state);
  Status RunPiece(bool& progress);
  Status Work(bool& progress);
  StatusOr<bool> TakeInput();
  StatusOr<bool> PollSource();
  Status OnElement(exchange::GateElement element);
  Status OnBarrier(base::ChannelIndex channel, const record::Barrier& barrier);
  void CarryOut(const AlignmentDecision& decision, base::ChannelIndex channel);
  void OnWatermarkChange(const WatermarkChange& change);
  Status StartNextControl();
  Status AddSplits(NewSplits news);
  bool StartTimersIfDue();
  Status TakeSnapshot(const record::Barrier& barrier);
  void AddEventTimes(SubtaskState& state) const;
  Status StepSnapshot(bool& progress);
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
  record::Barrier barrier_;                    // the newest that arrived
  std::unique_ptr<SubtaskSnapshot> snapshot_;  // being encoded
  std::vector<std::string> finished_splits_;
  bool split_wanted_ = false;
  bool end_sent_ = false;  // the end-of-input action is done or under way
  bool end_reported_ = false;
  Timestamp watermark_ = kMinTimestamp;
  base::CheckpointId completed_, reported_;  // commits wanted and reported up to
  base::Instant last_flush_, last_tick_;
  base::Instant poll_again_;
  SubtaskCounters counters_;
  SubtaskMetrics metrics_;
  SubtaskMetrics::Spent waiting_for_ = SubtaskMetrics::Spent::kIdle;
  std::optional<base::Instant> aligning_since_;
  base::Instant snapshot_since_;
};

}  // namespace weir::runtime
