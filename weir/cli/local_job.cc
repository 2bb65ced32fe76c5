#include "weir/cli/local_job.h"

#include <algorithm>
#include <utility>

#include "weir/cli/blocking.h"
#include "weir/env/process.h"

namespace weir::cli {
namespace {

// An actor is destroyed on its loop: nothing of it runs meanwhile, and nothing after.
template <class Actor>
void DestroyOn(env::EventLoop& loop, std::unique_ptr<Actor> actor) {
  if (actor == nullptr) return;
  Await<bool>([&](auto done) {
    loop.Post([actor = std::move(actor), done = std::move(done)]() mutable {
      actor = nullptr;
      done(true);
    });
  });
}

// What was posted before has run when it returns.
void Flush(env::EventLoop& loop) {
  Await<bool>([&](auto done) { loop.Post([done = std::move(done)]() mutable { done(true); }); });
}

// One thread per core; more subtasks share them.
uint32_t ThreadsFor(const runtime::JobGraph& graph) {
  uint32_t parallelism = 1;
  for (const runtime::Chain& chain : graph.chains) {
    parallelism = std::max(parallelism, chain.parallelism);
  }
  return std::min(parallelism, env::Cores());
}

cluster::RestartOptions RestartOf(const RestartStrategy& strategy) {
  using From = RestartStrategy::Kind;
  using Kind = cluster::RestartOptions::Kind;
  cluster::RestartOptions options{.attempts = strategy.attempts,
                                  .delay = strategy.delay,
                                  .reset_after = strategy.reset_after,
                                  .interval = strategy.interval,
                                  .delay_max = strategy.delay_max,
                                  .multiplier = strategy.multiplier,
                                  .jitter = strategy.jitter};
  switch (strategy.kind) {
    case From::kNone:
      options.kind = Kind::kNone;
      break;
    case From::kFixedDelay:
      options.kind = Kind::kFixedDelay;
      break;
    case From::kFailureRate:
      options.kind = Kind::kFailureRate;
      break;
    case From::kExponentialDelay:
      options.kind = Kind::kExponentialDelay;
  }
  return options;
}

constexpr const char* kCoordinatorAddress = "coordinator";
constexpr const char* kWorkerAddress = "worker";

}  // namespace

StatusOr<std::unique_ptr<LocalJob>> LocalJob::Start(Options options) {
  std::unique_ptr<LocalJob> job(new LocalJob(options));
  WEIR_ASSIGN_OR_RETURN(job->coordinator_,
                        cluster::Coordinator::Start(job->CoordinatorOptions(options)));
  WEIR_ASSIGN_OR_RETURN(job->worker_, cluster::Worker::Start(job->WorkerOptions(options)));
  return job;
}

LocalJob::LocalJob(const Options& options)
    : world_(options.world),
      env_(options.world.env()),
      coordinator_loop_(options.world.NewEventLoop("coordinator")),
      worker_loop_(options.world.NewEventLoop("worker")) {}

void LocalJob::StopCoordinator() { DestroyOn(*coordinator_loop_, std::move(coordinator_)); }

// The coordinator first: a worker that goes would be a failure to it. Then the pool, whose jobs
// answer to the loops; then the loops, with what waits on them.
LocalJob::~LocalJob() {
  StopCoordinator();
  DestroyOn(*worker_loop_, std::move(worker_));
  world_.StopPool();
  Flush(*worker_loop_);
  Flush(*coordinator_loop_);
}

std::optional<Status> LocalJob::end() const {
  const env::MutexLock lock(end_.mutex);
  return end_.status;
}

cluster::Coordinator::Options LocalJob::CoordinatorOptions(const Options& options) {
  const api::JobOptions& settings = options.plan.options;
  return {.loop = *coordinator_loop_,
          .env = env_,
          .store = options.store,
          .graph = options.plan.graph,
          .address = kCoordinatorAddress,
          .workers = 1,
          .writer = env::ThisProcess(),
          .from = options.from.from,
          .from_checkpoint = options.from.checkpoint,
          .from_savepoint = options.from.savepoint,
          .allowed_to_drop = options.allowed_to_drop,
          .judge = options.judge,
          .triggers = {.interval = settings.checkpoints.interval,
                       .pause = settings.checkpoints.min_pause,
                       .timeout = settings.checkpoints.timeout,
                       .tolerated_failures = settings.checkpoints.tolerated_failures},
          .retained_max = settings.checkpoints.retained_max,
          .restart = RestartOf(settings.restart),
          .events = options.events,
          .on_end = [this, &signals = options.signals](Status status) {
            {
              const env::MutexLock lock(end_.mutex);
              end_.status = std::move(status);
            }
            signals.Wake();
          }};
}

cluster::Worker::Options LocalJob::WorkerOptions(const Options& options) {
  return {.loop = *worker_loop_,
          .env = env_,
          .store = options.store,
          .graph = options.plan.graph,
          .name = env::ThisProcess(),
          .coordinator_address = kCoordinatorAddress,
          .data_address = kWorkerAddress,
          .threads = ThreadsFor(options.plan.graph),
          .buffer_timeout = options.plan.options.buffer_timeout,
          .on_end = [](const Status&) {}};
}

}  // namespace weir::cli
