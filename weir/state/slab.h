// Slab: the encoded keys and values of one key group: byte blocks of any size that are too large or
// too irregular for a row.
//
// Small blocks share pages of one size class (steps of a quarter at most), large ones are cut from
// the arena. Pages belong to one key group, so a group that is emptied gives its pages back.
// Invariants: a block knows its capacity and its page; a page without blocks does not exist.
// Threads: one caller at a time.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "weir/state/arena.h"

namespace weir::state {

/// A run of bytes in a slab. Its address is what a row's cell holds; null stands for no bytes.
struct Block {
  uint32_t length;
  uint32_t where;  // small: class and distance to the page; large: units of the arena, with a flag

  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  uint32_t capacity() const;
};

/// The bytes of a cell that may be null.
inline std::string_view BytesOf(const Block* block) {
  return block == nullptr ? std::string_view() : std::string_view(block->data(), block->length);
}

class Slab {
 public:
  /// `arena` outlives the slab. The blocks left at the end are dropped with the arena.
  explicit Slab(Arena& arena) : arena_(arena) {}
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  /// A block with room for `capacity` bytes and length 0.
  /// Shapes: capacity <= limits::kValueBytesMax.
  Block* Allocate(size_t capacity);
  void Free(Block* block);

  /// Replaces what `cell` points to by `bytes`, in place where they fit without waste. No bytes, no
  /// block: the cell becomes null.
  void Assign(Block*& cell, std::string_view bytes);

  /// Appends to what `cell` points to; capacity grows by half, so that n appends cost O(n).
  void Append(Block*& cell, std::string_view bytes);

  /// Blocks allocated and not freed.
  uint64_t blocks() const { return blocks_; }

  static constexpr uint32_t kClasses = 24;

 private:
  struct Page;
  Page* AddPage(uint32_t size_class);
  void Unlink(Page* page);

  Arena& arena_;
  std::array<Page*, kClasses> open_{};  // pages with room, by class
  uint64_t blocks_ = 0;
};

}  // namespace weir::state
