#include "weir/cli/job_watch.h"

#include <chrono>
#include <utility>

#include "weir/cli/json_view.h"
#include "weir/cli/line_view.h"
#include "weir/cli/status_view.h"

namespace weir::cli {
namespace {

std::unique_ptr<JobView> MakeView(ProgressMode mode, const JobPicture& picture, Console& console) {
  switch (mode) {
    case ProgressMode::kLine:
      return std::make_unique<LineView>(picture, console);
    case ProgressMode::kStatus:
      return std::make_unique<StatusView>(picture, console);
    case ProgressMode::kJson:
      return std::make_unique<JsonView>(picture, console);
    case ProgressMode::kNone:
      break;
  }
  return std::make_unique<NoView>();
}

constexpr Duration kRateSpan = std::chrono::milliseconds(900);

// Counters begin again with each attempt.
double Rate(uint64_t before, uint64_t after, Duration between) {
  if (after < before || between <= Duration(0)) return 0;
  const double seconds = std::chrono::duration_cast<std::chrono::duration<double>>(between).count();
  return static_cast<double>(after - before) / seconds;
}

}  // namespace

JobWatch::JobWatch(ProgressMode mode, std::string job, Console& console, env::Clock& clock)
    : clock_(clock), view_(MakeView(mode, picture_, console)) {
  picture_.job = std::move(job);
  Note();
  picture_.began = picture_.now;
  Publish();
}

void JobWatch::Note() {
  picture_.now = clock_.Now();
  picture_.now_unix_ms = clock_.UnixMillis();
}

void JobWatch::Publish() {
  const env::MutexLock lock(mutex_);
  shown_ = picture_;
}

JobPicture JobWatch::Look() const {
  const env::MutexLock lock(mutex_);
  JobPicture picture = shown_;
  picture.now = clock_.Now();
  picture.now_unix_ms = clock_.UnixMillis();
  return picture;
}

void JobWatch::OnState(cluster::JobState state) {
  Note();
  picture_.state = state;
  picture_.reigned |= state == cluster::JobState::kWaitingForWorkers;
  Publish();
  view_->OnState(state);
}

void JobWatch::OnStart(base::Attempt attempt, const std::optional<checkpoint::HistoryRecord>& base,
                       Duration took) {
  Note();
  picture_.progress = {};
  measured_ = {};
  measured_at_ = picture_.now;
  Publish();
  view_->OnStart(attempt, base, took);
}

void JobWatch::OnCheckpoint(base::CheckpointId checkpoint, const cluster::CheckpointCosts& costs) {
  Note();
  picture_.checkpoint = {checkpoint, costs, picture_.now};
  Publish();
  view_->OnCheckpoint(checkpoint, costs);
}

void JobWatch::OnCheckpointFailed(base::CheckpointId checkpoint, const Status& reason,
                                  uint32_t in_a_row, uint32_t tolerated) {
  Note();
  view_->OnCheckpointFailed(checkpoint, reason, in_a_row, tolerated);
}

void JobWatch::OnRestart(const Status& reason, uint32_t restart, uint32_t restarts_max,
                         Duration delay) {
  Note();
  view_->OnRestart(reason, restart, restarts_max, delay);
}

void JobWatch::OnProgress(const cluster::JobProgress& progress) {
  Note();
  picture_.progress = progress;
  // Workers report twice a second, each at moments of its own: a rate is that of a longer time.
  if (const Duration between = picture_.now - measured_at_; between >= kRateSpan) {
    picture_.rows_in_per_second = Rate(measured_.rows_in, progress.rows_in, between);
    picture_.rows_out_per_second = Rate(measured_.rows_out, progress.rows_out, between);
    measured_ = progress;
    measured_at_ = picture_.now;
  }
  Publish();
  view_->OnProgress(progress);
}

// Once each, however often it is said in a row.
void JobWatch::OnWarning(const Status& what) {
  if (what == warned_) return;
  warned_ = what;
  Note();
  view_->OnWarning(what);
}

void JobWatch::OnEnd(const JobEnd& end) {
  Note();
  view_->OnEnd(end);
}

}  // namespace weir::cli
