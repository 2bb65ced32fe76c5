// LocalJob: a whole job in this process: one coordinator and one worker, each on a loop of its own,
// over the transport that never leaves the process. What a cluster does between machines happens
// here between threads, with the same code.
// Threads: the main thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weir/api/plan.h"
#include "weir/base/status.h"
#include "weir/checkpoint/take_over.h"
#include "weir/cluster/coordinator.h"
#include "weir/cluster/job_events.h"
#include "weir/cluster/worker.h"
#include "weir/env/posix_env.h"
#include "weir/env/stop_signals.h"

namespace weir::cli {

/// What a job starts from.
struct StartFrom {
  checkpoint::TakeOverOptions::From from = checkpoint::TakeOverOptions::From::kResume;
  base::CheckpointId checkpoint;  // with kCheckpoint
  std::string savepoint;          // with kSavepoint
};

class LocalJob {
 public:
  struct Options {
    env::PosixEnv& world;
    env::BlobStore& store;
    const api::JobPlan& plan;
    StartFrom from;
    std::vector<std::string> allowed_to_drop;
    std::function<Status(const checkpoint::Proposal&)> judge;
    cluster::JobEvents& events;
    env::StopSignals& signals;  // woken when the job ends
  };

  /// Starts the job.
  /// Shapes: everything borrowed outlives it. The world's pool is stopped when it goes.
  /// Errors: an operator's declarations are wrong.
  static StatusOr<std::unique_ptr<LocalJob>> Start(Options options);

  /// Cancels what still runs, and returns when nothing does: a user's function that does not return
  /// holds it up.
  ~LocalJob();

  /// After it there are no events; what runs goes on, and is told nothing more.
  void StopCoordinator();
  LocalJob(const LocalJob&) = delete;
  LocalJob& operator=(const LocalJob&) = delete;

  /// Ends the job on demand (Coordinator::stopper).
  /// Threads: the function from any thread, while this lives.
  std::function<void(cluster::StopHow)> stopper() const { return coordinator_->stopper(); }

  /// How the job ended, if it did: ok when it is finished, Aborted when another process took it
  /// over, Cancelled when it was ended on demand.
  std::optional<Status> end() const;

 private:
  // Outlives the coordinator, which reports to it.
  struct End {
    mutable env::Mutex mutex;
    std::optional<Status> status WEIR_GUARDED_BY(mutex);
  };

  explicit LocalJob(const Options& options);
  cluster::Coordinator::Options CoordinatorOptions(const Options& options);
  cluster::Worker::Options WorkerOptions(const Options& options);

  env::PosixEnv& world_;
  env::Env env_;
  End end_;
  const std::unique_ptr<env::EventLoop> coordinator_loop_;
  const std::unique_ptr<env::EventLoop> worker_loop_;
  std::unique_ptr<cluster::Coordinator> coordinator_;
  std::unique_ptr<cluster::Worker> worker_;
};

}  // namespace weir::cli
