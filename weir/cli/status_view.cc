#include "weir/cli/status_view.h"

#include "weir/cli/units.h"

namespace weir::cli {

std::string StatusLine(const JobPicture& picture) {
  std::string line = Concat(picture.job, "  ", cluster::JobStateName(picture.state), " ",
                            FormatElapsed(picture.now - picture.began), "  in ",
                            FormatRate(picture.rows_in_per_second), "  out ",
                            FormatRate(picture.rows_out_per_second), "  ",
                            FormatBytes(picture.progress.state_bytes));
  if (picture.checkpoint) {
    const CheckpointSeen& seen = *picture.checkpoint;
    line += Concat("  #", seen.id, " ", FormatMillis(seen.costs.took), ", ",
                   FormatAge(picture.now - seen.at), " ago");
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
