#include "weir/checkpoint/chunk_window.h"

#include <utility>

#include "weir/base/check.h"

namespace weir::checkpoint {

ChunkWindow::Place::~Place() {
  if (window_ != nullptr) window_->Close();
}

void ChunkWindow::Place::Free() {
  const std::shared_ptr<ChunkWindow> window = std::move(window_);
  WEIR_CHECK(window != nullptr);
  window->Freed(bytes_);
}

ChunkWindow::Place ChunkWindow::Put(size_t bytes) {
  const env::MutexLock lock(mutex_);
  bytes_ += bytes;
  return Place(shared_from_this(), bytes);
}

bool ChunkWindow::HasRoom(size_t bytes) const {
  return bytes_ == 0 || bytes_ + bytes <= bytes_max_;
}

void ChunkWindow::WaitForRoom(size_t bytes, base::Closure then) {
  {
    const env::MutexLock lock(mutex_);
    WEIR_CHECK(!waiting_);
    if (closed_) return;
    if (!HasRoom(bytes)) {
      wanted_ = bytes;
      waiting_ = std::move(then);
      return;
    }
  }
  then();
}

void ChunkWindow::Freed(size_t bytes) {
  base::Closure then;
  {
    const env::MutexLock lock(mutex_);
    bytes_ -= bytes;
    if (!waiting_ || !HasRoom(wanted_)) return;
    then = std::move(waiting_);
  }
  then();
}

void ChunkWindow::Close() {
  base::Closure dropped;  // outside of the lock: it may own the last place
  const env::MutexLock lock(mutex_);
  closed_ = true;
  dropped = std::move(waiting_);
}

size_t ChunkWindow::bytes() const {
  const env::MutexLock lock(mutex_);
  return bytes_;
}

}  // namespace weir::checkpoint
