// Arena: the memory of one keyed table. Segments and slab pages of any size are cut from 2 MiB
// chunks and grow together again when they are freed; a chunk that is free goes back to the system.
//
// Best fit with boundary tags: the tags of a chunk lie in its first pages, free blocks are linked
// through their own bytes, one list for each size. A table that grows leaves blocks of every
// smaller size behind; without merging them it would need twice its memory.
// Invariants: two free blocks never touch; every byte asked from the system is in `bytes_reserved`.
// Threads: one caller at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "weir/state/spare_chunk.h"

namespace weir::state {

class Arena {
 public:
  /// What sizes are rounded up to.
  static constexpr size_t kUnitBytes = 512;
  static constexpr size_t kChunkBytes = state::kChunkBytes;
  /// Larger blocks are mapped on their own.
  static constexpr size_t kChunkBlockBytesMax = size_t{1} << 20;

  /// Shapes: `pool` touches the memory that comes next; it outlives the arena. Null: nobody does.
  explicit Arena(env::Executor* pool = nullptr);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// A block of at least `bytes`, not zeroed, aligned to 512 but for a chunk's first bytes.
  /// Shapes: bytes >= 1. Memory that the system refuses ends the process.
  void* Allocate(size_t bytes);

  /// Gives back what `Allocate(bytes)` returned.
  void Free(void* block, size_t bytes);

  /// Bytes asked from the system: whole chunks, whether used or not, the one that the pool touches,
  /// and large blocks. Beside a pool the newest chunk is touched page by page if it did not come
  /// from there; then what of it was never in use does not count.
  size_t bytes_reserved() const {
    return bytes_mapped_ + (spare_ != nullptr && spare_->wanted() ? kChunkBytes : 0);
  }
  /// Bytes in blocks that are allocated, after rounding.
  size_t bytes_used() const { return bytes_used_; }

 private:
  struct Chunk;
  struct FreeBlock;
  // One list for every size up to 64 KiB, then one for each power of two.
  static constexpr uint32_t kExactUnits = 128;
  static constexpr uint32_t kBins = kExactUnits + 6;

  static Chunk* ChunkOf(const void* block);
  static uint32_t BinOf(uint32_t units);
  void AddChunk();
  void Reserve(Chunk* chunk, uint32_t units);
  void DropChunk(Chunk* chunk);
  void AddFree(Chunk* chunk, uint32_t first, uint32_t units);
  void RemoveFree(Chunk* chunk, uint32_t first);
  FreeBlock* TakeFit(uint32_t units);

  std::array<FreeBlock*, kBins> bins_{};
  std::array<uint64_t, 3> bins_in_use_{};  // one bit for each list that is not empty
  Chunk* chunks_ = nullptr;
  size_t chunk_count_ = 0;
  uint32_t large_free_units_ = 0;  // in blocks above 64 KiB
  size_t bytes_mapped_ = 0;
  size_t bytes_used_ = 0;
  std::shared_ptr<SpareChunk> spare_;  // shared with the pool's job; null without a pool
};

}  // namespace weir::state
