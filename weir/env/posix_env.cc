#include "weir/env/posix_env.h"

#include <optional>

#include "weir/env/memory_transport.h"
#include "weir/env/posix_clock.h"
#include "weir/env/posix_file_system.h"
#include "weir/env/posix_random.h"
#include "weir/env/posix_threads.h"
#include "weir/env/socket_dialer.h"
#include "weir/env/socket_transport.h"
#include "weir/env/thread_event_loop.h"
#include "weir/env/thread_executor.h"

namespace weir::env {

// Declared so that the pool goes first: its jobs may use all the rest.
struct PosixEnv::World {
  explicit World(const Options& options) : pool("weir-pool", options.pool_threads) {
    if (options.network == Network::kLoopback) {
      transport = std::make_unique<SocketTransport>();
    } else {
      delivery = std::make_unique<ThreadEventLoop>("weir-delivery");
      transport = std::make_unique<MemoryTransport>(*delivery);
    }
    env.emplace(Env{.clock = clock,
                    .random = random,
                    .files = files,
                    .pool = pool,
                    .threads = threads,
                    .transport = *transport,
                    .dialer = dialer,
                    .metrics = metrics,
                    .chaos = chaos});
  }

  PosixClock clock;
  PosixRandom random;
  PosixFileSystem files;
  PosixThreads threads;
  MetricRegistry metrics;
  NoChaos chaos;
  std::unique_ptr<ThreadEventLoop> delivery;  // of the in-process transport
  std::unique_ptr<Transport> transport;
  SocketDialer dialer;
  ThreadExecutor pool;
  std::optional<Env> env;
};

PosixEnv::PosixEnv() : PosixEnv(Options()) {}
PosixEnv::PosixEnv(const Options& options) : world_(std::make_unique<World>(options)) {}
PosixEnv::~PosixEnv() = default;

const Env& PosixEnv::env() const { return *world_->env; }

std::unique_ptr<EventLoop> PosixEnv::NewEventLoop(const std::string& name) {
  return std::make_unique<ThreadEventLoop>(name);
}

void PosixEnv::StopPool() { world_->pool.Stop(); }

}  // namespace weir::env
