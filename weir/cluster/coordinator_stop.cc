// How somebody ends a job from outside: in good order, behind one more checkpoint, or at once.
#include <utility>

#include "weir/base/limits.h"
#include "weir/cluster/coordinator.h"

namespace weir::cluster {

std::function<void(StopHow)> Coordinator::stopper() {
  return [this, inbox = inbox()](StopHow how) {
    inbox.Post([this, how] { how == StopHow::kStop ? Stop() : Cancel(); });
  };
}

// What runs takes one more checkpoint, at once; what does not run stops behind the newest one.
void Coordinator::Stop() {
  if (ended_ || stopping_ || state_ == JobState::kCancelling) return;
  stopping_ = true;
  stop_asked_ = options_.env.clock.Now();
  if (!reigning_) return;  // OnReign looks
  if (!IsRunning()) return EndStopped();
  if (this_attempt_.final) return;  // it is about to finish
  SetState(JobState::kStopping);
  ConsiderTrigger();
}

// Behind the newest checkpoint: the last one, if it was taken. What a sink holds of it is committed
// by now, or when the job runs again.
void Coordinator::EndStopped() {
  if (std::exchange(end_asked_, true)) return;
  appending_ = true;
  history_->AppendEnd(checkpoint::EndReason::kStopped, [this](const Status& status) {
    appending_ = end_asked_ = false;
    if (history_->over() && !status.ok()) return EndReign(status);
    EndJob(status.ok() ? CancelledError("the job was stopped") : status,
           status.ok() ? JobState::kStopped : JobState::kFailed);
  });
}

// Another attempt would only be stopped: the newest checkpoint is the last one.
void Coordinator::FailWhileStopping(const Status& reason) {
  options_.events.OnWarning(reason.Annotated(
      "the job failed while it stopped: it goes on from its newest checkpoint when it runs again"));
  SetState(JobState::kFailing);
  if (reigning_) EndStopped();  // else OnReign looks
}

// The history is told if it answers in time: nothing is lost if it does not.
void Coordinator::Cancel() {
  if (ended_ || state_ == JobState::kCancelling) return;
  const auto end = [this] {
    EndJob(CancelledError("the job was cancelled"), JobState::kCancelled);
  };
  pending_ = nullptr;
  SetState(JobState::kCancelling);
  if (!reigning_) return end();
  inbox().PostAfter(limits::kCancelWait, end);
  history_->AppendEnd(checkpoint::EndReason::kCancelled, [end](const Status&) { end(); });
}

}  // namespace weir::cluster
