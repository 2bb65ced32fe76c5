// Mutex: std::mutex with the annotations that let clang prove that a guarded field is touched under
// its lock only (-Wthread-safety). Threads meet in queues and mailboxes; those few classes use
// this.
// Threads: any thread.
#pragma once

#include <condition_variable>
#include <mutex>

#include "weir/base/time.h"

#if defined(__clang__)
#define WEIR_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define WEIR_THREAD_ANNOTATION(x)
#endif
/// The field may be read and written with `mutex` held only.
#define WEIR_GUARDED_BY(mutex) WEIR_THREAD_ANNOTATION(guarded_by(mutex))
/// The function may be called with `mutex` held only.
#define WEIR_REQUIRES(...) WEIR_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
/// The function may be called without `mutex` only.
#define WEIR_EXCLUDES(...) WEIR_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))

namespace weir::env {

class WEIR_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  void Lock() WEIR_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void Unlock() WEIR_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class WEIR_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) WEIR_THREAD_ANNOTATION(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() WEIR_THREAD_ANNOTATION(release_capability()) { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Waits for a change of what a Mutex guards. Every wait may end for no reason: look again.
class CondVar {
 public:
  void Wait(Mutex& mutex) WEIR_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  void WaitFor(Mutex& mutex, Duration at_most) WEIR_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait_for(lock, at_most);
    lock.release();
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace weir::env
