// JsonView: one JSON object a line on standard error: each event, and how the job gets on once a
// second (docs/configuration.md, "Events").
// Threads: as JobView.
#pragma once

#include "weir/cli/console.h"
#include "weir/cli/job_view.h"

namespace weir::cli {

class JsonView final : public JobView {
 public:
  /// Shapes: both outlive it.
  JsonView(const JobPicture& picture, Console& console) : picture_(picture), console_(console) {}

  void OnState(cluster::JobState state) override;
  void OnStart(base::Attempt attempt, const std::optional<checkpoint::HistoryRecord>& base,
               Duration took) override;
  void OnCheckpoint(base::CheckpointId checkpoint, const cluster::CheckpointCosts& costs) override;
  void OnCheckpointFailed(base::CheckpointId checkpoint, const Status& reason, uint32_t in_a_row,
                          uint32_t tolerated) override;
  void OnRestart(const Status& reason, uint32_t restart, uint32_t restarts_max,
                 Duration delay) override;
  void OnProgress(const cluster::JobProgress& progress) override;
  void OnWarning(const Status& what) override;
  void OnEnd(const JobEnd& end) override;

 private:
  const JobPicture& picture_;
  Console& console_;
  std::optional<base::Instant> progress_written_;
};

}  // namespace weir::cli
