// JobWatch: listens to a job, keeps its picture up to date and hands every event on to a view.
// Threads: as JobView.
#pragma once

#include <memory>
#include <string>

#include "weir/cli/console.h"
#include "weir/cli/job_view.h"
#include "weir/env/clock.h"
#include "weir/env/mutex.h"

namespace weir::cli {

enum class ProgressMode : uint8_t { kNone, kLine, kStatus, kJson };

class JobWatch final : public JobView {
 public:
  /// Shapes: `console` and `clock` outlive it.
  JobWatch(ProgressMode mode, std::string job, Console& console, env::Clock& clock);

  const JobPicture& picture() const { return picture_; }

  /// The picture as it is at this moment.
  /// Threads: any thread.
  JobPicture Look() const;

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
  void Note();
  void Publish();

  env::Clock& clock_;
  JobPicture picture_;
  mutable env::Mutex mutex_;
  JobPicture shown_ WEIR_GUARDED_BY(mutex_);  // a copy for other threads
  cluster::JobProgress measured_;             // when the rates were measured last
  base::Instant measured_at_;
  Status warned_;                        // the newest warning
  const std::unique_ptr<JobView> view_;  // reads the picture
};

}  // namespace weir::cli
