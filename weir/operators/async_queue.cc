#include "weir/operators/async_queue.h"

#include <algorithm>

#include "weir/base/limits.h"

namespace weir::operators {

namespace {
constexpr Duration kTimeMax = std::chrono::hours(24 * 30);
}  // namespace

Status CheckAsyncOptions(const AsyncOptions& options) {
  if (options.capacity == 0)
    return InvalidArgumentError("let capacity of AsyncOptions be 1 or more");
  if (options.attempts == 0)
    return InvalidArgumentError("let attempts of AsyncOptions be 1 or more");
  if (options.timeout <= Duration::zero())
    return InvalidArgumentError("let timeout of AsyncOptions be above 0");
  if (options.timeout > kTimeMax || options.backoff > kTimeMax)
    return InvalidArgumentError("let timeout and backoff of AsyncOptions be at most 30 days");
  if (options.threads > limits::kAsyncThreadsMax)
    return InvalidArgumentError("let threads of AsyncOptions be at most ",
                                limits::kAsyncThreadsMax);
  if (options.backoff < Duration::zero())
    return InvalidArgumentError("let backoff of AsyncOptions not be below 0");
  return {};
}

AsyncQueue::Call AsyncQueue::Add(base::Instant now) {
  const Sequence sequence = next_++;
  waiting_.emplace(sequence, Waiting{.deadline = now + options_.timeout});
  return {.sequence = sequence, .attempt = 1};
}

void AsyncQueue::AddWatermark(Timestamp watermark) {
  if (waiting_.empty()) {
    watermark_ = std::max(watermark_, watermark);
  } else if (!watermarks_.empty() && watermarks_.back().first == next_) {
    watermarks_.back().second = std::max(watermarks_.back().second, watermark);
  } else {
    watermarks_.emplace_back(next_, watermark);
  }
}

AsyncQueue::Answer AsyncQueue::OnAnswer(const Call& call, bool ok, base::Instant now) {
  const auto at = waiting_.find(call.sequence);
  if (at == waiting_.end() || at->second.attempt != call.attempt) return Answer::kIgnored;
  Waiting& waiting = at->second;
  if (ok) {
    waiting.attempt = 0;  // no other answer counts
    done_.insert(call.sequence);
    return Answer::kDone;
  }
  if (waiting.attempt >= options_.attempts) return Answer::kExhausted;
  Duration pause = options_.backoff;
  for (uint32_t n = 1; n < waiting.attempt && pause < kTimeMax; ++n) pause *= 2;
  ++waiting.attempt;
  due_.emplace(now + pause, call.sequence);
  return Answer::kLater;
}

std::optional<AsyncQueue::Call> AsyncQueue::TakeDue(base::Instant now) {
  if (due_.empty() || due_.begin()->first > now) return std::nullopt;
  const Sequence sequence = due_.begin()->second;
  due_.erase(due_.begin());
  return Call{.sequence = sequence, .attempt = waiting_.at(sequence).attempt};
}

std::optional<AsyncQueue::Sequence> AsyncQueue::TimedOut(base::Instant now) const {
  // Those that are done wait for others only: the first one that is not has the least deadline.
  for (const auto& [sequence, waiting] : waiting_) {
    if (waiting.deadline > now) break;
    if (!done_.contains(sequence)) return sequence;
  }
  return std::nullopt;
}

bool AsyncQueue::HasReady() const {
  if (done_.empty()) return false;
  const Sequence first = *done_.begin();
  if (options_.ordered) return first == waiting_.begin()->first;
  return watermarks_.empty() || first < watermarks_.front().first;
}

std::optional<AsyncQueue::Sequence> AsyncQueue::TakeReady() {
  if (!HasReady()) return std::nullopt;
  const Sequence sequence = *done_.begin();
  done_.erase(done_.begin());
  waiting_.erase(sequence);
  while (!watermarks_.empty() &&
         (waiting_.empty() || waiting_.begin()->first >= watermarks_.front().first)) {
    watermark_ = std::max(watermark_, watermarks_.front().second);
    watermarks_.pop_front();
  }
  return sequence;
}

}  // namespace weir::operators
