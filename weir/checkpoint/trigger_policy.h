// TriggerPolicy decides when the coordinator triggers the next checkpoint, and when failures are
// too many.
//
// One checkpoint at a time. Savepoints (and the checkpoint before a stop or rescale) wait in a
// queue and go first; they do not wait for the interval or the pause. Periodic checkpoints start
// `interval` after the last start and at least `pause` after the last end.
// Threads: one caller at a time (the coordinator). Pure: time comes in by arguments.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "weir/base/status.h"
#include "weir/base/time.h"

namespace weir::checkpoint {

struct TriggerOptions {
  Duration interval{0};           // 0: none but those that are asked for
  std::optional<Duration> pause;  // between an end and the next start; default: half the interval
  Duration timeout = std::chrono::minutes(10);
  uint32_t tolerated_failures = 3;  // in a row; the next one fails the job
};

/// A checkpoint that somebody asked for.
struct CheckpointRequest {
  std::string savepoint;  // its name; empty: a plain checkpoint, taken at once
  uint64_t id = 0;        // the asker's own, to answer it by
  friend bool operator==(const CheckpointRequest&, const CheckpointRequest&) = default;
};

class TriggerPolicy {
 public:
  TriggerPolicy(const TriggerOptions& options, base::Instant now);

  /// Queues a request; it is taken as soon as no checkpoint is in flight, also when one fails
  /// meanwhile.
  /// Errors: ResourceExhausted when limits::kSavepointRequestsMax wait.
  Status Request(CheckpointRequest request);

  /// Whether the job waits for a checkpoint: then it is not left to the interval.
  enum class Need : uint8_t { kNone, kUrgent };

  /// What to do at `now`.
  struct Decision {
    bool trigger = false;
    std::optional<CheckpointRequest> request;  // with `trigger`: whose it is; none: periodic
    // Without `trigger`: nothing happens before it (none: before an event).
    std::optional<base::Instant> look_again;
  };
  /// After a decision to trigger a checkpoint is in flight until one of the next three methods is
  /// called. One that is urgent and failed is taken again after limits::kUrgentCheckpointPause,
  /// doubled with each failure, or with the interval.
  Decision Next(base::Instant now, Need need = Need::kNone);

  /// The checkpoint in flight is complete. Returns the request that it answers.
  std::optional<CheckpointRequest> OnCompleted(base::Instant now);

  /// The checkpoint in flight failed, or could not be triggered.
  struct Failure {
    std::optional<CheckpointRequest> request;  // to be answered: failed, with the reason
    bool too_many = false;                     // more in a row than are tolerated
  };
  Failure OnFailed(base::Instant now);

  /// The attempt ended, and the checkpoint in flight with it: no failure of the checkpoint. Its
  /// request waits again.
  void OnAttemptEnded(base::Instant now);

  bool in_flight() const { return in_flight_; }
  uint32_t failures_in_a_row() const { return failures_; }

 private:
  std::optional<CheckpointRequest> End(base::Instant now);

  TriggerOptions options_;
  std::deque<CheckpointRequest> requests_;
  std::optional<CheckpointRequest> current_;
  bool in_flight_ = false;
  uint32_t failures_ = 0;
  base::Instant last_start_;
  std::optional<base::Instant> last_end_;
};

}  // namespace weir::checkpoint
