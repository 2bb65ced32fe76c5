// JobMetrics: listens to a job and counts for whoever watches it from outside: restarts,
// checkpoints and what they cost, the job's state. Hands every event on.
// Threads: as JobEvents.
#pragma once

#include "weir/cluster/job_events.h"
#include "weir/env/metrics.h"

namespace weir::cluster {

class JobMetrics final : public JobEvents {
 public:
  /// Shapes: `registry` and `next` outlive it.
  JobMetrics(env::MetricRegistry& registry, JobEvents& next);

  void OnState(JobState state) override;
  void OnStart(base::Attempt attempt, const std::optional<checkpoint::HistoryRecord>& base,
               Duration took) override;
  void OnCheckpoint(base::CheckpointId checkpoint, const CheckpointCosts& costs) override;
  void OnCheckpointFailed(base::CheckpointId checkpoint, const Status& reason, uint32_t in_a_row,
                          uint32_t tolerated) override;
  void OnRestart(const Status& reason, uint32_t restart, uint32_t restarts_max,
                 Duration delay) override;
  void OnProgress(const JobProgress& progress) override { next_.OnProgress(progress); }
  void OnWarning(const Status& what) override;

 private:
  env::MetricRegistry& registry_;
  JobEvents& next_;
  Counter attempts_, restarts_, checkpoints_, checkpoints_failed_, bytes_written_, warnings_;
  Gauge newest_, state_bytes_;
  Histogram took_, restored_, longest_step_;
  Gauge state_;  // of the present state: 1
};

}  // namespace weir::cluster
