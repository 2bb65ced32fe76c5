// KeyedTimers: the timers of one keyed operator: their state, their order, and what functions say
// of them.
// Threads: the task's.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "weir/base/status.h"
#include "weir/base/time.h"
#include "weir/env/env.h"
#include "weir/operators/timers.h"
#include "weir/record/stream_element.h"
#include "weir/runtime/operator.h"

namespace weir {
inline namespace v0 {

/// By which clock a timer fires.
enum class TimeDomain : uint8_t {
  kProcessingTime,  // that of the machine
  kEventTime,       // the watermark
};

}  // namespace v0
}  // namespace weir

namespace weir::operators {

template <class K>
class KeyedTimers {
 public:
  /// The machine's clock, in milliseconds since 1970.
  int64_t CurrentProcessingTime() const { return clock_ == nullptr ? 0 : clock_->UnixMillis(); }
  /// How far event time has come at this operator.
  Timestamp CurrentWatermark() const { return watermark_; }

  /// Lets OnTimer be called for the key at `unix_ms` or soon after; at once, if that is over. Two
  /// timers of a key for one time are one. A timer is state: it outlives failures and rescaling.
  void RegisterProcessingTimeTimer(int64_t unix_ms) {
    Register(&TimersOfKey::processing_time, processing_, unix_ms);
  }
  /// The same when the watermark reaches `time`. One that OnTimer registers for a time that is not
  /// after its own fires with the next watermark, and none is registered once the input has ended:
  /// else there would be no end.
  void RegisterEventTimeTimer(Timestamp time) {
    if (watermark_ == kMaxTimestamp) return;
    Register(&TimersOfKey::event_time, event_, time);
  }
  /// The key's timer for this time does not fire; there may be none.
  void DeleteProcessingTimeTimer(int64_t unix_ms) {
    Delete(&TimersOfKey::processing_time, unix_ms);
  }
  void DeleteEventTimeTimer(Timestamp time) { Delete(&TimersOfKey::event_time, time); }

  // What follows is for operators.

  /// Shapes: `clock` is null in a plan, and outlives the timers.
  void Open(const env::Clock* clock) { clock_ = clock; }

  /// Shapes: before the backend is opened. Without it every timer is a mistake.
  Status DeclareIn(state::KeyedBackend& backend) {
    WEIR_ASSIGN_OR_RETURN(state_, TimersState::DeclareIn(backend));
    backend_ = &backend;
    return {};
  }

  /// Makes the order of the timers from their state.
  Status Restore(base::HashSeed seed) {
    if (backend_ == nullptr) return {};
    Status status;
    backend_->table().VisitRows([&](const state::Row& row) {
      if (status.ok()) status = RestoreRow(seed, row);
    });
    return status;
  }

  /// Of whom the methods above speak.
  void At(uint64_t hash, const K& key) { hash_ = hash, key_ = &key; }

  std::optional<int64_t> next_processing_time() const { return processing_.next(); }
  Timestamp watermark() const { return watermark_; }
  void set_watermark(Timestamp watermark) { watermark_ = watermark; }

  /// Calls `fire(key, hash, time)` for each timer of `domain` that is due at `now`, in the order of
  /// time and with the key bound, until `pause()`.
  template <class Fire, class Pause>
  runtime::Outcome FireDue(TimeDomain domain, int64_t now, Fire fire, Pause pause) {
    const bool processing = domain == TimeDomain::kProcessingTime;
    TimerOrder<K>& order = processing ? processing_ : event_;
    const auto times = processing ? &TimersOfKey::processing_time : &TimersOfKey::event_time;
    for (;;) {
      if (pause()) return runtime::Outcome::kMoreOutput;
      const auto due = order.PopDue(now);
      if (!due) break;
      // What OnTimer registers waits for the next round when it is due already: of event time, when
      // it is not after the timer itself, for those behind it are part of this watermark.
      order.BeginRound(processing ? now : due->time);
      backend_->Bind(due->hash, due->key);
      if (IsDue(times, order, *due)) fire(due->key, due->hash, due->time);
    }
    order.EndRound();
    return runtime::Outcome::kNeedInput;
  }

  /// The first mistake of a function.
  const Status& status() const { return status_; }

 private:
  using Times = std::vector<int64_t> TimersOfKey::*;

  void Register(Times times, TimerOrder<K>& order, int64_t time) {
    if (backend_ == nullptr) return FailNoTimers();
    TimersOfKey timers = state_.Get();
    const bool arm = DomainTimers(timers.*times).Add(time);
    state_.Set(timers);
    if (arm) order.PushNew(time, hash_, *key_);
  }

  void Delete(Times times, int64_t time) {
    if (backend_ == nullptr) return FailNoTimers();
    TimersOfKey timers = state_.Get();
    DomainTimers(timers.*times).Remove(time);
    state_.Set(timers);
  }

  // Looks at the bound key; true when a timer fires.
  bool IsDue(Times times, TimerOrder<K>& order, const typename TimerOrder<K>::Entry& due) {
    TimersOfKey timers = state_.Get();
    const size_t before = (timers.*times).size();
    const DomainTimers::Look look = DomainTimers(timers.*times).LookAt(due.time);
    if (look.fires || look.armed || (timers.*times).size() != before) state_.Set(timers);
    if (look.armed) order.Push(*look.armed, due.hash, due.key);
    return look.fires;
  }

  Status RestoreRow(base::HashSeed seed, const state::Row& row) {
    WEIR_ASSIGN_OR_RETURN(TimersOfKey timers, state_.Of(row));
    if (timers.processing_time.empty() && timers.event_time.empty()) return {};
    K key{};
    if (!state::DecodeAll(backend_->table().layout().KeyOf(row), key))
      return DataLossError("the key of a timer does not decode");
    const uint64_t hash = TypeTraits<K>::Hash(seed, key);
    if (const auto armed = DomainTimers(timers.processing_time).armed())
      processing_.Push(*armed, hash, key);
    if (const auto armed = DomainTimers(timers.event_time).armed()) event_.Push(*armed, hash, key);
    return {};
  }

  void FailNoTimers() {
    if (status_.ok())
      status_ = FailedPreconditionError(
          "a timer without OnTimer: give the process function `void OnTimer(weir::Timestamp, "
          "Context&, weir::Collector<Out>&)`");
  }

  const env::Clock* clock_ = nullptr;
  state::KeyedBackend* backend_ = nullptr;
  TimersState state_;
  TimerOrder<K> processing_, event_;
  Timestamp watermark_ = kMinTimestamp;
  uint64_t hash_ = 0;
  const K* key_ = nullptr;
  Status status_;
};

}  // namespace weir::operators
