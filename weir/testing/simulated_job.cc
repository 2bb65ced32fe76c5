#include "weir/testing/simulated_job.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/base/check.h"
#include "weir/cluster/coordinator.h"
#include "weir/cluster/worker.h"
#include "weir/sim/faulty_blob_store.h"
#include "weir/sim/memory_blob_store.h"
#include "weir/sim/nemesis.h"
#include "weir/sim/process.h"

namespace weir::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kCoordinator = "coordinator";
constexpr Duration kMisfortunesLast = seconds(30);
constexpr uint32_t kManyRestarts = 1'000'000;

}  // namespace

class SimulatedJob::World {
 public:
  World(std::function<void(Pipeline&)> build, const Options& options)
      : build_(std::move(build)),
        options_(options),
        world_(options.rough ? sim::RoughOptions(options.seed) : sim::CalmOptions(options.seed)),
        disk_(world_.NewDisk("shared")),
        memory_(world_, "memory"),
        parallelism_(options.parallelism) {}

  sim::Disk& disk() { return disk_; }
  sim::World& world() { return world_; }
  Status Run(Duration at_most);
  bool RunUntil(const std::function<bool()>& done, Duration at_most);
  void RunFor(Duration time);
  void RestartAt(uint32_t parallelism);

  uint64_t checkpoints = 0, resumes = 0, rows_in = 0;

 private:
  class CoordinatorProgram;
  class WorkerProgram;
  class Events;

  bool ended() const { return end_.has_value(); }
  Status Spawn();
  StatusOr<api::JobPlan> Plan() const;
  env::BlobStore& NewStore();
  void OnEnd(sim::Process& process, const Status& status);
  void RestartAfter(sim::Process& process, Duration delay);

  const std::function<void(Pipeline&)> build_;
  const Options options_;
  sim::World world_;
  sim::Disk& disk_;
  sim::MemoryBlobStore memory_;
  std::vector<std::unique_ptr<sim::FaultyBlobStore>> stores_;  // outlive those who called them
  std::optional<sim::Nemesis> nemesis_;
  std::vector<sim::Process*> processes_;
  uint32_t parallelism_;
  std::optional<Status> end_;
};

class SimulatedJob::World::Events final : public cluster::JobEvents {
 public:
  explicit Events(World& job) : job_(job) {}
  void OnState(cluster::JobState) override {}
  void OnStart(base::Attempt, const std::optional<checkpoint::HistoryRecord>& base,
               Duration) override {
    job_.resumes += base.has_value();
  }
  void OnCheckpoint(base::CheckpointId, const cluster::CheckpointCosts&) override {
    ++job_.checkpoints;
  }
  void OnCheckpointFailed(base::CheckpointId, const Status&, uint32_t, uint32_t) override {}
  void OnRestart(const Status&, uint32_t, uint32_t, Duration) override {}
  void OnProgress(const cluster::JobProgress& progress) override {
    job_.rows_in = progress.rows_in;
  }
  void OnWarning(const Status&) override {}

 private:
  World& job_;
};

class SimulatedJob::World::CoordinatorProgram final : public sim::Program {
 public:
  CoordinatorProgram(World& job, const env::Env& env, sim::Process& process)
      : env_(env), loop_(process.NewEventLoop()), events_(job) {
    auto plan = job.Plan();
    WEIR_CHECK(plan.ok());  // it was made once before
    graph_ = std::move(plan->graph);
    const uint32_t restarts = job.options_.rough ? kManyRestarts : job.options_.restarts;
    auto started = cluster::Coordinator::Start(cluster::Coordinator::Options{
        .loop = *loop_,
        .env = env_,
        .store = job.NewStore(),
        .graph = graph_,
        .address = kCoordinator,
        .workers = job.options_.workers,
        .writer = process.name(),
        .triggers = {.interval = job.options_.checkpoint_interval,
                     .pause = {},
                     .timeout = seconds(10),
                     .tolerated_failures = restarts},
        .retained_max = 2,
        .restart = {.kind = cluster::RestartOptions::Kind::kFixedDelay,
                    .attempts = restarts,
                    .delay = milliseconds(20)},
        .events = events_,
        .on_end = [&job, &process](const Status& status) { job.OnEnd(process, status); }});
    if (started.ok()) {
      coordinator_ = *std::move(started);
    } else {
      job.RestartAfter(process, milliseconds(50));
    }
  }

 private:
  env::Env env_;
  std::unique_ptr<env::EventLoop> loop_;
  Events events_;
  runtime::JobGraph graph_;
  std::unique_ptr<cluster::Coordinator> coordinator_;
};

class SimulatedJob::World::WorkerProgram final : public sim::Program {
 public:
  WorkerProgram(World& job, const env::Env& env, sim::Process& process)
      : env_(env), loop_(process.NewEventLoop()) {
    auto plan = job.Plan();
    WEIR_CHECK(plan.ok());
    graph_ = std::move(plan->graph);
    auto started = cluster::Worker::Start({
        .loop = *loop_,
        .env = env_,
        .store = job.NewStore(),
        .graph = graph_,
        .name = process.name(),
        .coordinator_address = kCoordinator,
        .data_address = process.name() + "-data",
        .threads = 2,
        .on_end =
            [&job, &process](const Status& status) {
              if (!status.ok()) job.RestartAfter(process, milliseconds(20));
            },
    });
    if (started.ok()) {
      worker_ = *std::move(started);
    } else {
      job.RestartAfter(process, milliseconds(50));
    }
  }

 private:
  env::Env env_;
  std::unique_ptr<env::EventLoop> loop_;
  runtime::JobGraph graph_;
  std::unique_ptr<cluster::Worker> worker_;
};

StatusOr<api::JobPlan> SimulatedJob::World::Plan() const {
  Pipeline pipeline;
  build_(pipeline);
  api::PlanRequest request{.cores = parallelism_};
  WEIR_RETURN_IF_ERROR(request.config.Set("parallelism.default", std::to_string(parallelism_)));
  return pipeline.Plan(request);
}

env::BlobStore& SimulatedJob::World::NewStore() {
  stores_.push_back(std::make_unique<sim::FaultyBlobStore>(
      world_, memory_, sim::FaultyBlobStore::Reach::kRemote, Concat("store", stores_.size())));
  return *stores_.back();
}

Status SimulatedJob::World::Spawn() {
  if (!processes_.empty()) return {};
  WEIR_RETURN_IF_ERROR(Plan().status());
  processes_.push_back(
      &world_.Spawn(kCoordinator, disk_, [this](const env::Env& env, sim::Process& process) {
        return std::make_unique<CoordinatorProgram>(*this, env, process);
      }));
  for (uint32_t i = 0; i < options_.workers; ++i) {
    processes_.push_back(&world_.Spawn(
        Concat("worker", i), disk_, [this](const env::Env& env, sim::Process& process) {
          return std::make_unique<WorkerProgram>(*this, env, process);
        }));
  }
  if (options_.rough) {
    nemesis_.emplace(world_, sim::NemesisOptions{.pause_max = milliseconds(500)});
    nemesis_->Start();
  }
  return {};
}

// In a rough world the job is started again, as a user would.
void SimulatedJob::World::OnEnd(sim::Process& process, const Status& status) {
  process.Exit(status.ok() ? 0 : 1);
  if (status.ok() || !options_.rough) {
    end_ = status;
  } else {
    RestartAfter(process, milliseconds(50));
  }
}

void SimulatedJob::World::RestartAfter(sim::Process& process, Duration delay) {
  world_.After(delay, [this, &process] {
    if (ended()) return;
    if (process.state() != sim::Process::State::kDead) process.Kill();
    process.Restart();
  });
}

Status SimulatedJob::World::Run(Duration at_most) {
  if (!RunUntil([this] { return ended(); }, at_most))
    return DeadlineExceededError("the job did not end in time");
  return *end_;
}

bool SimulatedJob::World::RunUntil(const std::function<bool()>& done, Duration at_most) {
  if (const Status spawned = Spawn(); !spawned.ok()) end_ = spawned;
  if (nemesis_) {
    world_.RunUntil([this] { return ended(); }, kMisfortunesLast);
    nemesis_->Stop();
    world_.Heal();
    nemesis_.reset();
  }
  world_.RunUntil([&] { return done() || ended(); }, at_most);
  return done();
}

void SimulatedJob::World::RunFor(Duration time) {
  if (const Status spawned = Spawn(); !spawned.ok()) end_ = spawned;
  world_.RunUntil([this] { return ended(); }, time);
}

void SimulatedJob::World::RestartAt(uint32_t parallelism) {
  parallelism_ = parallelism;
  for (sim::Process* process : processes_) process->Kill();
  world_.RunFor(milliseconds(10));
  for (sim::Process* process : processes_) {
    if (!ended()) process->Restart();
  }
}

SimulatedJob::SimulatedJob(std::function<void(Pipeline&)> build, const Options& options)
    : world_(std::make_unique<World>(std::move(build), options)) {}
SimulatedJob::~SimulatedJob() = default;

sim::Disk& SimulatedJob::disk() { return world_->disk(); }
sim::World& SimulatedJob::world() { return world_->world(); }
Status SimulatedJob::Run(Duration at_most) { return world_->Run(at_most); }
bool SimulatedJob::RunUntil(const std::function<bool()>& done, Duration at_most) {
  return world_->RunUntil(done, at_most);
}
void SimulatedJob::RunFor(Duration time) { world_->RunFor(time); }
void SimulatedJob::RestartAt(uint32_t parallelism) { world_->RestartAt(parallelism); }
uint64_t SimulatedJob::checkpoints() const { return world_->checkpoints; }
uint64_t SimulatedJob::resumes() const { return world_->resumes; }
uint64_t SimulatedJob::rows_in() const { return world_->rows_in; }

}  // namespace weir::testing
