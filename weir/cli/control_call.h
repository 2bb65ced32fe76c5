// ControlCall: asks the process that runs a job, through its control socket, and waits.
// Threads: the main thread waits; made and destroyed by it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "weir/cli/control_message.h"
#include "weir/env/clock.h"
#include "weir/env/mutex.h"
#include "weir/env/transport.h"

namespace weir::cli {

class ControlCall {
 public:
  /// Connects and asks; does not wait.
  /// Shapes: transport and clock outlive it.
  ControlCall(env::Transport& transport, env::Clock& clock, const std::string& address,
              ControlRequest request);
  ~ControlCall();

  /// Waits for the answer, for limits::kControlAnswerTimeout at most.
  /// Errors: Unavailable: nobody runs the job; DeadlineExceeded: its process does not answer;
  ///   PermissionDenied: it is another user's; those of DecodeAnswer.
  StatusOr<JobSeen> Answer();

  /// Waits until the other process has let go of the job; false when it has not after `at_most`.
  bool WaitForEnd(std::optional<Duration> at_most);

 private:
  class Ear;
  env::Clock& clock_;
  const std::shared_ptr<Ear> ear_;  // owners: this and the transport
  std::shared_ptr<env::Connection> connection_;
};

}  // namespace weir::cli
