// Worker: the role that runs subtasks. It registers with the coordinator, builds an attempt when
// told to, and obeys the highest epoch that it has seen.
//
// It decides nothing: when the connection breaks it goes on, connects again and registers anew; a
// coordinator of a newer epoch deploys over whatever runs. Only when it has heard no coordinator
// for `silence_max` does it cancel its subtasks by itself: nobody could commit for them.
// Threads: an actor; everything on its loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weir/checkpoint/job_files.h"
#include "weir/cluster/actor.h"
#include "weir/cluster/control.h"
#include "weir/cluster/plan_states.h"
#include "weir/cluster/worker_attempt.h"
#include "weir/env/blob_store.h"
#include "weir/env/env.h"
#include "weir/exchange/data_plane.h"

namespace weir::cluster {

class Worker final : private Actor {
 public:
  struct Options {
    env::EventLoop& loop;
    env::Env& env;
    env::BlobStore& store;
    const runtime::JobGraph& graph;
    std::string name;  // unique among the job's workers
    std::string coordinator_address;
    std::string data_address;  // to listen on for other workers
    uint32_t threads = 1;
    Duration buffer_timeout = std::chrono::milliseconds(1);
    // Called once, on the loop, when the job is over for this worker.
    std::function<void(Status)> on_end;
  };

  /// Opens the data plane and starts to connect.
  /// Shapes: everything borrowed outlives it.
  /// Errors: the address cannot be listened on; an operator's declarations are wrong.
  static StatusOr<std::unique_ptr<Worker>> Start(Options options);
  ~Worker();

 private:
  Worker(Options options, std::unique_ptr<exchange::DataPlane> data_plane,
         std::vector<PlannedChain> plan);
  void Connect();
  void OnFrame(const std::string& frame);
  void OnConnectionLost(const Status& reason);
  void OnDeploy(const proto::ToWorker& message);
  bool IsCurrent(const proto::ToWorker& message) const;
  void OnAttemptMessage(const proto::ToWorker& message);
  void OnTick();
  void SendProgress();
  void Send(proto::ToCoordinator message);

  const Options options_;
  const checkpoint::JobFiles files_;
  const std::vector<PlannedChain> plan_;
  std::unique_ptr<exchange::DataPlane> data_plane_;
  std::unique_ptr<WorkerAttempt> attempt_;
  std::shared_ptr<env::Connection> connection_;
  uint64_t connection_number_ = 0;  // news of an earlier connection are stale
  bool connected_ = false;
  uint32_t worker_id_ = 0;
  base::Epoch highest_epoch_;
  base::Instant heard_;  // when a coordinator said something last
};

}  // namespace weir::cluster
