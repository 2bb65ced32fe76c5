// KeyedRows: goes through the rows of one keyed input with the state of each row's key bound.
//
// The hash has travelled with the row; the key is made again by the selector. Rows of state are
// fetched 16 records ahead and found once per record.
// Threads: the subtask's.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "weir/base/check.h"
#include "weir/operators/any_selector.h"
#include "weir/operators/process_method.h"
#include "weir/operators/row_in_hand.h"
#include "weir/record/typed_ops.h"
#include "weir/runtime/operator.h"
#include "weir/state/keyed_backend.h"

namespace weir::operators {

template <class K, class T, class Selector>
class KeyedRows {
 public:
  explicit KeyedRows(Selector selector) : selector_(std::move(selector)) {}

  /// Calls `process(row)` for the rows from the cursor on, until the output must be drained;
  /// returns the first row not processed.
  template <class Out, class Process>
  uint32_t ForEach(runtime::Input& input, state::KeyedBackend& backend, KeyedContext<K>& context,
                   Collector<Out>& out, Process process) {
    const record::AnyBatch& batch = input.batch;
    WEIR_CHECK(batch.hashes() != nullptr || batch.empty());
    const T* rows = batch.Rows<T>();
    const uint64_t* hashes = batch.hashes();
    const Timestamp* timestamps = batch.timestamps();
    const uint32_t size = batch.size();
    if constexpr (kAnySelector) SelectKeys({rows, size});
    uint32_t i = input.cursor;
    const RowInHand hand(input, i);
    for (uint32_t first = i; first < std::min(i + kAhead, size); ++first)
      backend.Prefetch(hashes[first]);
    for (; i < size && !out.MustDrain() && !context.must_drain(); ++i) {
      if (i + kAhead < size) backend.Prefetch(hashes[i + kAhead]);
      const K& key = KeyAt(rows, i);
      backend.Bind(hashes[i], key);
      context.Set(i, timestamps == nullptr ? record::kNoTimestamp : timestamps[i]);
      context.SetKey(key, hashes[i]);
      out.At(i);
      process(rows[i]);
    }
    return i;
  }

 private:
  static constexpr bool kAnySelector = std::is_same_v<Selector, AnySelector<K, T>>;
  static constexpr uint32_t kAhead = 16;  // records between a prefetch and its use: about 100 ns

  decltype(auto) KeyAt(const T* rows, uint32_t i) const {
    if constexpr (kAnySelector) {
      return std::as_const(keys_[i]);
    } else {
      return std::invoke(selector_, rows[i]);
    }
  }

  void SelectKeys(std::span<const T> rows) {
    if (keys_ == nullptr) keys_ = std::make_unique<K[]>(TypeOpsOf<T>().capacity());
    selector_.Select(rows, {keys_.get(), rows.size()});
  }

  const Selector selector_;
  std::unique_ptr<K[]> keys_;  // of the batch, with AnySelector
};

/// The same for an input without keys.
template <class T>
class PlainRows {
 public:
  PlainRows() = default;
  explicit PlainRows(NoKey) {}

  template <class Context, class Out, class Process>
  uint32_t ForEach(runtime::Input& input, Context& context, Collector<Out>& out, Process process) {
    const T* rows = std::as_const(input.batch).template Rows<T>();
    const Timestamp* timestamps = std::as_const(input.batch).timestamps();
    const uint32_t size = input.batch.size();
    uint32_t i = input.cursor;
    const RowInHand hand(input, i);
    for (; i < size && !out.MustDrain() && !context.must_drain(); ++i) {
      context.Set(i, timestamps == nullptr ? record::kNoTimestamp : timestamps[i]);
      out.At(i);
      process(rows[i]);
    }
    return i;
  }
};

}  // namespace weir::operators
