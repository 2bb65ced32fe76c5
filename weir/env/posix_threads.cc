#include "weir/env/posix_threads.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <thread>

#include "weir/base/limits.h"
#include "weir/env/posix_clock.h"
#include "weir/env/thread_name.h"

namespace weir::env {
namespace {

using Progress = Stepper::Progress;

// Parking, and why no wake is lost. `parked_` is 1 from before the thread's last look at its work
// until somebody wakes it.
//
//   the thread                        whoever hands work over
//   P1  parked_ = 1                   W1  the work is made visible (queue, mailbox)
//   P2  full fence                    W2  full fence
//   P3  Step(): looks for work        W3  reads parked_
//   P4  sleeps while parked_ == 1     W4  if it was 1: parked_ = 0, futex wake
//
// The two fences are in one order. If P2 is first, W3 reads 1 (or a later 0, written by somebody
// else who then does W4) and wakes; the kernel compares parked_ with 1 and falls asleep in one
// step, so a W4 before P4 keeps the thread from sleeping, and one after it wakes it. If W2 is
// first, P3 sees the work. So the work is stepped or the thread is awake. The cap on the sleep is
// for what nobody wakes for (time passing), not for this argument.
//
// A thread that is not parked costs its waker W2 and W3: no system call, no write to a shared line.
class PosixTaskThread final : public TaskThread {
 public:
  PosixTaskThread(const std::string& name, Stepper& stepper)
      : stepper_(stepper), thread_([this, name] {
          NameThisThread(name);
          Run();
        }) {}

  ~PosixTaskThread() override {
    stopping_.store(true, std::memory_order_relaxed);  // the work that this Wake hands over
    Wake();
    thread_.join();
  }

  void Wake() override {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (parked_.load(std::memory_order_relaxed) == 0) return;
    if (parked_.exchange(0, std::memory_order_relaxed) == 1) {
      ::syscall(SYS_futex, &parked_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }
  }

 private:
  static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));  // futex(2) wants the bare word

  void Run() {
    while (true) {
      Progress progress = StepWhileBusy();
      if (progress == Progress::kIdle) progress = Park();
      if (progress == Progress::kDone) return;
    }
  }

  // Steps until there was nothing to do for the spinning time.
  Progress StepWhileBusy() {
    base::Instant idle_since = clock_.Now();
    while (true) {
      const Progress progress = Step();
      if (progress == Progress::kDone) return progress;
      const base::Instant now = clock_.Now();
      if (progress == Progress::kProgress) idle_since = now;
      if (now - idle_since >= limits::kIdleSpin) return Progress::kIdle;
    }
  }

  Progress Park() {
    parked_.store(1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    const Progress progress = Step();
    if (progress == Progress::kIdle) Sleep();
    parked_.store(0, std::memory_order_relaxed);
    return progress == Progress::kDone ? progress : Progress::kProgress;
  }

  void Sleep() {
    static_assert(limits::kIdleParkMax < std::chrono::seconds(1));
    const timespec at_most{.tv_sec = 0, .tv_nsec = limits::kIdleParkMax.count()};
    // Woken, timed out or interrupted: in each case the thread looks again.
    ::syscall(SYS_futex, &parked_, FUTEX_WAIT_PRIVATE, 1, &at_most, nullptr, 0);
  }

  Progress Step() {
    return stopping_.load(std::memory_order_relaxed) ? Progress::kDone : stepper_.Step();
  }

  Stepper& stepper_;
  const PosixClock clock_;
  std::atomic<uint32_t> parked_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;  // last: runs over the fields above
};

}  // namespace

std::unique_ptr<TaskThread> PosixThreads::Start(const std::string& name, Stepper& stepper) {
  return std::make_unique<PosixTaskThread>(name, stepper);
}

}  // namespace weir::env
