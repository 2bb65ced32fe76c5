// SpareChunk: the chunk of memory that an arena takes next, mapped and touched by the pool: zeroing
// 2 MiB takes milliseconds on a machine that must find them first.
//
// The arena wants it before it needs it. When it comes too late the arena maps a chunk itself and
// touches small pages one by one.
// Ownership: shared by the arena and the job under way; what nobody took is unmapped with the last
//   of them.
// Threads: Want and Take one caller at a time: the task; the job runs on the pool.
#pragma once

#include <cstddef>
#include <memory>

#include "weir/env/executor.h"
#include "weir/env/mutex.h"

namespace weir::state {

inline constexpr size_t kChunkBytes = size_t{2} << 20;

/// Maps kChunkBytes aligned to themselves, untouched. Memory that the system refuses ends the
/// process.
char* MapChunk();
void UnmapChunk(void* chunk);
/// Lets the system put the chunk's pages into one huge page: at its first touch, or later when it
/// was touched.
void AdviseHuge(void* chunk);

class SpareChunk : public std::enable_shared_from_this<SpareChunk> {
 public:
  explicit SpareChunk(env::Executor& pool) : pool_(pool) {}  // outlives it
  ~SpareChunk();
  SpareChunk(const SpareChunk&) = delete;
  SpareChunk& operator=(const SpareChunk&) = delete;

  /// Asks the pool for one, unless one is there or under way.
  void Want();
  bool wanted() const { return wanted_; }

  /// The chunk, or null while it is not ready; then it stays wanted.
  char* Take();

 private:
  void Make();

  env::Executor& pool_;
  bool wanted_ = false;  // of the task
  env::Mutex mutex_;
  char* ready_ WEIR_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace weir::state
