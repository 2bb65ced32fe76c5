// Task threads: real threads that step a Stepper, spin a little when it is idle, then park.
#pragma once

#include "weir/env/executor.h"

namespace weir::env {

/// Threads: any thread.
class PosixThreads final : public ThreadFactory {
 public:
  std::unique_ptr<TaskThread> Start(const std::string& name, Stepper& stepper) override;
};

}  // namespace weir::env
