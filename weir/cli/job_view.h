// JobView: how the events of a job are shown. LineView writes one line for each event, StatusView
// keeps one line on a terminal, JsonView writes objects. JobWatch keeps the picture that they draw.
// Threads: the coordinator's loop; OnEnd after that loop has ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "weir/base/status.h"
#include "weir/base/time.h"
#include "weir/cluster/job_events.h"

namespace weir::cli {

/// A checkpoint that was completed.
struct CheckpointSeen {
  base::CheckpointId id;
  cluster::CheckpointCosts costs;
  base::Instant at;
};

/// A job as it is now.
struct JobPicture {
  std::string job;
  cluster::JobState state = cluster::JobState::kCreated;
  base::Instant now;              // of the newest event
  int64_t now_unix_ms = 0;        // the same moment
  base::Instant began;            // when this process began to watch
  cluster::JobProgress progress;  // of the present attempt
  double rows_in_per_second = 0;
  double rows_out_per_second = 0;
  std::optional<CheckpointSeen> checkpoint;  // the newest that this process saw complete
  bool reigned = false;                      // the job was this process's to run
};

/// How a run ended.
struct JobEnd {
  enum class Kind : uint8_t {
    kFinished,
    kStopped,    // by a signal, or on demand behind a last checkpoint
    kCancelled,  // on demand
    kFailed,
  };
  Kind kind = Kind::kFailed;
  Status status;   // why it failed
  int signal = 0;  // that stopped it; 0: it was stopped on demand
};

class JobView : public cluster::JobEvents {
 public:
  /// The last event.
  virtual void OnEnd(const JobEnd& end) = 0;
};

/// Shows nothing.
class NoView final : public JobView {
 public:
  void OnState(cluster::JobState) override {}
  void OnStart(base::Attempt, const std::optional<checkpoint::HistoryRecord>&, Duration) override {}
  void OnCheckpoint(base::CheckpointId, const cluster::CheckpointCosts&) override {}
  void OnCheckpointFailed(base::CheckpointId, const Status&, uint32_t, uint32_t) override {}
  void OnRestart(const Status&, uint32_t, uint32_t, Duration) override {}
  void OnProgress(const cluster::JobProgress&) override {}
  void OnWarning(const Status&) override {}
  void OnEnd(const JobEnd&) override {}
};

}  // namespace weir::cli
