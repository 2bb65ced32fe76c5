#include "weir/env/thread_executor.h"

#include <utility>

#include "weir/env/thread_name.h"

namespace weir::env {

ThreadExecutor::ThreadExecutor(const std::string& name, size_t threads) {
  WEIR_CHECK(threads >= 1);
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, name] {
      NameThisThread(name);
      Run();
    });
  }
}

ThreadExecutor::~ThreadExecutor() { Stop(); }

void ThreadExecutor::Stop() {
  std::deque<base::Closure> dropped;  // destroyed without the lock: a closure may own anything
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    dropped.swap(jobs_);
  }
  work_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

// Notifies under the lock: once it is released the job may run, and have this pool destroyed.
void ThreadExecutor::Post(base::Closure job) {
  const MutexLock lock(mutex_);
  if (stopping_) return;
  jobs_.push_back(std::move(job));
  work_.NotifyOne();
}

void ThreadExecutor::Run() {
  while (true) {
    base::Closure job;
    {
      const MutexLock lock(mutex_);
      while (jobs_.empty() && !stopping_) work_.Wait(mutex_);
      if (stopping_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace weir::env
