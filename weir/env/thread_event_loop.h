// An EventLoop on a thread of its own.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "weir/env/executor.h"
#include "weir/env/mutex.h"
#include "weir/env/posix_clock.h"

namespace weir::env {

/// The destructor lets the running closure end and drops everything that waits.
/// Threads: any thread; not destroyed by one of its own closures.
class ThreadEventLoop final : public EventLoop {
 public:
  /// `name` is shown by debuggers and profilers.
  explicit ThreadEventLoop(const std::string& name);
  ~ThreadEventLoop() override;
  ThreadEventLoop(const ThreadEventLoop&) = delete;
  ThreadEventLoop& operator=(const ThreadEventLoop&) = delete;

  void Post(base::Closure closure) override;
  TimerId PostAfter(Duration delay, base::Closure closure) override;
  void Cancel(TimerId timer) override;

 private:
  using TimerKey = std::pair<base::Instant, TimerId>;  // timers of one instant keep their order

  void Run() WEIR_EXCLUDES(mutex_);
  bool TakeNext(base::Closure& next) WEIR_REQUIRES(mutex_);
  void WaitForWork() WEIR_REQUIRES(mutex_);

  const PosixClock clock_;
  Mutex mutex_;
  CondVar changed_;
  // Bounded by whoever posts: a correct peer has a handful of messages under way.
  std::deque<base::Closure> posted_ WEIR_GUARDED_BY(mutex_);
  std::map<TimerKey, base::Closure> timers_ WEIR_GUARDED_BY(mutex_);
  std::map<TimerId, base::Instant> deadlines_ WEIR_GUARDED_BY(mutex_);
  TimerId last_timer_ WEIR_GUARDED_BY(mutex_) = 0;
  bool timers_first_ WEIR_GUARDED_BY(mutex_) = false;  // taken in turns: neither kind starves
  bool stopping_ WEIR_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: runs over the fields above
};

}  // namespace weir::env
