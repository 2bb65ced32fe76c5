// AnyBatch: up to 1,024 records of one type, moved as one object; the only unit that crosses an
// operator or a channel.
//
// Rows lie in storage that the type owns (for C++ types an array of T); beside them up to three
// columns. All `capacity` rows stay constructed: Clear keeps what they own (the capacity of
// strings), so that a batch that returns to its producer is filled again without allocation.
// Invariants: size <= capacity; a column is absent for all rows or present for all; there is one
//   owner (BatchPtr).
// Threads: one caller at a time; handed from thread to thread through channels.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "weir/base/check.h"
#include "weir/base/limits.h"
#include "weir/base/time.h"
#include "weir/record/type_ops.h"

namespace weir::record {

/// What a row does to a table downstream; absent means kInsert.
enum class RowKind : uint8_t { kInsert = 0, kUpdateBefore = 1, kUpdateAfter = 2, kDelete = 3 };

class AnyBatch {
 public:
  /// An empty batch without columns. `type` outlives it.
  explicit AnyBatch(const TypeOps& type)
      : type_(&type), rows_(type.NewRows()), capacity_(type.capacity()) {}
  ~AnyBatch() { type_->DeleteRows(rows_); }
  AnyBatch(const AnyBatch&) = delete;
  AnyBatch& operator=(const AnyBatch&) = delete;

  const TypeOps& type() const { return *type_; }
  uint32_t size() const { return size_; }
  uint32_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == capacity_ || heap_bytes_ >= limits::kBatchBytesMax; }

  /// Sets the number of rows after they were written in place.
  void set_size(uint32_t size) { WEIR_DCHECK(size <= capacity_), size_ = size; }

  /// Bytes that the rows own outside the storage, as far as whoever appended them counted; a batch
  /// is full at limits::kBatchBytesMax.
  uint64_t heap_bytes() const { return heap_bytes_; }
  /// What the rows take, with what they own.
  uint64_t bytes() const { return size_ * uint64_t{type_->row_bytes()} + heap_bytes_; }
  void add_heap_bytes(uint64_t bytes) { heap_bytes_ += bytes; }
  void set_heap_bytes(uint64_t bytes) { heap_bytes_ = bytes; }

  /// The storage; `Rows<T>` for a C++ type that the caller knows to be the batch's.
  void* storage() { return rows_; }
  const void* storage() const { return rows_; }
  template <class T>
  T* Rows() {
    return static_cast<T*>(rows_);
  }
  template <class T>
  const T* Rows() const {
    return static_cast<const T*>(rows_);
  }

  /// Columns: null while absent. `Add…` makes one present; its entries for the rows already there
  /// are the defaults (no timestamp, 0, kInsert).
  Timestamp* timestamps() { return has_timestamps_ ? columns_->timestamps.data() : nullptr; }
  const Timestamp* timestamps() const {
    return has_timestamps_ ? columns_->timestamps.data() : nullptr;
  }
  uint64_t* hashes() { return has_hashes_ ? columns_->hashes.data() : nullptr; }
  const uint64_t* hashes() const { return has_hashes_ ? columns_->hashes.data() : nullptr; }
  RowKind* kinds() { return has_kinds_ ? columns_->kinds.data() : nullptr; }
  const RowKind* kinds() const { return has_kinds_ ? columns_->kinds.data() : nullptr; }
  Timestamp* AddTimestamps();
  uint64_t* AddHashes();
  RowKind* AddKinds();

  /// Empty, without columns; the storage is kept. What the rows own is kept, too, until
  /// limits::kBatchTurnoverBytesMax have passed through them.
  void Clear() {
    turnover_bytes_ += heap_bytes_;
    size_ = 0, heap_bytes_ = 0, has_timestamps_ = has_hashes_ = has_kinds_ = false;
    if (turnover_bytes_ > limits::kBatchTurnoverBytesMax) ReleaseRows();
  }

  /// Exchanges all rows and columns with a batch of the same layout.
  void Swap(AnyBatch& other) noexcept;

 private:
  struct Columns {
    std::array<Timestamp, limits::kBatchRecordsMax> timestamps;
    std::array<uint64_t, limits::kBatchRecordsMax> hashes;
    std::array<RowKind, limits::kBatchRecordsMax> kinds;
  };
  Columns& NeedColumns();
  void ReleaseRows();

  const TypeOps* type_;
  void* rows_;
  std::unique_ptr<Columns> columns_;
  uint64_t heap_bytes_ = 0;
  uint64_t turnover_bytes_ = 0;  // heap bytes cleared since the rows last gave up what they own
  uint32_t size_ = 0;
  uint32_t capacity_;
  bool has_timestamps_ = false, has_hashes_ = false, has_kinds_ = false;
};

using BatchPtr = std::unique_ptr<AnyBatch>;

/// Event time of a row whose batch has no timestamps.
inline constexpr Timestamp kNoTimestamp = kMinTimestamp;

}  // namespace weir::record
