// Await: waits for what answers through a callback. For the main thread only: nothing that lives on
// a loop may wait.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "weir/base/function.h"
#include "weir/env/mutex.h"

namespace weir::cli {

/// Calls `begin` with a callback that takes a T, and returns what it was called with.
/// Shapes: the callback is called exactly once, on another thread.
template <class T, class Begin>
T Await(Begin begin) {
  struct Answer {
    env::Mutex mutex;
    env::CondVar there;
    std::optional<T> value WEIR_GUARDED_BY(mutex);
  };
  const auto answer = std::make_shared<Answer>();  // owners: this call, and the callback
  begin([answer](T value) {
    const env::MutexLock lock(answer->mutex);
    answer->value = std::move(value);
    answer->there.NotifyAll();
  });
  const env::MutexLock lock(answer->mutex);
  while (!answer->value) answer->there.Wait(answer->mutex);
  return *std::move(answer->value);
}

}  // namespace weir::cli
