// Coordinator: the role that owns a job: its history, placement, attempts, checkpoints and
// restarts.
//
//   take over ─▶ kWaitingForWorkers ─▶ kRestoring ─▶ kRunning ⇄ kDegraded ─▶ kFinished
//                   ▲                  ▲      │           │
//                   │ too few workers  │      ▼           ▼
//                   └────────────── kRestarting ◀──── kFailing      kFailed from anywhere
//
// On demand a job ends from anywhere: kStopping ─▶ kStopped behind one more checkpoint, if it runs;
// kCancelling ─▶ kCancelled at once.
//
// A reign that ends because the store left a record undecided is followed by another take-over of
// the same coordinator.
//
// An attempt: Deploy to the workers, every subtask Ready, Start, checkpoints; a failure of any
// subtask or worker cancels all of it, and the next attempt starts from the newest complete
// checkpoint. While the record of a checkpoint is undecided nothing is deployed: what it decides is
// what is restored. A job that starts empty completes a checkpoint of nothing before its first
// split is given out, so that there is always a base. A job is finished when a checkpoint in which
// every subtask had ended is complete and committed, and the end record stands.
//
// The file coordinator.cc has the reign and the workers, coordinator_attempt.cc deployment and
// failure, coordinator_checkpoint.cc checkpoints, coordinator_stop.cc the end on demand;
// source_coordinator.h has discovery and splits.
// Threads: an actor; everything on its loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "weir/base/limits.h"
#include "weir/checkpoint/history.h"
#include "weir/checkpoint/pending_checkpoint.h"
#include "weir/checkpoint/rescale_plan.h"
#include "weir/checkpoint/trigger_policy.h"
#include "weir/cluster/actor.h"
#include "weir/cluster/control.h"
#include "weir/cluster/job_events.h"
#include "weir/cluster/plan_states.h"
#include "weir/cluster/restart_policy.h"
#include "weir/cluster/source_coordinator.h"
#include "weir/env/blob_store.h"
#include "weir/env/env.h"
#include "weir/runtime/job_graph.h"

namespace weir::cluster {

/// How a job ends on demand.
enum class StopHow : uint8_t {
  kStop,    // behind one more checkpoint, when all that sinks promised is committed
  kCancel,  // at once
};

class Coordinator final : private Actor, private env::Acceptor {
 public:
  struct Options {
    env::EventLoop& loop;
    env::Env& env;
    env::BlobStore& store;
    const runtime::JobGraph& graph;
    std::string address;   // to listen on
    uint32_t workers = 1;  // an attempt is deployed on this many
    std::string writer;    // for people: "host-a, pid 4711"
    checkpoint::TakeOverOptions::Start start = checkpoint::TakeOverOptions::Start::kExplicit;
    checkpoint::TakeOverOptions::From from = checkpoint::TakeOverOptions::From::kResume;
    base::CheckpointId from_checkpoint;  // with kCheckpoint
    std::string from_savepoint;          // with kSavepoint
    // States that no operator claims and that may be lost (CheckRestorable).
    std::vector<std::string> allowed_to_drop;
    // May refuse what the job would start from.
    std::function<Status(const checkpoint::Proposal&)> judge;
    checkpoint::TriggerOptions triggers;
    uint32_t retained_max = 3;
    RestartOptions restart;
    JobEvents& events;
    // Called once, on the loop: ok when finished, Aborted when fenced, Cancelled when the job was
    // stopped or cancelled (the state says which).
    std::function<void(Status)> on_end;
  };

  /// Listens, and takes over.
  /// Shapes: everything borrowed outlives it.
  /// Errors: the address cannot be listened on; an operator's declarations are wrong.
  static StatusOr<std::unique_ptr<Coordinator>> Start(Options options);
  ~Coordinator() override;

  JobState state() const { return state_; }

  /// Ends the job on demand when it is called; does nothing any more when the job has ended.
  /// Threads: the function from any thread, and for ever; several calls are as one, but that a
  ///   job that is being stopped may still be cancelled.
  std::function<void(StopHow)> stopper();

  /// The lineage of the present reign.
  /// Shapes: on the loop, inside JobEvents::OnStart.
  base::Lineage lineage() const { return history_->lineage(); }

 private:
  struct WorkerEntry {
    std::shared_ptr<env::Connection> connection;
    std::optional<proto::Register> hello;  // said before this coordinator reigned: answered then
    std::string name;                      // empty until it is admitted
    std::string data_address;
    base::Instant heard;
    bool deployed = false;  // has, or may have, subtasks of the present attempt
    proto::Progress progress;
  };
  // What each attempt begins anew.
  struct AttemptState {
    std::set<base::SubtaskId> not_ready;
    std::map<base::ChainIndex, std::unique_ptr<SourceCoordinator>> sources;
    bool splits_held = false;           // until the first checkpoint of an empty job is complete
    bool had_ended = true;              // every subtask, in the checkpoint that it starts from
    std::set<base::SubtaskId> running;  // subtasks whose input has not ended
    // Complete, with every subtask ended, or the last one before a stop: what it promised is being
    // committed.
    std::optional<base::CheckpointId> final;
    bool stops = false;  // `final` is the one before a stop
    std::map<base::SubtaskId, base::CheckpointId> committed;
  };
  using WorkerKey = uint32_t;  // number of the connection, from 1
  // By uid: what each subtask of the operator gets of the newest checkpoint.
  using OperatorRestores = std::map<std::string, std::vector<checkpoint::OperatorRestore>>;

  Coordinator(Options options, std::vector<PlannedChain> plan);

  // The subtasks of an attempt run.
  bool IsRunning() const {
    return state_ == JobState::kRunning || state_ == JobState::kDegraded ||
           state_ == JobState::kStopping;
  }

  // coordinator.cc
  std::shared_ptr<env::ConnectionHandler> Accept(
      std::shared_ptr<env::Connection> connection) override;
  void BeginReign();
  void OnReign(StatusOr<checkpoint::ReignStart> start);
  Status Judge(const checkpoint::Proposal& proposal);
  void EndReign(const Status& reason);
  void OnFrame(WorkerKey key, const std::string& frame);
  void OnConnectionLost(WorkerKey key, const Status& reason);
  void OnRegister(WorkerKey key, const proto::Register& hello);
  void Admit(WorkerKey key, const proto::Register& hello);
  void OnAttemptMessage(WorkerKey key, const proto::ToCoordinator& message);
  bool IsPlanned(base::SubtaskId subtask) const;
  void OnTick();
  JobProgress Progress() const;
  void UpdateHealth();
  void Send(const WorkerEntry& worker, proto::ToWorker message);
  void Broadcast(const proto::ToWorker& message);
  void SetState(JobState state);
  void EndJob(const Status& status);
  void EndJob(const Status& status, JobState last);

  // coordinator_stop.cc
  void Stop();
  void EndStopped();
  void FailWhileStopping(const Status& reason);
  void Cancel();

  // coordinator_attempt.cc
  void TryDeploy();
  void Deploy(const std::vector<WorkerKey>& workers);
  proto::Deploy PlanDeployment(const std::vector<WorkerKey>& workers) const;
  OperatorRestores PlanRestores() const;
  proto::Restore RestoreMessage(base::SubtaskId subtask, const OperatorRestores& restores) const;
  void OnReady(base::SubtaskId subtask);
  void StartSource(base::ChainIndex chain);
  void FailAttempt(const Status& reason);
  void OnCancelled(WorkerKey key);
  void AfterCancel();

  // coordinator_checkpoint.cc
  void ConsiderTrigger();
  void Trigger(const std::optional<checkpoint::CheckpointRequest>& request);
  void OnAcknowledge(const proto::ToCoordinator& message);
  void OnDecline(const proto::ToCoordinator& message);
  void OnCollected();
  void OnAppended(const checkpoint::CheckpointBody& body,
                  StatusOr<checkpoint::Completion> completion);
  // `reason` by value: it may be that of `pending_`, which is destroyed.
  void OnCheckpointFailed(base::CheckpointId checkpoint, Status reason);
  void Retire();
  void Announce(const checkpoint::Completion& completion);
  void OnCommitted(base::SubtaskId subtask, base::CheckpointId checkpoint);
  void OnEnded(base::SubtaskId subtask);
  void FinishIfCommitted();

  const Options options_;
  const std::vector<PlannedChain> plan_;
  std::unique_ptr<env::Listener> listener_;
  WorkerKey last_key_ = 0;  // touched by Accept, on the transport's thread, only
  std::map<WorkerKey, WorkerEntry> workers_;

  JobState state_ = JobState::kCreated;
  std::unique_ptr<checkpoint::History> history_;
  bool reigning_ = false;
  base::Epoch epoch_;  // of the present reign, or of the last one
  uint32_t reigns_ = 0;
  bool ended_ = false;         // EndJob was called
  bool stopping_ = false;      // Stop was called
  base::Instant stop_asked_;   // then
  bool end_asked_ = false;     // the record of the stop is under way
  proto::ToWorker job_ended_;  // what it said
  Duration next_reign_in_ = limits::kStoreRetryDelay;
  base::Instant ticked_at_;

  base::Attempt attempt_;
  RestartPolicy restarts_;
  Duration restart_rest_{0};
  bool restart_due_ = true;  // the delay before the next attempt is over
  base::Instant restore_began_;
  checkpoint::CheckpointRef finished_base_;  // the job had finished behind it: all is committed
  AttemptState this_attempt_;

  std::optional<checkpoint::TriggerPolicy> policy_;
  std::optional<env::TimerId> trigger_timer_;
  std::unique_ptr<checkpoint::PendingCheckpoint> pending_;
  std::string savepoint_;  // name of the pending one
  base::Instant triggered_;
  CheckpointCosts costs_;                             // of the pending one, as far as acknowledged
  bool appending_ = false;                            // a record is under way: undecided
  std::optional<checkpoint::Completion> completion_;  // of the newest checkpoint
  base::Instant completed_at_;
  // The attempt in which left-over files were looked for.
  base::Attempt swept_;
};

}  // namespace weir::cluster
