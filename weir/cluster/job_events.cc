#include "weir/cluster/job_events.h"

namespace weir::cluster {

std::string_view JobStateName(JobState state) {
  switch (state) {
    case JobState::kCreated:
      return "CREATED";
    case JobState::kWaitingForWorkers:
      return "WAITING_FOR_WORKERS";
    case JobState::kRestoring:
      return "RESTORING";
    case JobState::kRunning:
      return "RUNNING";
    case JobState::kDegraded:
      return "DEGRADED";
    case JobState::kFailing:
      return "FAILING";
    case JobState::kRestarting:
      return "RESTARTING";
    case JobState::kFinished:
      return "FINISHED";
    case JobState::kFailed:
      return "FAILED";
    case JobState::kStopping:
      return "STOPPING";
    case JobState::kStopped:
      return "STOPPED";
    case JobState::kCancelling:
      return "CANCELLING";
    case JobState::kCancelled:
      return "CANCELLED";
  }
  return "UNKNOWN";
}

}  // namespace weir::cluster
