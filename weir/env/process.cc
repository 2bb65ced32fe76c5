#include "weir/env/process.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "weir/base/status.h"
#include "weir/env/file_system.h"

namespace weir::env {

uint32_t Cores() {
  cpu_set_t usable;
  CPU_ZERO(&usable);
  if (::sched_getaffinity(0, sizeof(usable), &usable) != 0) return 1;
  const int cores = CPU_COUNT(&usable);
  return cores < 1 ? 1 : static_cast<uint32_t>(cores);
}

std::string ThisProcess() {
  std::array<char, HOST_NAME_MAX + 1> name = {};
  if (::gethostname(name.data(), name.size() - 1) != 0) name = {"localhost"};
  return Concat(name.data(), " (pid ", ::getpid(), ")");
}

std::string AbsolutePath(const std::string& path) {
  if (path.starts_with('/')) return path;
  const std::unique_ptr<char, void (*)(void*)> directory(::getcwd(nullptr, 0), std::free);
  return directory == nullptr ? path : JoinPath(directory.get(), path);
}

void EndThisProcess(int exit_code) {
  std::fflush(nullptr);
  std::_Exit(exit_code);
}

// The way round that cannot be used: whoever reads or writes is told.
void KeepStandardStreams() {
  for (int number = 0; number < 3; ++number) {
    if (::fcntl(number, F_GETFD) >= 0) continue;
    if (::open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY) != number) return;
  }
}

}  // namespace weir::env
