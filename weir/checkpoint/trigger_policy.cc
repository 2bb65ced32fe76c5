#include "weir/checkpoint/trigger_policy.h"

#include <algorithm>
#include <utility>

#include "weir/base/check.h"
#include "weir/base/limits.h"

namespace weir::checkpoint {

TriggerPolicy::TriggerPolicy(const TriggerOptions& options, base::Instant now)
    : options_(options), last_start_(now) {}

Status TriggerPolicy::Request(CheckpointRequest request) {
  if (requests_.size() >= limits::kSavepointRequestsMax) {
    return ResourceExhaustedError("too many checkpoints were asked for and wait: ",
                                  requests_.size());
  }
  requests_.push_back(std::move(request));
  return {};
}

TriggerPolicy::Decision TriggerPolicy::Next(base::Instant now, Need need) {
  if (in_flight_) return {};
  if (!requests_.empty()) {
    current_ = std::move(requests_.front());
    requests_.pop_front();
  } else {
    std::optional<base::Instant> due;
    if (options_.interval > Duration(0)) {
      due = last_start_ + options_.interval;
      if (last_end_)
        due = std::max(*due, *last_end_ + options_.pause.value_or(options_.interval / 2));
    }
    if (need == Need::kUrgent) {
      const base::Instant urgent =
          failures_ == 0
              ? now
              : *last_end_ + limits::kUrgentCheckpointPause * (1 << std::min(failures_ - 1, 5u));
      due = std::min(due.value_or(urgent), urgent);
    }
    if (!due) return {};
    if (now < *due) return {.look_again = due};
  }
  in_flight_ = true;
  last_start_ = now;
  return {.trigger = true, .request = current_};
}

std::optional<CheckpointRequest> TriggerPolicy::OnCompleted(base::Instant now) {
  failures_ = 0;
  return End(now);
}

TriggerPolicy::Failure TriggerPolicy::OnFailed(base::Instant now) {
  ++failures_;
  return {.request = End(now), .too_many = failures_ > options_.tolerated_failures};
}

void TriggerPolicy::OnAttemptEnded(base::Instant now) {
  if (in_flight_) {
    if (std::optional<CheckpointRequest> request = End(now))
      requests_.push_front(*std::move(request));
  }
  failures_ = 0;
}

std::optional<CheckpointRequest> TriggerPolicy::End(base::Instant now) {
  WEIR_CHECK(in_flight_);
  in_flight_ = false;
  last_end_ = now;
  return std::exchange(current_, std::nullopt);
}

}  // namespace weir::checkpoint
