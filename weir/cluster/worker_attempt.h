// WorkerAttempt: a worker's share of one attempt: its subtasks, the threads that run them, the
// channels between them and to other workers.
//
// It is built from a Deploy message, restores, says when each subtask is ready, and then passes
// orders in and news out. Destroying it cancels it: the threads are joined, the channels closed,
// and what the store still answers is dropped.
// Threads: everything on the worker's loop, but the SubtaskHost methods, which subtasks call on
//   their threads.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "weir/checkpoint/job_files.h"
#include "weir/cluster/actor.h"
#include "weir/cluster/control.h"
#include "weir/cluster/plan_states.h"
#include "weir/env/blob_store.h"
#include "weir/env/env.h"
#include "weir/exchange/data_plane.h"
#include "weir/runtime/job_graph.h"
#include "weir/runtime/subtask.h"

namespace weir::cluster {

class WorkerAttempt final : public runtime::SubtaskHost, private Actor {
 public:
  struct Options {
    env::EventLoop& loop;
    env::Env& env;
    env::BlobStore& store;
    const runtime::JobGraph& graph;
    const std::vector<PlannedChain>& plan;
    const checkpoint::JobFiles& files;
    exchange::DataPlane& data_plane;
    uint32_t threads;
    Duration buffer_timeout;
    uint32_t worker_id;
    base::Epoch epoch;
    base::Attempt attempt;
    // Called on the loop; epoch and attempt are filled in by the worker.
    std::function<void(proto::ToCoordinator)> report;
  };
  /// Shapes: everything borrowed outlives it. `deploy` places at least one subtask on this worker.
  WorkerAttempt(Options options, const proto::Deploy& deploy);
  ~WorkerAttempt() override;

  base::Epoch epoch() const { return options_.epoch; }
  base::Attempt attempt() const { return options_.attempt; }

  /// Restores a subtask, and says when it is ready.
  void Restore(const proto::Restore& message);
  void Begin();
  void Trigger(const record::Barrier& barrier);
  void Abort(base::CheckpointId checkpoint);
  void Complete(runtime::CommitPermit permit);
  void AssignSplits(base::SubtaskId subtask, std::vector<runtime::Split> splits, bool no_more);

  struct Totals {
    uint64_t rows_in = 0, rows_out = 0, rows_skipped = 0, state_bytes = 0;
  };
  Totals totals() const;

  // SubtaskHost
  void OnReady(base::SubtaskId subtask) override;
  void OnFailed(base::SubtaskId subtask, Status status) override;
  void OnSplitWanted(base::SubtaskId subtask) override;
  void OnEnded(base::SubtaskId subtask) override;
  void OnCommitted(base::SubtaskId subtask, base::CheckpointId checkpoint) override;
  std::unique_ptr<runtime::SnapshotStream> NewSnapshot(base::SubtaskId subtask,
                                                       const record::Barrier& barrier) override;

 private:
  struct Ends;  // of channels, while they are being made

  Ends MakeChannels(const proto::Deploy& deploy);
  void MakeSubtask(base::SubtaskId id, Ends& ends, const proto::Deploy& deploy);
  void Report(proto::ToCoordinator message);
  std::set<std::pair<std::string, std::string>> DeclaredOf(base::SubtaskId id) const;
  runtime::Subtask* Find(base::SubtaskId id);

  const Options options_;
  std::vector<std::unique_ptr<runtime::TaskletLoop>> loops_;
  std::map<base::SubtaskId, std::unique_ptr<runtime::Subtask>> subtasks_;
};

}  // namespace weir::cluster
