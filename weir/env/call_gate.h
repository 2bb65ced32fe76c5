// CallGate: lets one thread call an object that another thread may take away at any moment.
//
// Both transports need it for the same sentence of transport.h: a handler hears nothing once the
// destructor of its connection has returned.
// Threads: Call from one thread at a time; Close from any thread, also inside a call.
#pragma once

#include <memory>
#include <thread>
#include <utility>

#include "weir/env/mutex.h"

namespace weir::env {

template <class T>
class CallGate {
 public:
  CallGate() = default;  // nobody is there yet: calls return false
  explicit CallGate(std::shared_ptr<T> target) : target_(std::move(target)) {}

  /// Lets calls through to `target`. After Close it does nothing.
  void Open(std::shared_ptr<T> target) WEIR_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (!closed_) target_.swap(target);
  }

  /// Calls `function(T&)` without the lock; false if the gate is closed.
  template <class F>
  bool Call(F function) WEIR_EXCLUDES(mutex_) {
    std::shared_ptr<T> target;
    {
      const MutexLock lock(mutex_);
      if (target_ == nullptr) return false;
      target = target_;
      caller_ = std::this_thread::get_id();
    }
    function(*target);
    target.reset();
    const MutexLock lock(mutex_);
    caller_ = {};
    returned_.NotifyAll();
    return true;
  }

  /// No call begins after it, and none is running when it returns, unless on this very thread.
  void Close() WEIR_EXCLUDES(mutex_) {
    std::shared_ptr<T> dropped;  // destroyed without the lock
    const MutexLock lock(mutex_);
    closed_ = true;
    dropped = std::move(target_);
    while (caller_ != std::thread::id() && caller_ != std::this_thread::get_id()) {
      returned_.Wait(mutex_);
    }
  }

 private:
  Mutex mutex_;
  CondVar returned_;
  std::shared_ptr<T> target_ WEIR_GUARDED_BY(mutex_);  // owners: the gate, and a call while it runs
  bool closed_ WEIR_GUARDED_BY(mutex_) = false;
  std::thread::id caller_ WEIR_GUARDED_BY(mutex_);
};

/// A pointer to what somebody else owns, for a gate.
template <class T>
std::shared_ptr<T> Borrowed(T& target) {
  return std::shared_ptr<T>(std::shared_ptr<void>(), &target);
}

}  // namespace weir::env
