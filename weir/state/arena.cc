#include "weir/state/arena.h"

#include <sys/mman.h>

#include <bit>

#include "weir/base/check.h"

namespace weir::state {

namespace {

constexpr uint32_t kChunkUnits = kChunkBytes / Arena::kUnitBytes;
constexpr uint16_t kFreeFlag = 0x8000;

uint32_t UnitsOf(size_t bytes) {
  return static_cast<uint32_t>((bytes + Arena::kUnitBytes - 1) / Arena::kUnitBytes);
}

size_t MappedBytesOf(size_t bytes) { return (bytes + 4095) & ~size_t{4095}; }

// While less is free in large blocks, the next chunk is wanted: a table that grows by millions of
// rows a second leaves the pool some milliseconds then, and in memory it costs no more than this.
constexpr uint32_t kLeadUnits = (512 << 10) / Arena::kUnitBytes;

void* Map(size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  // The budget of --memory is enforced above, before it gets here.
  WEIR_CHECK(memory != MAP_FAILED);
  return memory;
}

}  // namespace

// The head of a chunk. tags[unit] of a block's first and last unit is its size in units, with
// kFreeFlag when it is free; the tags between are stale.
struct Arena::Chunk {
  Chunk* next;
  Chunk* previous;
  std::array<uint16_t, kChunkUnits> tags;
  // Units from the first that count as reserved; those behind were never touched.
  uint32_t reserved;

  char* At(uint32_t unit) { return reinterpret_cast<char*>(this) + unit * kUnitBytes; }
  uint32_t UnitOf(const void* block) const {
    const auto distance = reinterpret_cast<uintptr_t>(block) - reinterpret_cast<uintptr_t>(this);
    return static_cast<uint32_t>(distance / kUnitBytes);
  }
  void Tag(uint32_t first, uint32_t units, uint16_t flag) {
    tags[first] = tags[first + units - 1] = static_cast<uint16_t>(units | flag);
  }
};

struct Arena::FreeBlock {
  FreeBlock* next;
  FreeBlock* previous;
};

namespace {
// Units taken by the head: the link and the tags.
constexpr uint32_t kHeadUnits = (2 * sizeof(void*) + kChunkUnits * sizeof(uint16_t) +
                                 sizeof(uint32_t) + Arena::kUnitBytes - 1) /
                                Arena::kUnitBytes;
constexpr uint32_t kBodyUnits = kChunkUnits - kHeadUnits;
}  // namespace

Arena::Arena(env::Executor* pool)
    : spare_(pool == nullptr ? nullptr : std::make_shared<SpareChunk>(*pool)) {}

Arena::~Arena() {
  while (chunks_ != nullptr) {
    Chunk* next = chunks_->next;
    UnmapChunk(chunks_);
    chunks_ = next;
  }
}

Arena::Chunk* Arena::ChunkOf(const void* block) {
  return reinterpret_cast<Chunk*>(reinterpret_cast<uintptr_t>(block) & ~uintptr_t{kChunkBytes - 1});
}

uint32_t Arena::BinOf(uint32_t units) {
  if (units <= kExactUnits) return units - 1;
  return kExactUnits + static_cast<uint32_t>(std::bit_width((units - 1) / kExactUnits)) - 1;
}

void* Arena::Allocate(size_t bytes) {
  WEIR_CHECK(bytes >= 1);
  if (bytes > kChunkBlockBytesMax) {
    bytes_mapped_ += MappedBytesOf(bytes);
    bytes_used_ += MappedBytesOf(bytes);
    return Map(MappedBytesOf(bytes));
  }
  const uint32_t units = UnitsOf(bytes);
  FreeBlock* fit = TakeFit(units);
  if (fit == nullptr) {
    AddChunk();
    fit = TakeFit(units);
  }
  Chunk* chunk = ChunkOf(fit);
  const uint32_t first = chunk->UnitOf(fit);
  const uint32_t found = chunk->tags[first] & ~uint32_t{kFreeFlag};
  RemoveFree(chunk, first);
  if (found > units) AddFree(chunk, first + units, found - units);
  chunk->Tag(first, units, 0);
  Reserve(chunk, first + units);
  bytes_used_ += units * kUnitBytes;
  if (large_free_units_ < kLeadUnits && spare_ != nullptr) spare_->Want();
  return fit;
}

void Arena::Free(void* block, size_t bytes) {
  if (bytes > kChunkBlockBytesMax) {
    bytes_mapped_ -= MappedBytesOf(bytes);
    bytes_used_ -= MappedBytesOf(bytes);
    munmap(block, MappedBytesOf(bytes));
    return;
  }
  Chunk* chunk = ChunkOf(block);
  uint32_t first = chunk->UnitOf(block);
  uint32_t units = UnitsOf(bytes);
  WEIR_CHECK(chunk->tags[first] == units);  // freed once, with the size it was asked with
  bytes_used_ -= units * kUnitBytes;

  if (first + units < kChunkUnits && (chunk->tags[first + units] & kFreeFlag) != 0) {
    const uint32_t after = chunk->tags[first + units] & ~uint32_t{kFreeFlag};
    RemoveFree(chunk, first + units);
    units += after;
  }
  if (first > kHeadUnits && (chunk->tags[first - 1] & kFreeFlag) != 0) {
    const uint32_t before = chunk->tags[first - 1] & ~uint32_t{kFreeFlag};
    first -= before;
    RemoveFree(chunk, first);
    units += before;
  }
  // One free chunk is kept when it is the last: a table that shrinks to nothing and grows again
  // would otherwise fault it in each time.
  if (units == kBodyUnits && chunk_count_ > 1) return DropChunk(chunk);
  AddFree(chunk, first, units);
}

// A chunk that the pool touched is one huge page. Others are touched by the task, and to zero 2 MiB
// at once would keep it for milliseconds: the system may make a huge page of them later, when the
// next one is begun. So a table of a few rows costs pages of 4 KiB, too.
void Arena::AddChunk() {
  char* memory = spare_ == nullptr ? nullptr : spare_->Take();
  const bool whole = memory != nullptr || spare_ == nullptr;
  if (memory == nullptr) memory = MapChunk();
  if (chunks_ != nullptr) {
    AdviseHuge(chunks_);
    Reserve(chunks_, kChunkUnits);
  }
  Chunk* chunk = reinterpret_cast<Chunk*>(memory);
  chunk->next = chunks_;
  chunk->previous = nullptr;
  if (chunks_ != nullptr) chunks_->previous = chunk;
  chunks_ = chunk;
  ++chunk_count_;
  chunk->reserved = 0;
  Reserve(chunk, whole ? kChunkUnits : kHeadUnits);
  AddFree(chunk, kHeadUnits, kBodyUnits);
}

void Arena::Reserve(Chunk* chunk, uint32_t units) {
  if (units <= chunk->reserved) return;
  bytes_mapped_ += (units - chunk->reserved) * kUnitBytes;
  chunk->reserved = units;
}

void Arena::DropChunk(Chunk* chunk) {
  (chunk->previous != nullptr ? chunk->previous->next : chunks_) = chunk->next;
  if (chunk->next != nullptr) chunk->next->previous = chunk->previous;
  --chunk_count_;
  bytes_mapped_ -= chunk->reserved * kUnitBytes;
  UnmapChunk(chunk);
}

void Arena::AddFree(Chunk* chunk, uint32_t first, uint32_t units) {
  chunk->Tag(first, units, kFreeFlag);
  FreeBlock* block = reinterpret_cast<FreeBlock*>(chunk->At(first));
  const uint32_t bin = BinOf(units);
  if (bin >= kExactUnits) large_free_units_ += units;
  block->previous = nullptr;
  block->next = bins_[bin];
  if (block->next != nullptr) block->next->previous = block;
  bins_[bin] = block;
  bins_in_use_[bin / 64] |= uint64_t{1} << (bin % 64);
}

void Arena::RemoveFree(Chunk* chunk, uint32_t first) {
  const uint32_t units = chunk->tags[first] & ~uint32_t{kFreeFlag};
  FreeBlock* block = reinterpret_cast<FreeBlock*>(chunk->At(first));
  const uint32_t bin = BinOf(units);
  if (bin >= kExactUnits) large_free_units_ -= units;
  (block->previous != nullptr ? block->previous->next : bins_[bin]) = block->next;
  if (block->next != nullptr) block->next->previous = block->previous;
  if (bins_[bin] == nullptr) bins_in_use_[bin / 64] &= ~(uint64_t{1} << (bin % 64));
}

// The head of the smallest list whose blocks all fit; within a power of two the first that fits.
Arena::FreeBlock* Arena::TakeFit(uint32_t units) {
  const uint32_t start = BinOf(units);
  for (uint32_t word = start / 64; word < bins_in_use_.size(); ++word) {
    uint64_t lists = bins_in_use_[word];
    if (word == start / 64) lists &= ~uint64_t{0} << (start % 64);
    for (; lists != 0; lists &= lists - 1) {
      const uint32_t bin = word * 64 + static_cast<uint32_t>(std::countr_zero(lists));
      for (FreeBlock* block = bins_[bin]; block != nullptr; block = block->next) {
        const Chunk* chunk = ChunkOf(block);
        if ((chunk->tags[chunk->UnitOf(block)] & ~uint32_t{kFreeFlag}) >= units) return block;
        if (bin < kExactUnits) break;
      }
    }
  }
  return nullptr;
}

}  // namespace weir::state
