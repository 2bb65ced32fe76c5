// Waiting in tests of the real world: they have no clock to turn.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace weir::env {

/// True as soon as `done()`; false after 20 s, which no healthy machine needs.
inline bool TestWaitFor(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  return true;
}

/// Time for what should not happen to happen.
inline void TestSettle() { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }

}  // namespace weir::env
