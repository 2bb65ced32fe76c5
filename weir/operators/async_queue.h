// AsyncQueue: the records that an AsyncMap waits for, as decisions without threads or time of its
// own: which answer counts, when a call is made again or given up, what goes out next.
//
//   Add ─▶ call ─▶ OnAnswer ─▶ TakeReady        in the order of Add, or as the answers come
//            ▲        │ failed
//            └─ due ◀─┘ attempts left (TakeDue)
//
// A watermark stays behind all records that were added before it; records added after it stay
// behind it only when the order is kept.
// Invariants: at most `capacity` records; each goes out once.
// Threads: the subtask's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "weir/base/status.h"
#include "weir/base/time.h"

namespace weir {
inline namespace v0 {

/// How AsyncMap calls.
struct AsyncOptions {
  /// Records that a subtask waits for at a time; then it takes no more.
  size_t capacity = 100;
  /// Results go out in the order of the records. Otherwise as they come, but never across a
  /// watermark.
  bool ordered = true;
  /// For a record, all its calls together; then the job fails.
  Duration timeout = std::chrono::seconds(30);
  /// Calls for a record before its failure fails the job. Not below 1.
  uint32_t attempts = 1;
  /// Before the second call; twice as long before each further one.
  Duration backoff = std::chrono::milliseconds(100);
  /// Of a function that returns its result: how many run at the same time in a subtask, which takes
  /// no more records than these. 0: as many as `capacity`, at most 16.
  uint32_t threads = 0;
};

}  // namespace v0
}  // namespace weir

namespace weir::operators {

/// Errors: InvalidArgument: with them nothing could ever go out.
Status CheckAsyncOptions(const AsyncOptions& options);

class AsyncQueue {
 public:
  using Sequence = uint64_t;

  /// One call for one record.
  struct Call {
    Sequence sequence = 0;
    uint32_t attempt = 0;  // from 1 on
  };

  explicit AsyncQueue(const AsyncOptions& options) : options_(options) {}

  bool full() const { return waiting_.size() >= options_.capacity; }
  bool empty() const { return waiting_.empty(); }

  /// A record, whose first call is made now.
  Call Add(base::Instant now);

  /// Event time behind the records added so far.
  void AddWatermark(Timestamp watermark);
  /// Behind what was taken so far.
  Timestamp watermark() const { return watermark_; }

  enum class Answer : uint8_t {
    kIgnored,    // of a call that was given up
    kDone,       // its result will be taken
    kLater,      // the call failed and will be due again
    kExhausted,  // the call failed, and it was the last one
  };
  Answer OnAnswer(const Call& call, bool ok, base::Instant now);

  /// A call that is to be made again now; nothing when there is none.
  std::optional<Call> TakeDue(base::Instant now);

  /// The record that was waited for too long, if any.
  std::optional<Sequence> TimedOut(base::Instant now) const;

  bool HasReady() const;
  /// The record whose result goes out next; it is forgotten here.
  std::optional<Sequence> TakeReady();

 private:
  struct Waiting {
    base::Instant deadline;
    uint32_t attempt = 1;
  };

  const AsyncOptions options_;
  Sequence next_ = 1;
  std::map<Sequence, Waiting> waiting_;  // deadlines rise with the sequence
  std::set<Sequence> done_;
  std::set<std::pair<base::Instant, Sequence>> due_;       // to be called again
  std::deque<std::pair<Sequence, Timestamp>> watermarks_;  // behind the records before `Sequence`
  Timestamp watermark_ = kMinTimestamp;
};

}  // namespace weir::operators
