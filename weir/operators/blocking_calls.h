// BlockingCalls: threads for a user's functions that wait: of one operator of one subtask, so that
// they keep neither the task nor Weir's own pool waiting.
// Threads: Post from one thread; the destructor waits for the calls that run and drops the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "weir/base/function.h"
#include "weir/env/executor.h"
#include "weir/env/mutex.h"

namespace weir::operators {

class BlockingCalls {
 public:
  BlockingCalls(env::ThreadFactory& threads, uint32_t count, const std::string& name);
  ~BlockingCalls();

  void Post(base::Closure call);

 private:
  class Worker;

  env::Mutex mutex_;
  std::deque<base::Closure> waiting_ WEIR_GUARDED_BY(mutex_);
  std::vector<size_t> idle_ WEIR_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::unique_ptr<env::TaskThread>> threads_;  // end before the workers do
};

}  // namespace weir::operators
