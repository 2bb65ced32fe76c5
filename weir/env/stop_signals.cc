#include "weir/env/stop_signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "weir/base/check.h"

namespace weir::env {
namespace {

// A terminal and a parent process may both pass on the same wish to stop.
constexpr int kTogetherMs = 100;

}  // namespace

StatusOr<std::unique_ptr<StopSignals>> StopSignals::Open() {
  sigset_t caught;
  sigset_t before;
  sigemptyset(&caught);
  sigaddset(&caught, SIGINT);
  sigaddset(&caught, SIGTERM);
  WEIR_CHECK(pthread_sigmask(SIG_BLOCK, &caught, &before) == 0);
  std::unique_ptr<StopSignals> signals(new StopSignals(caught, before));
  signals->signals_ = ::signalfd(-1, &caught, SFD_CLOEXEC);
  signals->wake_ = ::eventfd(0, EFD_CLOEXEC);
  if (signals->signals_ < 0 || signals->wake_ < 0) {
    return ResourceExhaustedError("open a descriptor: ", std::strerror(errno));
  }
  return signals;
}

StopSignals::~StopSignals() {
  if (signals_ >= 0) ::close(signals_);
  if (wake_ >= 0) ::close(wake_);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int StopSignals::Take() {
  struct signalfd_siginfo info = {};
  WEIR_CHECK(::read(signals_, &info, sizeof(info)) == sizeof(info));
  return static_cast<int>(info.ssi_signo);
}

void StopSignals::Wake() { WEIR_CHECK(::eventfd_write(wake_, 1) == 0); }

std::optional<int> StopSignals::Wait() {
  std::array<pollfd, 2> waiting = {pollfd{signals_, POLLIN, 0}, pollfd{wake_, POLLIN, 0}};
  while (::poll(waiting.data(), waiting.size(), /*timeout=*/-1) < 0) WEIR_CHECK(errno == EINTR);
  std::optional<int> first;
  if (waiting[1].revents == 0) first = Take();
  // Those that came with it, or beside the job's end, must not strike when they are let through.
  const int together_ms = first ? kTogetherMs : 0;
  while (::poll(waiting.data(), /*nfds=*/1, together_ms) > 0) Take();
  pthread_sigmask(SIG_UNBLOCK, &caught_, nullptr);
  return first;
}

}  // namespace weir::env
