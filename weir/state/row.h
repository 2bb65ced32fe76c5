// Row: one (key, namespace) of a keyed table with all its states, and how a row is laid out.
//
//   head (8 bytes) · key cell · one cell for each declared state, in the order of declaration
//
// A cell is a multiple of 8 bytes and holds the value as it lies in memory, or, for keys and values
// that are not flat or too large, the address of a Block with the encoding.
// Threads: values.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "weir/base/limits.h"
#include "weir/state/slab.h"

namespace weir::state {

/// Marks of a row. The dirty ones mean something relative to the row's generation only: see
/// KeyedTable::Dirty.
inline constexpr uint8_t kDirtyNewer = 1;  // changed in the row's generation
inline constexpr uint8_t kDirtyOlder = 2;  // changed before it, after the last completed snapshot

/// The head. A row without a present state is a key that was deleted (or is being made): it is not
/// part of the state, but remembered until a completed snapshot covers the deletion.
struct Row {
  uint8_t tag;  // 0: no row here; else 7 bits of the key's hash, with the top bit set
  uint8_t marks;
  uint16_t presence;    // bit i: state i has a value
  uint32_t generation;  // of the table, when the row was last changed, encoded or met by a snapshot

  char* At(uint32_t offset) { return reinterpret_cast<char*>(this) + offset; }
  const char* At(uint32_t offset) const { return reinterpret_cast<const char*>(this) + offset; }

  /// A cell that holds the address of a block.
  Block* BlockAt(uint32_t offset) const {
    Block* block;
    std::memcpy(&block, At(offset), sizeof block);
    return block;
  }
  void SetBlockAt(uint32_t offset, Block* block) { std::memcpy(At(offset), &block, sizeof block); }
};
static_assert(sizeof(Row) == 8);
static_assert(limits::kStatesPerOperatorMax == 16);  // the bits of `presence`

inline uint8_t TagOf(uint64_t hash) { return static_cast<uint8_t>(hash | 0x80); }

/// Where the parts of a row lie. States may be added until the first row is made.
struct RowLayout {
  static constexpr uint32_t kKeyOffset = sizeof(Row);

  /// Shapes: inline_bytes = 0 when the key lies encoded in the slab.
  explicit RowLayout(uint32_t inline_bytes)
      : key_inline_bytes(inline_bytes), row_bytes(kKeyOffset + CellBytes(inline_bytes)) {}

  /// The offset of the new state's cell.
  uint32_t AddState(uint32_t inline_bytes) {
    offsets.push_back(row_bytes);
    row_bytes += CellBytes(inline_bytes);
    return offsets.back();
  }

  static uint32_t CellBytes(uint32_t inline_bytes) {
    return inline_bytes == 0 ? sizeof(Block*) : (inline_bytes + 7) & ~7u;
  }

  std::string_view KeyOf(const Row& row) const {
    return key_inline_bytes != 0 ? std::string_view(row.At(kKeyOffset), key_inline_bytes)
                                 : BytesOf(row.BlockAt(kKeyOffset));
  }

  uint32_t key_inline_bytes;
  uint32_t row_bytes;
  std::vector<uint32_t> offsets;  // of the states' cells
};

}  // namespace weir::state
