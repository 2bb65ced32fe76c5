#include "weir/env/thread_event_loop.h"

#include "weir/env/thread_name.h"

namespace weir::env {

ThreadEventLoop::ThreadEventLoop(const std::string& name)
    : thread_([this, name] {
        NameThisThread(name);
        Run();
      }) {}

ThreadEventLoop::~ThreadEventLoop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
  // Closures are destroyed without the lock: one may own what posts or cancels in its destructor.
  std::deque<base::Closure> posted;
  std::map<TimerKey, base::Closure> timers;
  const MutexLock lock(mutex_);
  posted.swap(posted_);
  timers.swap(timers_);
}

// Notifies under the lock: once it is released the closure may run, and have this loop destroyed.
void ThreadEventLoop::Post(base::Closure closure) {
  const MutexLock lock(mutex_);
  if (stopping_) return;
  posted_.push_back(std::move(closure));
  changed_.NotifyOne();
}

TimerId ThreadEventLoop::PostAfter(Duration delay, base::Closure closure) {
  const base::Instant deadline = clock_.Now() + delay;
  const MutexLock lock(mutex_);
  const TimerId timer = ++last_timer_;
  if (stopping_) return timer;
  timers_.emplace(TimerKey(deadline, timer), std::move(closure));
  deadlines_.emplace(timer, deadline);
  changed_.NotifyOne();
  return timer;
}

void ThreadEventLoop::Cancel(TimerId timer) {
  base::Closure dropped;  // destroyed without the lock
  const MutexLock lock(mutex_);
  const auto deadline = deadlines_.find(timer);
  if (deadline == deadlines_.end()) return;
  const auto entry = timers_.find(TimerKey(deadline->second, timer));
  dropped = std::move(entry->second);
  timers_.erase(entry);
  deadlines_.erase(deadline);
}

void ThreadEventLoop::Run() {
  while (true) {
    base::Closure next;
    {
      const MutexLock lock(mutex_);
      while (!stopping_ && !TakeNext(next)) WaitForWork();
      if (stopping_) break;
    }
    next();
  }
}

bool ThreadEventLoop::TakeNext(base::Closure& next) {
  const bool timer_due = !timers_.empty() && timers_.begin()->first.first <= clock_.Now();
  if (timer_due && (timers_first_ || posted_.empty())) {
    const auto first = timers_.begin();
    next = std::move(first->second);
    deadlines_.erase(first->first.second);
    timers_.erase(first);
    timers_first_ = false;
    return true;
  }
  if (posted_.empty()) return false;
  next = std::move(posted_.front());
  posted_.pop_front();
  timers_first_ = true;
  return true;
}

void ThreadEventLoop::WaitForWork() {
  if (timers_.empty()) {
    changed_.Wait(mutex_);
  } else {
    changed_.WaitFor(mutex_, timers_.begin()->first.first - clock_.Now());
  }
}

}  // namespace weir::env
