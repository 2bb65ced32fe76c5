#include "weir/cli/line_view.h"

#include <chrono>

#include "weir/cli/units.h"

namespace weir::cli {
namespace {

std::string Skipped(uint64_t rows) {
  return rows == 0 ? std::string() : Concat(", ", rows, " skipped that were no records");
}

}  // namespace

void LineView::OnState(cluster::JobState state) {
  if (state == cluster::JobState::kDegraded) {
    console_.Note("degraded: no checkpoint was completed for three intervals");
  }
  if (state == cluster::JobState::kStopping)
    console_.Note("stopping: one more checkpoint is taken");
}

void LineView::OnStart(base::Attempt, const std::optional<checkpoint::HistoryRecord>& base,
                       Duration took) {
  if (!base) return console_.Note("started empty");
  const std::chrono::milliseconds age(picture_.now_unix_ms - base->written_unix_ms);
  const std::string savepoint =
      base->savepoint.empty() ? "" : Concat(", savepoint ", base->savepoint);
  console_.Note(Concat("resumed from checkpoint ", base->checkpoint->id, " in ", FormatMillis(took),
                       " (", FormatAge(age), " old", savepoint, ")"));
}

void LineView::OnCheckpoint(base::CheckpointId checkpoint, const cluster::CheckpointCosts& costs) {
  console_.Note(Concat("checkpoint ", checkpoint, " complete in ", FormatMillis(costs.took), ", ",
                       costs.bytes_written, " bytes, longest step ",
                       FormatMillis(costs.longest_step)));
}

void LineView::OnCheckpointFailed(base::CheckpointId checkpoint, const Status& reason,
                                  uint32_t in_a_row, uint32_t tolerated) {
  console_.Note(Concat("checkpoint ", checkpoint, " failed (", in_a_row, " in a row, ", tolerated,
                       " tolerated): ", reason.message()));
}

void LineView::OnRestart(const Status& reason, uint32_t restart, uint32_t restarts_max,
                         Duration delay) {
  const std::string of = restarts_max == 0 ? "" : Concat(" of ", restarts_max);
  console_.Note(
      Concat("restart ", restart, of, " in ", FormatMillis(delay), ": ", reason.message()));
}

void LineView::OnProgress(const cluster::JobProgress&) {}

void LineView::OnWarning(const Status& what) { console_.Note(Concat("warning: ", what.message())); }

// The failure itself is an error of the command, not a line of ours.
void LineView::OnEnd(const JobEnd& end) {
  switch (end.kind) {
    case JobEnd::Kind::kFinished:
      return console_.Note(Concat("finished: ", picture_.progress.rows_in, " rows in, ",
                                  picture_.progress.rows_out, " rows out",
                                  Skipped(picture_.progress.rows_skipped)));
    case JobEnd::Kind::kStopped:
      return console_.Note("stopped: the next run resumes from the newest checkpoint");
    case JobEnd::Kind::kCancelled:
      return console_.Note("cancelled: the next run resumes from the newest checkpoint");
    case JobEnd::Kind::kFailed:
      return;
  }
}

}  // namespace weir::cli
