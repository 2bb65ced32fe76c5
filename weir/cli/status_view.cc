#include "weir/cli/status_view.h"

#include "weir/cli/units.h"

namespace weir::cli {

std::string StatusLine(const JobPicture& picture) {
  const auto rate = [](double rows) { return FormatCount(static_cast<uint64_t>(rows)); };
  std::string line =
      Concat(picture.job, "  ", cluster::JobStateName(picture.state), " ",
             FormatElapsed(picture.now - picture.began), "   in ", rate(picture.rows_in_per_second),
             "/s  out ", rate(picture.rows_out_per_second), "/s   state ",
             FormatBytes(picture.progress.state_bytes));
  if (picture.checkpoint) {
    const CheckpointSeen& seen = *picture.checkpoint;
    line += Concat("   checkpoint ", seen.id, ": ", FormatMillis(seen.costs.took), ", ",
                   FormatBytes(seen.costs.bytes_written), ", ", FormatAge(picture.now - seen.at),
                   " ago");
  }
  return line;
}

void StatusView::OnState(cluster::JobState state) {
  LineView::OnState(state);
  console().SetStatusLine(StatusLine(picture()));
}

void StatusView::OnCheckpoint(base::CheckpointId, const cluster::CheckpointCosts&) {
  console().SetStatusLine(StatusLine(picture()));
}

void StatusView::OnProgress(const cluster::JobProgress&) {
  console().SetStatusLine(StatusLine(picture()));
}

void StatusView::OnEnd(const JobEnd& end) {
  console().SetStatusLine({});
  LineView::OnEnd(end);
}

}  // namespace weir::cli
