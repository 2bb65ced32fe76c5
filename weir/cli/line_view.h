// LineView: one line on standard error for each event, stable, to be read by people and programs
// (docs/configuration.md, "Events").
// Threads: as JobView.
#pragma once

#include <string>

#include "weir/cli/console.h"
#include "weir/cli/job_view.h"

namespace weir::cli {

class LineView : public JobView {
 public:
  /// Shapes: both outlive it.
  LineView(const JobPicture& picture, Console& console) : picture_(picture), console_(console) {}

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

 protected:
  const JobPicture& picture() const { return picture_; }
  Console& console() const { return console_; }

 private:
  const JobPicture& picture_;
  Console& console_;
};

}  // namespace weir::cli
