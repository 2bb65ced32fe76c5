#include "weir/state/spare_chunk.h"

#include <sys/mman.h>

#include <cstdint>
#include <utility>

#include "weir/base/check.h"

namespace weir::state {

// Maps twice as much and gives back what lies outside the aligned part: only then can the system
// use one huge page for it.
char* MapChunk() {
  void* mapped =
      mmap(nullptr, 2 * kChunkBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  WEIR_CHECK(mapped != MAP_FAILED);  // the budget of --memory is enforced above
  char* memory = static_cast<char*>(mapped);
  const auto address = reinterpret_cast<uintptr_t>(memory);
  const size_t before = (kChunkBytes - address % kChunkBytes) % kChunkBytes;
  if (before > 0) munmap(memory, before);
  char* chunk = memory + before;
  munmap(chunk + kChunkBytes, kChunkBytes - before);
  return chunk;
}

void UnmapChunk(void* chunk) { munmap(chunk, kChunkBytes); }

void AdviseHuge(void* chunk) { madvise(chunk, kChunkBytes, MADV_HUGEPAGE); }

SpareChunk::~SpareChunk() {
  if (ready_ != nullptr) UnmapChunk(ready_);
}

void SpareChunk::Want() {
  if (wanted_) return;
  wanted_ = true;
  pool_.Post([self = shared_from_this()] { self->Make(); });
}

void SpareChunk::Make() {
  constexpr size_t kPageBytes = 4096;
  char* chunk = MapChunk();
  AdviseHuge(chunk);
  for (size_t offset = 0; offset < kChunkBytes; offset += kPageBytes)
    *static_cast<volatile char*>(chunk + offset) = 0;
  const env::MutexLock lock(mutex_);
  ready_ = chunk;
}

char* SpareChunk::Take() {
  const env::MutexLock lock(mutex_);
  if (ready_ != nullptr) wanted_ = false;
  return std::exchange(ready_, nullptr);
}

}  // namespace weir::state
