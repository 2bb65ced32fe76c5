// What a process function may ask, and say, while it is called.
// Threads: the subtask's; lives for one call of an operator.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "weir/base/time.h"
#include "weir/operators/keyed_timers.h"
#include "weir/operators/output_tag.h"
#include "weir/operators/side_outputs.h"
#include "weir/record/any_batch.h"

namespace weir {
inline namespace v0 {

/// For functions without a key.
class ProcessContext {
 public:
  /// The record's event time (a timer's time); kNoTimestamp when it has none.
  weir::Timestamp Timestamp() const { return timestamp_; }

  /// Puts a record out that is read with SideOutput(tag).
  template <class U>
  void Output(const OutputTag<U>& tag, std::type_identity_t<U> value) {
    sides_->Put(tag, row_, timestamp_, std::move(value));
  }

  // What follows is for operators.

  explicit ProcessContext(operators::SideOutputs& sides) : sides_(&sides) {}
  /// Shapes: `row` is that of the input from which what is put out is made.
  void Set(uint32_t row, weir::Timestamp timestamp) { row_ = row, timestamp_ = timestamp; }
  /// True when the output is to be drained before the function is called again.
  bool must_drain() const { return sides_->must_drain(); }

 private:
  operators::SideOutputs* sides_;
  uint32_t row_ = 0;
  weir::Timestamp timestamp_ = record::kNoTimestamp;
};

/// For functions of a keyed stream.
template <class K>
class KeyedContext : public ProcessContext {
 public:
  /// The key of the record or timer; states are those of this key.
  const K& CurrentKey() const { return *key_; }

  /// The timers of this key, and what time it is. A function with timers has OnTimer.
  operators::KeyedTimers<K>& Timers() {
    timers_->At(hash_, *key_);
    return *timers_;
  }

  // What follows is for operators.

  KeyedContext(operators::SideOutputs& sides, operators::KeyedTimers<K>& timers)
      : ProcessContext(sides), timers_(&timers) {}
  /// Shapes: `key` outlives its use.
  void SetKey(const K& key, uint64_t hash) { key_ = &key, hash_ = hash; }

 private:
  operators::KeyedTimers<K>* timers_;
  const K* key_ = nullptr;
  uint64_t hash_ = 0;
};

}  // namespace v0
}  // namespace weir
