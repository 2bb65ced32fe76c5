// JobEvents: what a coordinator tells whoever watches the job: the command line prints it, tests
// count it.
// Threads: called on the coordinator's loop; implementations return at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "weir/base/ids.h"
#include "weir/base/status.h"
#include "weir/base/time.h"
#include "weir/checkpoint/history_record.h"

namespace weir::cluster {

enum class JobState : uint8_t {
  kCreated,
  kWaitingForWorkers,
  kRestoring,
  kRunning,
  kDegraded,  // running, but no checkpoint was completed for three intervals
  kFailing,
  kRestarting,
  kFinished,
  kFailed,
  kStopping,    // running, until one more checkpoint is complete and committed
  kStopped,     // behind that checkpoint
  kCancelling,  // the history is told
  kCancelled,
};
/// "RUNNING": Flink's words, but for the two ways in which Weir ends a job on demand.
std::string_view JobStateName(JobState state);

/// What a checkpoint cost.
struct CheckpointCosts {
  Duration took{0};          // from trigger to the record
  Duration longest_step{0};  // the longest time that it kept records of one subtask waiting
  uint64_t bytes_written = 0;
  uint64_t state_bytes = 0;
};

struct JobProgress {
  uint64_t rows_in = 0;
  uint64_t rows_out = 0;
  uint64_t rows_skipped = 0;  // that were no records, as the program allowed
  uint64_t state_bytes = 0;
};

class JobEvents {
 public:
  virtual ~JobEvents() = default;
  virtual void OnState(JobState state) = 0;

  /// An attempt is about to run: from `base`, or empty; restoring took `took`.
  virtual void OnStart(base::Attempt attempt, const std::optional<checkpoint::HistoryRecord>& base,
                       Duration took) = 0;
  virtual void OnCheckpoint(base::CheckpointId checkpoint, const CheckpointCosts& costs) = 0;
  virtual void OnCheckpointFailed(base::CheckpointId checkpoint, const Status& reason,
                                  uint32_t in_a_row, uint32_t tolerated) = 0;

  /// The attempt failed; another one starts after `delay`. `restarts_max` is 0 when any number may
  /// follow.
  virtual void OnRestart(const Status& reason, uint32_t restart, uint32_t restarts_max,
                         Duration delay) = 0;
  virtual void OnProgress(const JobProgress& progress) = 0;

  /// Something went wrong by which nothing is lost, such as the deletion of old checkpoints. It may
  /// be said again with each checkpoint.
  virtual void OnWarning(const Status& what) = 0;
};

}  // namespace weir::cluster
