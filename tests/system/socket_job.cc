// The ledger as several processes of one machine, over the socket transport: proof that coordinator
// and worker meet through messages only. No product feature: it neither encrypts nor authenticates.
//
//   socket_job coordinator ADDRESS WORKERS STORE INPUT OUT [RATE]
//   socket_job worker      ADDRESS NAME    STORE INPUT OUT [RATE]
//
// Lines about the job on standard error, as `run` writes them. A worker runs until it is told that
// the job is over, or for ever.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "examples/ledger.h"
#include "weir/api/pipeline.h"
#include "weir/cli/console.h"
#include "weir/cli/job_watch.h"
#include "weir/cluster/coordinator.h"
#include "weir/cluster/worker.h"
#include "weir/env/posix_env.h"
#include "weir/env/process.h"
#include "weir/env/stop_signals.h"
#include "weir/stores/open_store.h"

namespace {

using weir::Status;

struct Words {
  std::string role, address, workers_or_name, store, input, out, rate;
};

constexpr uint32_t kParallelism = 4;

weir::StatusOr<weir::api::JobPlan> Plan(const Words& words) {
  weir::Pipeline p;
  p.Name("socket-ledger")
      .SetParallelism(kParallelism)
      .EnableCheckpointing(std::chrono::milliseconds(20));
  p
      .ReadCsv<ledger::Transaction>(weir::CsvSourceOptions{
          .path = words.input, .split_bytes = 4096, .rate = std::stoull(words.rate)})
      .KeyBy(&ledger::Transaction::account)
      .Process<ledger::Ledger>("ledger")
      .WriteCsv(words.out);
  return p.Plan();
}

// One actor on its loop, until it says that the job is over or somebody stops the process.
struct Host {
  explicit Host(const Words& words)
      : signals(*weir::env::StopSignals::Open()),
        world({.network = weir::env::PosixEnv::Network::kLoopback}),
        env(world.env()),
        loop(world.NewEventLoop(words.role)),
        store(*weir::stores::OpenStore(env, words.store)),
        console({}, weir::cli::Console::Notes::kShown),
        watch(weir::cli::ProgressMode::kLine, "socket-ledger", console, env.clock) {}

  std::unique_ptr<weir::env::StopSignals> signals;
  weir::env::PosixEnv world;
  weir::env::Env env;
  std::unique_ptr<weir::env::EventLoop> loop;
  std::unique_ptr<weir::env::BlobStore> store;
  weir::cli::Console console;
  weir::cli::JobWatch watch;
};

// The process ends here, with everything in it: what others see of it is only what it has written.
[[noreturn]] void Leave(const Status& status) {
  if (!status.ok()) std::fprintf(stderr, "error: %s\n", std::string(status.message()).c_str());
  std::quick_exit(status.ok() ? 0 : 1);
}

void Coordinate(const Words& words, const weir::api::JobPlan& plan) {
  Host host(words);
  const auto coordinator = weir::cluster::Coordinator::Start(
      {.loop = *host.loop,
       .env = host.env,
       .store = *host.store,
       .graph = plan.graph,
       .address = words.address,
       .workers = static_cast<uint32_t>(std::stoul(words.workers_or_name)),
       .writer = weir::env::ThisProcess(),
       .triggers = {.interval = plan.options.checkpoints.interval},
       .restart = {.kind = weir::cluster::RestartOptions::Kind::kFixedDelay, .attempts = 100},
       .events = host.watch,
       .on_end = [&host](const Status& status) {
         if (status.ok()) host.watch.OnEnd({.kind = weir::cli::JobEnd::Kind::kFinished});
         // The workers are told first.
         host.loop->PostAfter(std::chrono::milliseconds(200), [status] { Leave(status); });
       }});
  if (!coordinator.ok()) Leave(coordinator.status());
  host.signals->Wait();
  Leave({});
}

void Work(const Words& words, const weir::api::JobPlan& plan) {
  Host host(words);
  const auto worker =
      weir::cluster::Worker::Start({.loop = *host.loop,
                                    .env = host.env,
                                    .store = *host.store,
                                    .graph = plan.graph,
                                    .name = words.workers_or_name,
                                    .coordinator_address = words.address,
                                    .data_address = "127.0.0.1:0",
                                    .threads = 2,
                                    .on_end = [](const Status& status) { Leave(status); }});
  if (!worker.ok()) Leave(worker.status());
  host.signals->Wait();
  Leave({});
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> given(argv + 1, argv + argc);
  if (given.size() == 6) given.emplace_back("0");
  if (given.size() != 7) {
    std::fprintf(stderr, "error: see the head of tests/system/socket_job.cc\n");
    return 2;
  }
  const Words words = {given[0], given[1], given[2], given[3], given[4], given[5], given[6]};
  const auto plan = Plan(words);
  if (!plan.ok()) Leave(plan.status());
  if (words.role == "coordinator") {
    Coordinate(words, *plan);
  } else {
    Work(words, *plan);
  }
}
