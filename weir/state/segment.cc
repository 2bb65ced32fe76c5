#include "weir/state/segment.h"

#include <algorithm>
#include <cstring>

#include "weir/base/check.h"

namespace weir::state {

namespace {

// Sizes are multiples of this, or of the arena's unit when they are small.
constexpr uint32_t kGrain = 2048;
constexpr uint32_t kGrainedBytes = 16 << 10;

// Seven eighths: a key that is there is found after 4.5 rows at worst on average, after 2.7 over
// the life of a segment; less would cost memory at once.
constexpr uint32_t kFillNumerator = 7;
constexpr uint32_t kFillDenominator = 8;

uint32_t CapacityOf(uint32_t bytes, uint32_t row_bytes) {
  return (bytes - static_cast<uint32_t>(sizeof(Segment))) / row_bytes;
}

}  // namespace

uint32_t Segment::UsedMax(uint32_t bytes, uint32_t row_bytes) {
  return CapacityOf(bytes, row_bytes) * kFillNumerator / kFillDenominator;
}

uint32_t Segment::BytesFor(uint32_t rows, uint32_t row_bytes) {
  const uint32_t capacity = (rows * kFillDenominator + kFillNumerator - 1) / kFillNumerator;
  const uint32_t bytes =
      static_cast<uint32_t>(sizeof(Segment)) + std::max(capacity, 2u) * row_bytes;
  const uint32_t grain = bytes < kGrainedBytes ? static_cast<uint32_t>(Arena::kUnitBytes) : kGrain;
  const uint32_t rounded = (bytes + grain - 1) / grain * grain;
  return rounded <= limits::kSegmentBytesMax ? rounded : 0;
}

Segment* Segment::Make(Arena& arena, const Shape& shape, uint32_t row_bytes) {
  const uint32_t bytes = BytesFor(shape.rows, row_bytes);
  WEIR_CHECK(bytes != 0);
  Segment* segment = static_cast<Segment*>(arena.Allocate(bytes));
  std::memset(static_cast<void*>(segment), 0, bytes);
  segment->bytes = bytes;
  segment->capacity = static_cast<uint16_t>(CapacityOf(bytes, row_bytes));
  segment->used_max = static_cast<uint16_t>(std::min(UsedMax(bytes, row_bytes), shape.rows_max));
  segment->depth = shape.depth;
  WEIR_CHECK(segment->used_max < segment->capacity);
  return segment;
}

Row* Segment::FreeRow(uint64_t hash, uint32_t row_bytes) {
  uint32_t index = HomeOf(hash, capacity);
  while (RowAt(index, row_bytes)->tag != 0) index = index + 1 == capacity ? 0 : index + 1;
  return RowAt(index, row_bytes);
}

}  // namespace weir::state
