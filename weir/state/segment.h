// Segment: a run of rows of one key group whose hashes share their top bits; and DirectoryEntry,
// the word by which a directory names one.
//
// A row's home is its hash scaled to the segment's capacity; from there rows are probed one after
// the other, from the last to the first, until a free one. A segment is never full.
// Invariants: at most limits::kSegmentBytesMax; within one key group; at least one free row.
// Threads: one caller at a time.
#pragma once

#include <cstdint>

#include "weir/base/limits.h"
#include "weir/state/arena.h"
#include "weir/state/row.h"

namespace weir::state {

struct Segment {
  Segment* overflow;  // more rows of hashes that no directory could tell apart; null but for abuse
  uint32_t bytes;     // of the block that it lies in
  uint16_t capacity;  // rows
  uint16_t used;      // rows that are not free
  uint16_t used_max;  // more make it grow
  uint16_t deleted;   // deletions since it was built
  uint8_t depth;      // bits below the key group's that all hashes share
  uint8_t unused[11];

  Row* RowAt(uint32_t index, uint32_t row_bytes) {
    return reinterpret_cast<Row*>(reinterpret_cast<char*>(this + 1) + size_t{index} * row_bytes);
  }
  bool HasRoom() const { return used < used_max; }

  /// The first free row behind the home of `hash`.
  Row* FreeRow(uint64_t hash, uint32_t row_bytes);

  struct Shape {
    uint32_t rows;      // to have room for
    uint32_t rows_max;  // from here on it is full whatever its size
    uint8_t depth;
  };
  /// A segment without rows.
  static Segment* Make(Arena& arena, const Shape& shape, uint32_t row_bytes);
  static void Drop(Arena& arena, Segment* segment) { arena.Free(segment, segment->bytes); }

  /// The smallest size that holds `rows` before it must grow; 0 when none does.
  static uint32_t BytesFor(uint32_t rows, uint32_t row_bytes);
  /// Rows that a segment of this size takes before it must grow.
  static uint32_t UsedMax(uint32_t bytes, uint32_t row_bytes);
};
static_assert(sizeof(Segment) == 32);  // rows of 32 bytes then never lie across two cache lines

inline uint32_t HomeOf(uint64_t hash, uint32_t capacity) {
  return static_cast<uint32_t>((uint64_t{static_cast<uint32_t>(hash)} * capacity) >> 32);
}

/// Address (48 bits), capacity (15 bits) and whether the segment overflows (1 bit): a row's address
/// follows from it without a look at the segment.
class DirectoryEntry {
 public:
  DirectoryEntry() = default;
  explicit DirectoryEntry(const Segment* segment)
      : word_(reinterpret_cast<uint64_t>(segment) | uint64_t{segment->capacity} << 48 |
              uint64_t{segment->overflow != nullptr} << 63) {}

  Segment* segment() const { return reinterpret_cast<Segment*>(word_ & 0xFFFF'FFFF'FFFF); }
  uint32_t capacity() const { return static_cast<uint32_t>(word_ >> 48) & 0x7FFF; }
  bool overflows() const { return word_ >> 63 != 0; }
  char* first() const { return reinterpret_cast<char*>(segment() + 1); }
  Row* Home(uint64_t hash, uint32_t row_bytes) const {
    return reinterpret_cast<Row*>(first() + size_t{HomeOf(hash, capacity())} * row_bytes);
  }
  friend bool operator==(DirectoryEntry, DirectoryEntry) = default;

 private:
  uint64_t word_ = 0;
};

/// The last rows of all key groups without rows: one that is free, never written.
struct EmptySegment {
  Segment head{.overflow = nullptr,
               .bytes = 0,
               .capacity = 1,
               .used = 0,
               .used_max = 0,
               .deleted = 0,
               .depth = 0,
               .unused = {}};
  char row[sizeof(Row) + 16] = {};
};

}  // namespace weir::state
