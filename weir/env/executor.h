// The three places where code runs. Nothing else in Weir makes a thread.
//
//   Executor    a small pool for blocking work (disk, store, sink commits); jobs answer by posting
//               to the place that asked
//   EventLoop   one logical thread with timers: an actor (coordinator, worker) lives on one
//   TaskThread  one logical thread that steps a Stepper as long as it makes progress: the tasklets
//               of a worker share one per core
//
// In the simulator all of them share one real thread, a seed decides the order, and a killed
// process's jobs never run (sim/world.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "weir/base/function.h"
#include "weir/base/time.h"

namespace weir::env {

/// A pool for blocking work.
/// Threads: Post from any thread; jobs run concurrently and in any order.
class Executor {
 public:
  virtual ~Executor() = default;

  /// Runs `job` some time later, never inside the call. Jobs still waiting when the process ends
  /// are dropped unrun.
  virtual void Post(base::Closure job) = 0;
};

using TimerId = uint64_t;

/// One logical thread: closures and timers run one at a time.
/// Threads: all methods from any thread.
class EventLoop {
 public:
  virtual ~EventLoop() = default;

  /// Runs `closure` later on this loop, never inside the call; closures posted by one thread keep
  /// their order.
  virtual void Post(base::Closure closure) = 0;

  /// Runs `closure` on this loop once `delay` has passed (at once if it is negative).
  virtual TimerId PostAfter(Duration delay, base::Closure closure) = 0;

  /// After it returns on the loop's own thread, the timer's closure will not run. Unknown and past
  /// timers are ignored.
  virtual void Cancel(TimerId timer) = 0;
};

/// What a TaskThread runs.
class Stepper {
 public:
  enum class Progress : uint8_t {
    kProgress,  // did something; step again
    kIdle,      // nothing to do until Wake
    kDone,      // never step again
  };
  virtual ~Stepper() = default;

  /// A bounded piece of work, about 1 ms.
  /// Threads: the TaskThread's only.
  virtual Progress Step() = 0;
};

/// The handle of a running thread. Destroying it asks the thread to end after its present step and
/// waits for it.
class TaskThread {
 public:
  virtual ~TaskThread() = default;

  /// Makes an idle thread step again. Cheap when it is not idle: whoever hands work over calls it
  /// after the work can be seen.
  /// Threads: any thread, for as long as the handle lives.
  virtual void Wake() = 0;
};

class ThreadFactory {
 public:
  virtual ~ThreadFactory() = default;

  /// Starts a thread that steps `stepper` until kDone. An idle thread spins briefly, then parks
  /// until Wake, and looks again every 10 ms at the latest.
  /// Debuggers and profilers show 15 characters of `name`.
  /// Shapes: `stepper` outlives the handle.
  virtual std::unique_ptr<TaskThread> Start(const std::string& name, Stepper& stepper) = 0;
};

}  // namespace weir::env
