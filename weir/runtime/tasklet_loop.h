// TaskletLoop: the subtasks that share one worker thread, run round robin.
//
// A subtask is ready for its next piece of work, or idle until it is woken. The loop is idle when
// all of them are. What wakes one wakes the loop: looking at an idle subtask costs some ten
// nanoseconds, keeping books of who was woken would cost as much.
// Threads: Add before Start; Wake from any thread; Start and Stop from the owner's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/env/executor.h"
#include "weir/env/mutex.h"
#include "weir/exchange/channel.h"

namespace weir::runtime {

/// A subtask as the loop sees it.
class Tasklet {
 public:
  virtual ~Tasklet() = default;

  using Progress = env::Stepper::Progress;

  /// Does a bounded piece of work, about 1 ms, and returns.
  virtual Progress Run() = 0;
};

class TaskletLoop final : public env::Stepper, public exchange::WakeTarget {
 public:
  ~TaskletLoop() override { Stop(); }

  /// Shapes: `tasklet` outlives the running loop.
  void Add(Tasklet& tasklet) { tasklets_.push_back(&tasklet); }

  void Start(env::ThreadFactory& threads, const std::string& name);

  /// Returns when no tasklet runs and none will again.
  void Stop();

  Progress Step() override;
  void Wake() override;

 private:
  std::vector<Tasklet*> tasklets_;
  env::Mutex mutex_;
  std::unique_ptr<env::TaskThread> thread_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::runtime
