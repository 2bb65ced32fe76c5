#include "weir/runtime/task_mailbox.h"

#include <utility>

namespace weir::runtime {

void TaskMailbox::Post(base::Closure closure) {
  env::MutexLock lock(mutex_);
  if (wake_ == nullptr) return;
  closures_.push_back(std::move(closure));
  has_any_.store(true, std::memory_order_release);
  wake_->Wake();
}

std::vector<base::Closure> TaskMailbox::Take() {
  if (!has_any_.load(std::memory_order_acquire)) return {};
  env::MutexLock lock(mutex_);
  has_any_.store(false, std::memory_order_relaxed);
  return std::exchange(closures_, {});
}

void TaskMailbox::Close() {
  // Destroyed without the lock: a closure may own what posts again.
  std::vector<base::Closure> dropped;
  env::MutexLock lock(mutex_);
  wake_ = nullptr;
  has_any_.store(false, std::memory_order_relaxed);
  dropped.swap(closures_);
}

}  // namespace weir::runtime
