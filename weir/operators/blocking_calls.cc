#include "weir/operators/blocking_calls.h"

#include <algorithm>
#include <utility>

namespace weir::operators {

// Runs one call in each step.
class BlockingCalls::Worker final : public env::Stepper {
 public:
  Worker(BlockingCalls& calls, size_t index) : calls_(calls), index_(index) {}

  Progress Step() override {
    base::Closure call;
    {
      const env::MutexLock lock(calls_.mutex_);
      std::vector<size_t>& idle = calls_.idle_;
      if (calls_.waiting_.empty()) {
        if (std::ranges::find(idle, index_) == idle.end()) idle.push_back(index_);
        return Progress::kIdle;
      }
      std::erase(idle, index_);
      call = std::move(calls_.waiting_.front());
      calls_.waiting_.pop_front();
    }
    call();
    return Progress::kProgress;
  }

 private:
  BlockingCalls& calls_;
  const size_t index_;
};

BlockingCalls::BlockingCalls(env::ThreadFactory& threads, uint32_t count, const std::string& name) {
  for (size_t i = 0; i < count; ++i) workers_.push_back(std::make_unique<Worker>(*this, i));
  for (const auto& worker : workers_) threads_.push_back(threads.Start(name, *worker));
}

BlockingCalls::~BlockingCalls() {
  std::deque<base::Closure> dropped;
  {
    const env::MutexLock lock(mutex_);
    dropped.swap(waiting_);
  }
  threads_.clear();
}

void BlockingCalls::Post(base::Closure call) {
  size_t wake = workers_.size();
  {
    const env::MutexLock lock(mutex_);
    waiting_.push_back(std::move(call));
    if (!idle_.empty()) {
      wake = idle_.back();
      idle_.pop_back();
    }
  }
  if (wake < threads_.size()) threads_[wake]->Wake();
}

}  // namespace weir::operators
