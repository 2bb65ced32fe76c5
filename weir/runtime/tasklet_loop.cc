#include "weir/runtime/tasklet_loop.h"

#include <utility>

namespace weir::runtime {

void TaskletLoop::Start(env::ThreadFactory& threads, const std::string& name) {
  env::MutexLock lock(mutex_);
  thread_ = threads.Start(name, *this);
}

void TaskletLoop::Stop() {
  std::unique_ptr<env::TaskThread> thread;
  {
    env::MutexLock lock(mutex_);
    thread.swap(thread_);
  }
  // Joined here, without the lock: the last step may wake this very loop.
}

env::Stepper::Progress TaskletLoop::Step() {
  bool progress = false, all_done = true;
  for (Tasklet* tasklet : tasklets_) {
    const Progress result = tasklet->Run();
    progress |= result == Progress::kProgress;
    all_done &= result == Progress::kDone;
  }
  if (all_done) return Progress::kDone;
  return progress ? Progress::kProgress : Progress::kIdle;
}

void TaskletLoop::Wake() {
  env::MutexLock lock(mutex_);
  if (thread_ != nullptr) thread_->Wake();
}

}  // namespace weir::runtime
