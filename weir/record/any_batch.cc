#include "weir/record/any_batch.h"

#include <algorithm>
#include <utility>

namespace weir::record {

AnyBatch::Columns& AnyBatch::NeedColumns() {
  if (columns_ == nullptr) columns_ = std::make_unique_for_overwrite<Columns>();
  return *columns_;
}

void AnyBatch::ReleaseRows() {
  type_->ReleaseRows(rows_);
  turnover_bytes_ = 0;
}

Timestamp* AnyBatch::AddTimestamps() {
  Columns& columns = NeedColumns();
  if (!std::exchange(has_timestamps_, true))
    std::fill_n(columns.timestamps.begin(), size_, kNoTimestamp);
  return columns.timestamps.data();
}

uint64_t* AnyBatch::AddHashes() {
  Columns& columns = NeedColumns();
  if (!std::exchange(has_hashes_, true)) std::fill_n(columns.hashes.begin(), size_, 0);
  return columns.hashes.data();
}

RowKind* AnyBatch::AddKinds() {
  Columns& columns = NeedColumns();
  if (!std::exchange(has_kinds_, true)) std::fill_n(columns.kinds.begin(), size_, RowKind::kInsert);
  return columns.kinds.data();
}

void AnyBatch::Swap(AnyBatch& other) noexcept {
  WEIR_DCHECK(type_->SameLayout(*other.type_));
  std::swap(rows_, other.rows_);
  std::swap(columns_, other.columns_);
  std::swap(heap_bytes_, other.heap_bytes_);
  std::swap(turnover_bytes_, other.turnover_bytes_);
  std::swap(size_, other.size_);
  std::swap(has_timestamps_, other.has_timestamps_);
  std::swap(has_hashes_, other.has_hashes_);
  std::swap(has_kinds_, other.has_kinds_);
}

}  // namespace weir::record
