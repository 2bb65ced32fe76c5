// TaskMailbox: how other threads reach a subtask. Closures wait here until the subtask takes them,
// between two batches.
// Threads: Post and Close from any thread; Take from the subtask's.
#pragma once

#include <atomic>
#include <vector>

#include "weir/env/mutex.h"
#include "weir/exchange/channel.h"
#include "weir/runtime/operator.h"

namespace weir::runtime {

class TaskMailbox final : public Mailbox {
 public:
  /// `wake` is told of every closure until Close.
  explicit TaskMailbox(exchange::WakeTarget& wake) : wake_(&wake) {}

  void Post(base::Closure closure) override;

  /// All closures that wait, oldest first. Costs one relaxed load when there is none.
  std::vector<base::Closure> Take();

  /// Drops what waits and everything posted later.
  void Close();

 private:
  env::Mutex mutex_;
  std::atomic<bool> has_any_{false};
  std::vector<base::Closure> closures_ WEIR_GUARDED_BY(mutex_);
  exchange::WakeTarget* wake_ WEIR_GUARDED_BY(mutex_);  // null once closed
};

}  // namespace weir::runtime
