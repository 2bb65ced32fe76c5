// Timers of a keyed function: state of their keys, and an order in memory that is made again from
// it.
//
// A key's timers lie in one value of its row, those of each domain sorted. The order in memory has
// an entry for the time at which a key is looked at next, not one for each timer: the key is armed
// for that time, which is its earliest timer or before it. So a session that moves its timer with
// every record rewrites its row and leaves the order alone; looked at too early, the key is armed
// anew. What was armed before stays in the order until its time or until doubles are thrown out.
// Invariants: a key with timers is armed for a time that is not after its earliest one, and has an
//   entry for it. An entry that finds no timer of its time does nothing.
// Threads: the task's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "weir/base/status.h"
#include "weir/record/record.h"
#include "weir/state/keyed_backend.h"
#include "weir/state/single_value.h"

namespace weir::operators {

/// The timers of a key in one domain, in milliseconds since 1970: the time for which it is armed,
/// then the timers, sorted; or nothing. A key whose last timer was deleted stays armed.
class DomainTimers {
 public:
  explicit DomainTimers(std::vector<int64_t>& times) : times_(times) {}

  /// Adds a timer; a second one for the same time is the first. True when the key must be armed
  /// for it.
  bool Add(int64_t time);
  void Remove(int64_t time);

  /// What a look at the key at `time` comes to.
  struct Look {
    bool fires = false;            // a timer was due and is removed
    std::optional<int64_t> armed;  // anew, for this time; nothing when it was armed for another one
  };
  Look LookAt(int64_t time);

  /// The time for which the key is armed, if it is.
  std::optional<int64_t> armed() const {
    return times_.empty() ? std::nullopt : std::optional(times_[0]);
  }

 private:
  std::vector<int64_t>& times_;
};

struct TimersOfKey {
  std::vector<int64_t> processing_time;
  std::vector<int64_t> event_time;
};
WEIR_RECORD(TimersOfKey, processing_time, event_time);

/// The hidden state of a keyed function with timers.
class TimersState : public state::SingleValue<TimersOfKey> {
 public:
  static constexpr const char* kName = "timers";

  TimersState() = default;
  static StatusOr<TimersState> DeclareIn(state::KeyedBackend& backend) {
    WEIR_ASSIGN_OR_RETURN(const state::StateCell cell,
                          DeclareCell(backend, state::StateKind::kTimers, kName));
    return TimersState(cell);
  }

  TimersOfKey Get() const { return Has() ? Read() : TimersOfKey(); }
  void Set(const TimersOfKey& timers) const {
    timers.processing_time.empty() && timers.event_time.empty() ? Clear() : Write(timers);
  }

  /// Of a row that is not bound.
  /// Errors: DataLoss.
  StatusOr<TimersOfKey> Of(const state::Row& row) const;

 private:
  explicit TimersState(const state::StateCell& cell) : state::SingleValue<TimersOfKey>(cell) {}
};

/// When the keys of one domain are looked at.
template <class K>
class TimerOrder {
 public:
  struct Entry {
    int64_t time = 0;
    uint64_t hash = 0;
    K key{};
  };

  /// For a key that is armed anew: its timers were there before.
  void Push(int64_t time, uint64_t hash, const K& key) {
    entries_.push_back({time, hash, key});
    std::ranges::push_heap(entries_, IsLater);
    if (entries_.size() > 2 * without_doubles_ + kDoublesMin) ThrowDoublesOut();
  }

  /// For a timer that is registered: in a round, what is due already waits for the next one.
  void PushNew(int64_t time, uint64_t hash, const K& key) {
    if (!round_ || time > *round_) return Push(time, hash, key);
    next_round_.push_back({time, hash, key});
  }

  size_t size() const { return entries_.size(); }

  /// The earliest entry.
  std::optional<int64_t> next() const {
    return entries_.empty() ? std::nullopt : std::optional(entries_.front().time);
  }

  /// Takes the earliest entry that is not after `now`; nothing when there is none.
  std::optional<Entry> PopDue(int64_t now) {
    if (entries_.empty() || entries_.front().time > now) return std::nullopt;
    std::ranges::pop_heap(entries_, IsLater);
    Entry entry = std::move(entries_.back());
    entries_.pop_back();
    return entry;
  }

  /// Between the two, a timer that is registered again and again and always due does not keep
  /// everything else waiting.
  void BeginRound(int64_t now) { round_ = now; }
  void EndRound() {
    round_.reset();
    for (const Entry& entry : std::exchange(next_round_, {}))
      Push(entry.time, entry.hash, entry.key);
  }

 private:
  static constexpr size_t kDoublesMin = 1000;  // so many are not worth a sort

  // A key that is armed for a near time and then again for a far one has the far one twice.
  void ThrowDoublesOut() {
    std::ranges::sort(entries_, [](const Entry& a, const Entry& b) { return IsLater(b, a); });
    const auto same = [](const Entry& a, const Entry& b) {
      return a.time == b.time && a.hash == b.hash && TypeTraits<K>::Equal(a.key, b.key);
    };
    const auto doubles = std::ranges::unique(entries_, same);
    entries_.erase(doubles.begin(), doubles.end());
    std::ranges::make_heap(entries_, IsLater);
    without_doubles_ = entries_.size();
  }

  static bool IsLater(const Entry& a, const Entry& b) {
    return a.time != b.time ? a.time > b.time : a.hash > b.hash;
  }

  std::vector<Entry> entries_;  // a heap
  size_t without_doubles_ = 0;  // how many there were when doubles were thrown out
  std::vector<Entry> next_round_;
  std::optional<int64_t> round_;
};

}  // namespace weir::operators
