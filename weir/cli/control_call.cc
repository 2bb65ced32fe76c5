#include "weir/cli/control_call.h"

#include <utility>

#include "weir/base/limits.h"

namespace weir::cli {

// What the other end says.
class ControlCall::Ear final : public env::ConnectionHandler {
 public:
  void OnFrame(std::string frame) override {
    const env::MutexLock lock(mutex_);
    if (!answer_) answer_ = DecodeAnswer(frame);
    news_.NotifyAll();
  }
  void OnClosed(Status reason) override {
    const env::MutexLock lock(mutex_);
    if (!answer_) answer_ = std::move(reason);
    closed_ = true;
    news_.NotifyAll();
  }

  StatusOr<JobSeen> WaitForAnswer(env::Clock& clock, Duration at_most) {
    const env::MutexLock lock(mutex_);
    const base::Instant until = clock.Now() + at_most;
    while (!answer_ && clock.Now() < until) news_.WaitFor(mutex_, until - clock.Now());
    if (!answer_) return DeadlineExceededError("its process does not answer");
    return *answer_;
  }

  bool WaitForEnd(env::Clock& clock, std::optional<Duration> at_most) {
    const env::MutexLock lock(mutex_);
    const base::Instant until = clock.Now() + at_most.value_or(Duration(0));
    while (!closed_ && (!at_most || clock.Now() < until)) {
      if (at_most) {
        news_.WaitFor(mutex_, until - clock.Now());
      } else {
        news_.Wait(mutex_);
      }
    }
    return closed_;
  }

 private:
  env::Mutex mutex_;
  env::CondVar news_;
  std::optional<StatusOr<JobSeen>> answer_ WEIR_GUARDED_BY(mutex_);
  bool closed_ WEIR_GUARDED_BY(mutex_) = false;
};

ControlCall::ControlCall(env::Transport& transport, env::Clock& clock, const std::string& address,
                         ControlRequest request)
    : clock_(clock), ear_(std::make_shared<Ear>()), connection_(transport.Connect(address, ear_)) {
  connection_->Send(EncodeRequest(request));
}

ControlCall::~ControlCall() = default;

StatusOr<JobSeen> ControlCall::Answer() {
  return ear_->WaitForAnswer(clock_, limits::kControlAnswerTimeout);
}

bool ControlCall::WaitForEnd(std::optional<Duration> at_most) {
  return ear_->WaitForEnd(clock_, at_most);
}

}  // namespace weir::cli
