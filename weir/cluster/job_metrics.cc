#include "weir/cluster/job_metrics.h"

#include <string>

namespace weir::cluster {

namespace {
double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
}  // namespace

JobMetrics::JobMetrics(env::MetricRegistry& registry, JobEvents& next)
    : registry_(registry), next_(next) {
  attempts_ = registry.NewCounter("weir_attempts", "Attempts that began.", {});
  restarts_ = registry.NewCounter("weir_restarts",
                                  "Attempts that failed and were followed by another.", {});
  checkpoints_ = registry.NewCounter("weir_checkpoints_completed", "Checkpoints completed.", {});
  checkpoints_failed_ =
      registry.NewCounter("weir_checkpoints_failed", "Checkpoints that were given up.", {});
  bytes_written_ =
      registry.NewCounter("weir_checkpoint_bytes_written", "Bytes of completed checkpoints.", {});
  warnings_ = registry.NewCounter("weir_warnings", "Warnings: nothing is lost by them.", {});
  newest_ = registry.NewGauge("weir_checkpoint_newest_id", "The newest completed checkpoint.", {});
  state_bytes_ = registry.NewGauge("weir_checkpoint_state_bytes",
                                   "Memory of keyed state, at the newest checkpoint.", {});
  took_ = registry.NewHistogram("weir_checkpoint_seconds",
                                "From a checkpoint's trigger until it was complete.", {});
  restored_ =
      registry.NewHistogram("weir_restore_seconds", "What it took to restore an attempt.", {});
  longest_step_ = registry.NewHistogram(
      "weir_checkpoint_longest_step_seconds",
      "The longest time that a checkpoint kept records of one subtask waiting.", {},
      {1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 1e-1});
}

void JobMetrics::OnState(JobState state) {
  state_.Set(0);
  state_ = registry_.NewGauge("weir_job_state", "1 for the job's present state.",
                              {{"state", std::string(JobStateName(state))}});
  state_.Set(1);
  next_.OnState(state);
}

void JobMetrics::OnStart(base::Attempt attempt,
                         const std::optional<checkpoint::HistoryRecord>& base, Duration took) {
  attempts_.Add();
  restored_.Observe(Seconds(took));
  next_.OnStart(attempt, base, took);
}

void JobMetrics::OnCheckpoint(base::CheckpointId checkpoint, const CheckpointCosts& costs) {
  checkpoints_.Add();
  bytes_written_.Add(costs.bytes_written);
  newest_.Set(static_cast<double>(checkpoint.number()));
  state_bytes_.Set(static_cast<double>(costs.state_bytes));
  took_.Observe(Seconds(costs.took));
  longest_step_.Observe(Seconds(costs.longest_step));
  next_.OnCheckpoint(checkpoint, costs);
}

void JobMetrics::OnCheckpointFailed(base::CheckpointId checkpoint, const Status& reason,
                                    uint32_t in_a_row, uint32_t tolerated) {
  checkpoints_failed_.Add();
  next_.OnCheckpointFailed(checkpoint, reason, in_a_row, tolerated);
}

void JobMetrics::OnRestart(const Status& reason, uint32_t restart, uint32_t restarts_max,
                           Duration delay) {
  restarts_.Add();
  next_.OnRestart(reason, restart, restarts_max, delay);
}

void JobMetrics::OnWarning(const Status& what) {
  warnings_.Add();
  next_.OnWarning(what);
}

}  // namespace weir::cluster
