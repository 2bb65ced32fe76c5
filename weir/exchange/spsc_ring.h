// SpscRing: a bounded queue between one producer and one consumer, without locks.
//
// Each end keeps a private copy of the other's index and reads the shared one only when the copy
// says full or empty, so that in steady state an index crosses between cores about once a lap. An
// end that finds nothing to do raises its `waits` flag and looks once more; the other end publishes
// its index and then looks at the flag. All four steps are sequentially consistent, so one of the
// two sees the other: no wake-up is lost, and nobody who does not wait is woken (waking a parked
// thread costs tens of microseconds).
// Source: the two-flag argument is Dekker's; cached indices are from Lee et al., "A lock-free,
//   cache-efficient shared ring buffer", ANCS 2009.
// Threads: methods say whose they are.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace weir::exchange {

template <class T, size_t kSlots>
class SpscRing {
  static_assert(std::has_single_bit(kSlots));

 public:
  /// Moves `value` in, or leaves it and returns false: `slots` of the ring are taken and the
  /// producer counts as waiting.
  /// Shapes: slots in [1, kSlots]; fewer keep room for values that are pushed with more.
  /// Threads: the producer's.
  bool TryPush(T& value, size_t slots = kSlots) {
    const uint64_t tail = producer_.index.load(std::memory_order_relaxed);
    if (tail - producer_.other_seen >= slots) {
      producer_.other_seen = consumer_.index.load(std::memory_order_acquire);
      if (tail - producer_.other_seen >= slots) {
        Raise(producer_waits_);
        producer_.other_seen = consumer_.index.load(std::memory_order_seq_cst);
        if (tail - producer_.other_seen >= slots) return false;
      }
    }
    slots_[tail % kSlots] = std::move(value);
    producer_.index.store(tail + 1, std::memory_order_seq_cst);
    return true;
  }

  /// Moves the oldest value out, or returns false: the ring is empty and the consumer counts as
  /// waiting.
  /// Threads: the consumer's.
  bool TryPop(T& value) {
    const uint64_t head = consumer_.index.load(std::memory_order_relaxed);
    if (head == consumer_.other_seen) {
      consumer_.other_seen = producer_.index.load(std::memory_order_acquire);
      if (head == consumer_.other_seen) {
        Raise(consumer_waits_);
        consumer_.other_seen = producer_.index.load(std::memory_order_seq_cst);
        if (head == consumer_.other_seen) return false;
      }
    }
    value = std::move(slots_[head % kSlots]);
    consumer_.index.store(head + 1, std::memory_order_seq_cst);
    return true;
  }

  /// True once for each time that the other end found nothing to do: it is to be woken. Asked after
  /// a push (or pop).
  /// Threads: the producer's (the consumer's).
  bool TakeConsumerWaits() { return Lower(consumer_waits_); }
  bool TakeProducerWaits() { return Lower(producer_waits_); }

  /// Calls visit(const T&) for all that waits, oldest first.
  /// Threads: the consumer's.
  template <class Visit>
  void ForEach(Visit visit) const {
    const uint64_t tail = producer_.index.load(std::memory_order_acquire);
    for (uint64_t i = consumer_.index.load(std::memory_order_relaxed); i != tail; ++i) {
      visit(slots_[i % kSlots]);
    }
  }

 private:
  static constexpr size_t kCacheLine = 64;

  struct alignas(kCacheLine) End {
    std::atomic<uint64_t> index{0};  // values pushed (popped) so far
    uint64_t other_seen = 0;         // the other end's index when last read
  };
  struct alignas(kCacheLine) Flag {
    std::atomic<bool> up{false};
  };

  // A flag that is read as up need not be raised again: either it still is, or the other end has
  // lowered it and wakes this one, which then looks again.
  static void Raise(Flag& flag) {
    if (!flag.up.load(std::memory_order_relaxed)) flag.up.store(true, std::memory_order_seq_cst);
  }
  static bool Lower(Flag& flag) {
    return flag.up.load(std::memory_order_seq_cst) &&
           flag.up.exchange(false, std::memory_order_seq_cst);
  }

  End producer_;
  End consumer_;
  Flag producer_waits_;  // on lines of their own: read at each step, written only by who waits
  Flag consumer_waits_;
  alignas(kCacheLine) std::array<T, kSlots> slots_{};
};

}  // namespace weir::exchange
