// Collector: where a user's function puts what it makes.
//
// It keeps place and size of the open batch at hand, so that a record costs a copy, a compare and
// an addition; only a full batch is a call (Output::NextBatch). A row made from an input row
// takes over that row's timestamp and kind.
// Invariants: what was collected is in the Output when the Collector is gone or Sync was called.
// Threads: the subtask's; lives for one call of an operator.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

#include "weir/base/check.h"
#include "weir/base/limits.h"
#include "weir/record/any_batch.h"
#include "weir/record/type_traits.h"
#include "weir/runtime/operator.h"
#include "weir/runtime/output.h"

namespace weir {
inline namespace v0 {

template <class Out>
class Collector {
 public:
  /// Emits a record. Any number may be emitted in one call; what does not fit into a batch waits in
  /// memory until the call returns.
  void Collect(const Out& row) {
    Slot() = row;
    Added();
  }
  void Collect(Out&& row) {
    Slot() = std::move(row);
    Added();
  }

  // What follows is for operators.

  /// Appends to the open batch of `port`, which has the type Out and is not full.
  /// Shapes: `input` is null for rows that are made from no input row (in OnEnd); both outlive it.
  Collector(runtime::Output& output, base::PortIndex port, const record::AnyBatch* input)
      : output_(output), port_(port) {
    if (input != nullptr) {
      input_timestamps_ = input->timestamps();
      input_kinds_ = input->kinds();
    }
    Take(output_.OpenBatch(port_));
  }
  ~Collector() { Sync(); }
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  /// What is collected from now on is made from row `row` of the input.
  void At(uint32_t row) { input_row_ = row; }

  /// What is collected from now on has this timestamp.
  /// Shapes: without an input.
  void Stamp(Timestamp timestamp) {
    stamp_ = timestamp;
    if (input_timestamps_ != nullptr) return;
    Sync();
    input_timestamps_ = &stamp_;
    Take(*batch_);
  }

  /// True when no further user call may be made before the driver has emptied the output.
  bool MustDrain() const { return size_ >= drain_at_; }

  /// The free rows of the open batch, for loops that fill many at once; `Filled` says how many
  /// were, made one by one from the input's rows from `input_begin` on. Flat types only.
  std::span<Out> Room() { return {rows_ + size_, limit_ - size_}; }
  void Filled(uint32_t count, uint32_t input_begin) {
    static_assert(TypeTraits<Out>::kFlat);
    WEIR_DCHECK(count <= limit_ - size_);
    if (timestamps_ != nullptr)
      Carry(input_timestamps_, input_begin, record::kNoTimestamp, timestamps_, count);
    if (kinds_ != nullptr)
      Carry(input_kinds_, input_begin, record::RowKind::kInsert, kinds_, count);
    size_ += count;
  }

  /// Brings the batch's size up to date.
  void Sync() {
    batch_->set_size(size_);
    batch_->add_heap_bytes(std::exchange(heap_bytes_, 0));
  }

 private:
  Out& Slot() {
    if (size_ == limit_) [[unlikely]]
      Overflow();
    return rows_[size_];
  }

  void Added() {
    if (has_columns_) AddColumns();
    if constexpr (!TypeTraits<Out>::kFlat) {
      heap_bytes_ += TypeTraits<Out>::HeapBytes(rows_[size_]);
      if (batch_->heap_bytes() + heap_bytes_ >= limits::kBatchBytesMax) {
        limit_ = size_ + 1;
        drain_at_ = std::min(drain_at_, limit_);
      }
    }
    ++size_;
  }

  void AddColumns() {
    if (timestamps_ != nullptr) {
      timestamps_[size_] =
          input_timestamps_ != nullptr ? input_timestamps_[input_row_] : record::kNoTimestamp;
    }
    if (kinds_ != nullptr) {
      kinds_[size_] = input_kinds_ != nullptr ? input_kinds_[input_row_] : record::RowKind::kInsert;
    }
  }

  // Writes entries [size_, size_ + count) of the column `to`.
  template <class Value>
  void Carry(const Value* from, uint32_t begin, Value missing, Value* to, uint32_t count) {
    if (from == nullptr) {
      std::fill_n(to + size_, count, missing);
    } else {
      std::copy_n(from + begin, count, to + size_);
    }
  }

  [[gnu::noinline]] void Overflow() {
    Sync();
    Take(output_.NextBatch(port_));
    drain_at_ = 0;
  }

  void Take(record::AnyBatch& batch) {
    WEIR_DCHECK(!batch.full());
    batch_ = &batch;
    rows_ = batch.Rows<Out>();
    size_ = batch.size();
    limit_ = drain_at_ = batch.capacity();
    timestamps_ = input_timestamps_ != nullptr ? batch.AddTimestamps() : batch.timestamps();
    kinds_ = input_kinds_ != nullptr ? batch.AddKinds() : batch.kinds();
    has_columns_ = timestamps_ != nullptr || kinds_ != nullptr;
  }

  runtime::Output& output_;
  const base::PortIndex port_;
  const Timestamp* input_timestamps_ = nullptr;
  const record::RowKind* input_kinds_ = nullptr;
  uint32_t input_row_ = 0;
  Timestamp stamp_ = record::kNoTimestamp;

  record::AnyBatch* batch_ = nullptr;
  Out* rows_ = nullptr;
  uint32_t size_ = 0;
  uint32_t limit_ = 0;     // the batch is full at this size
  uint32_t drain_at_ = 0;  // as limit_; 0 once a batch overflowed
  bool has_columns_ = false;
  Timestamp* timestamps_ = nullptr;
  record::RowKind* kinds_ = nullptr;
  uint64_t heap_bytes_ = 0;  // of the rows since Sync
};

}  // namespace v0
}  // namespace weir
