// A pool of threads for blocking work.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "weir/env/executor.h"
#include "weir/env/mutex.h"

namespace weir::env {

/// The destructor waits for the jobs that run and drops those that wait.
/// Threads: any thread; not destroyed by one of its own jobs.
class ThreadExecutor final : public Executor {
 public:
  /// Shapes: threads >= 1. `name` is shown by debuggers and profilers.
  ThreadExecutor(const std::string& name, size_t threads);
  ~ThreadExecutor() override;
  ThreadExecutor(const ThreadExecutor&) = delete;
  ThreadExecutor& operator=(const ThreadExecutor&) = delete;

  void Post(base::Closure job) override;

  /// Waits for the jobs that run and drops those that wait; what is posted from now on is dropped.
  /// Threads: one caller, not a job of this pool.
  void Stop();

 private:
  void Run() WEIR_EXCLUDES(mutex_);

  Mutex mutex_;
  CondVar work_;
  // Bounded by whoever posts: each kind of job has its own budget (snapshot buffers, store calls).
  std::deque<base::Closure> jobs_ WEIR_GUARDED_BY(mutex_);
  bool stopping_ WEIR_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace weir::env
