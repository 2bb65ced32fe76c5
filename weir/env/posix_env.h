// PosixEnv: the real world in one object, made once by `main`.
//
//   env::PosixEnv world({.pool_threads = 4});
//   auto loop = world.NewEventLoop("coordinator");
//   Coordinator coordinator(world.env(), *loop);
#pragma once

#include <memory>
#include <string>

#include "weir/env/env.h"

namespace weir::env {

/// Threads: any thread. Outlives everything that holds its Env; the pool's waiting jobs are dropped
///   first when it goes.
class PosixEnv {
 public:
  enum class Network : uint8_t {
    kInProcess,  // addresses are names, frames never leave the process
    kLoopback,   // TCP between processes of this machine
  };
  struct Options {
    size_t pool_threads = 4;  // jobs mostly wait for the disk or the store
    Network network = Network::kInProcess;
  };

  PosixEnv();
  explicit PosixEnv(const Options& options);
  ~PosixEnv();
  PosixEnv(const PosixEnv&) = delete;
  PosixEnv& operator=(const PosixEnv&) = delete;

  const Env& env() const;

  /// One more logical thread, for an actor.
  std::unique_ptr<EventLoop> NewEventLoop(const std::string& name);

  /// For the orderly end: waits for the pool's jobs that run and drops those that wait, so that
  /// none answers to an event loop that is about to go.
  /// Threads: one caller, not a job of the pool.
  void StopPool();

 private:
  struct World;
  const std::unique_ptr<World> world_;
};

}  // namespace weir::env
