// StatusView: one line on a terminal, redrawn as the job gets on; what is out of the ordinary
// becomes a line above it.
//
//   clicks  RUNNING 00:04:12  in 1.20 M/s  out 1.20 M/s  182 MB  #251 48 ms, 0.9 s ago
//
// 182 MB are the state; 251 is the newest checkpoint, how long it took, when it was complete.
// Threads: as JobView.
#pragma once

#include <string>

#include "weir/cli/line_view.h"

namespace weir::cli {

class StatusView final : public LineView {
 public:
  using LineView::LineView;

  void OnState(cluster::JobState state) override;
  void OnCheckpoint(base::CheckpointId checkpoint, const cluster::CheckpointCosts& costs) override;
  void OnProgress(const cluster::JobProgress& progress) override;
  void OnEnd(const JobEnd& end) override;
};

/// The line for a picture.
std::string StatusLine(const JobPicture& picture);

}  // namespace weir::cli
