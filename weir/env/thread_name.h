// The name of a thread, as debuggers and profilers show it.
#pragma once

#include <pthread.h>

#include <string>

namespace weir::env {

/// Names the calling thread; Linux keeps the first 15 characters.
inline void NameThisThread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace weir::env
