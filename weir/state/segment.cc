#include "weir/state/segment.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "weir/base/check.h"

namespace weir::state {

namespace {

// Sizes in units of the arena. Each is the next one's four fifths, down from the largest.
constexpr std::array<uint16_t, 20> kSizes = {1,  2,  3,  4,  5,  6,  7,  9,  11, 14,
                                             17, 21, 26, 33, 41, 52, 65, 82, 102, 128};
static_assert(kSizes.back() * Arena::kUnitBytes == limits::kSegmentBytesMax);

// Seven eighths: a key that is there is found after 4.5 rows at worst on average, after 2.7 over the
// life of a segment; less would cost memory at once.
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
  for (const uint32_t units : kSizes) {
    const uint32_t bytes = units * static_cast<uint32_t>(Arena::kUnitBytes);
    if (UsedMax(bytes, row_bytes) >= rows) return bytes;
  }
  return 0;
}

Segment* Segment::Make(Arena& arena, uint32_t bytes, uint32_t row_bytes, uint8_t depth) {
  Segment* segment = static_cast<Segment*>(arena.Allocate(bytes));
  std::memset(static_cast<void*>(segment), 0, bytes);
  segment->bytes = bytes;
  segment->capacity = static_cast<uint16_t>(CapacityOf(bytes, row_bytes));
  segment->used_max = static_cast<uint16_t>(UsedMax(bytes, row_bytes));
  segment->depth = depth;
  WEIR_CHECK(segment->used_max < segment->capacity);
  return segment;
}

Row* Segment::FreeRow(uint64_t hash, uint32_t row_bytes) {
  uint32_t index = HomeOf(hash, capacity);
  while (RowAt(index, row_bytes)->tag != 0) index = index + 1 == capacity ? 0 : index + 1;
  return RowAt(index, row_bytes);
}

}  // namespace weir::state
