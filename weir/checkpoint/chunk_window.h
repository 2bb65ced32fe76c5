// ChunkWindow: how far the reading of packs may be ahead of whoever takes the chunks.
//
//   store ──▶ block ──▶ chunks ──▶ mailbox ──▶ taken
//             └──────── at most so many bytes ───┘
//
// A reading asks for room before it fetches a block, and waits while chunks are on their way that
// will make some. Nothing on its way, no waiting: a chunk that is longer than the window passes
// alone.
// Ownership: shared by the reading and the chunks under way, so that neither needs the other to
//   live.
// Threads: any thread; one reading at a time.
#pragma once

#include <cstddef>
#include <memory>

#include "weir/base/function.h"
#include "weir/env/mutex.h"

namespace weir::checkpoint {

class ChunkWindow : public std::enable_shared_from_this<ChunkWindow> {
 public:
  explicit ChunkWindow(size_t bytes_max) : bytes_max_(bytes_max) {}

  /// A chunk on its way. Destroyed before Free, it says that nobody takes chunks any more: what
  /// waits for room is destroyed too, now and later.
  class Place {
   public:
    Place(Place&&) = default;
    Place& operator=(Place&&) = delete;
    ~Place();

    /// The chunk was taken; a reading that waits for it may go on inside this call.
    void Free();

   private:
    friend class ChunkWindow;
    Place(std::shared_ptr<ChunkWindow> window, size_t bytes)
        : window_(std::move(window)), bytes_(bytes) {}

    std::shared_ptr<ChunkWindow> window_;  // owners: places, and the reading
    size_t bytes_;
  };
  Place Put(size_t bytes);

  /// Runs `then` once there is room for `bytes` beside the chunks on their way: inside this call or
  /// that of Place::Free.
  /// Shapes: nothing waits already.
  void WaitForRoom(size_t bytes, base::Closure then);

  /// Of the chunks on their way.
  size_t bytes() const;

 private:
  bool HasRoom(size_t bytes) const WEIR_REQUIRES(mutex_);
  void Freed(size_t bytes);
  void Close();

  const size_t bytes_max_;
  mutable env::Mutex mutex_;
  size_t bytes_ WEIR_GUARDED_BY(mutex_) = 0;
  bool closed_ WEIR_GUARDED_BY(mutex_) = false;
  size_t wanted_ WEIR_GUARDED_BY(mutex_) = 0;
  base::Closure waiting_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::checkpoint
