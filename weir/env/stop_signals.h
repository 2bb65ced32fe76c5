// StopSignals: the main thread waits for the job's end or for somebody who presses Ctrl-C.
//
// While it lives, SIGINT and SIGTERM are kept back and only Wait sees them. When it has returned
// they do again what they always do: the next one ends the process at once, however long the
// orderly stop takes. Those that come within 0.1 s of the first count as one.
// Threads: made and destroyed by the main thread, before and after all others, which inherit that
//   the signals are kept back; Wake from any thread.
#pragma once

#include <csignal>
#include <memory>
#include <optional>

#include "weir/base/status.h"

namespace weir::env {

class StopSignals {
 public:
  /// Errors: ResourceExhausted when the process has no descriptors left.
  static StatusOr<std::unique_ptr<StopSignals>> Open();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Ends a Wait, the present or the next one.
  void Wake();

  /// Waits; returns the signal that came, or nothing after Wake.
  /// Threads: the main thread.
  std::optional<int> Wait();

 private:
  StopSignals(sigset_t caught, sigset_t before) : caught_(caught), before_(before) {}

  int Take();

  const sigset_t caught_;
  const sigset_t before_;  // the mask to go back to
  int signals_ = -1;       // descriptors
  int wake_ = -1;
};

}  // namespace weir::env
