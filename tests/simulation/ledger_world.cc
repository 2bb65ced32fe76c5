#include "tests/simulation/ledger_world.h"

#include <algorithm>
#include <source_location>
#include <sstream>
#include <utility>

#include "tests/simulation/checkpoint_oracle.h"
#include "tests/simulation/event_time.h"
#include "tests/simulation/ledger_job.h"
#include "weir/api/pipeline.h"
#include "weir/checkpoint/history_reader.h"
#include "weir/checkpoint/pack_reader.h"
#include "weir/cluster/coordinator.h"
#include "weir/cluster/worker.h"
#include "weir/sim/disk.h"
#include "weir/sim/faulty_blob_store.h"
#include "weir/sim/memory_blob_store.h"
#include "weir/sim/nemesis.h"
#include "weir/sim/network.h"
#include "weir/sim/process.h"
#include "weir/stores/file_store.h"

namespace weir::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kInput = "/data/transactions.csv";
constexpr const char* kOutput = "/data/out";
constexpr const char* kStore = "/data/checkpoints";

// What one world is about; drawn once.
struct Plan {
  uint32_t rows;
  uint32_t accounts;
  uint32_t workers;
  uint64_t rate;
  uint64_t split_bytes;
  Duration interval;
  uint32_t retained_max;
  bool file_store;
  bool cut_short;  // the job is not run to its end: its checkpoints are judged where it stands
  bool wide;       // the wide ledger
  bool rival;      // somebody runs the same job on another cluster
  cluster::RestartOptions restart;
  double on_demand;  // how likely a coordinator is asked to end the job
  double rewind;     // how likely a coordinator begins anew or from an older checkpoint
};

// Where lineages branched off, as the coordinators that ran an attempt saw it: what was committed
// in a lineage is part of the present line up to the checkpoint from which the next one started.
class Lineages {
 public:
  void OnStart(base::Lineage lineage, const std::optional<checkpoint::HistoryRecord>& base) {
    if (origins_.contains(lineage)) return;
    origins_[lineage] =
        base ? Origin{base->lineage, base->checkpoint->id} : Origin{base::Lineage(), {}};
  }
  // Of the lineages that led to `end`: up to which checkpoint.
  std::map<base::Lineage, base::CheckpointId> LineTo(base::Lineage end) const {
    std::map<base::Lineage, base::CheckpointId> line;
    Origin at{end, base::CheckpointId(UINT64_MAX)};
    while (at.lineage != base::Lineage() && line.emplace(at.lineage, at.checkpoint).second)
      at = origins_.at(at.lineage);
    return line;
  }

 private:
  struct Origin {
    base::Lineage lineage;  // 0: it began empty
    base::CheckpointId checkpoint;
  };
  std::map<base::Lineage, Origin> origins_;
};

// What the coordinators of a world said, as far as the oracles and people need it.
struct Said {
  Status last_failure;
  cluster::JobState last_state = cluster::JobState::kCreated;
  Lineages lineages;
  base::Lineage finished;  // whose result is judged: the other cluster may begin anew behind it
  std::vector<base::CheckpointId> completed;
};

// Hears one coordinator.
class Events final : public cluster::JobEvents {
 public:
  Events(Verdict& verdict, Said& said) : verdict_(verdict), said_(said) {}
  void OnState(cluster::JobState state) override { said_.last_state = state; }
  void OnStart(base::Attempt, const std::optional<checkpoint::HistoryRecord>& base,
               Duration) override {
    ++verdict_.starts;
    verdict_.resumes += base.has_value();
    said_.lineages.OnStart(coordinator->lineage(), base);
  }
  void OnCheckpoint(base::CheckpointId checkpoint, const cluster::CheckpointCosts&) override {
    ++verdict_.checkpoints;
    said_.completed.push_back(checkpoint);
  }
  void OnCheckpointFailed(base::CheckpointId, const Status& reason, uint32_t, uint32_t) override {
    ++verdict_.hits["ledger.checkpoint_failed"];
    said_.last_failure = reason;
  }
  void OnRestart(const Status& reason, uint32_t, uint32_t, Duration) override {
    ++verdict_.hits["ledger.restart"];
    said_.last_failure = reason;
  }
  void OnProgress(const cluster::JobProgress&) override {}
  void OnWarning(const Status&) override { ++verdict_.hits["ledger.warning"]; }

  const cluster::Coordinator* coordinator = nullptr;  // once it is made

 private:
  Verdict& verdict_;
  Said& said_;
};

// The store as one incarnation of a process reaches it.
class StoreAccess {
 public:
  StoreAccess(sim::World& world, const env::Env& env, sim::MemoryBlobStore* memory,
              const std::string& name)
      : env_(env) {
    if (memory == nullptr)
      files_ = std::make_unique<stores::FileStore>(env_.files, env_.pool, env_.random, env_.chaos,
                                                   kStore);
    env::BlobStore& inner = memory != nullptr ? static_cast<env::BlobStore&>(*memory) : *files_;
    faulty_ = std::make_unique<sim::FaultyBlobStore>(world, inner,
                                                     memory != nullptr
                                                         ? sim::FaultyBlobStore::Reach::kRemote
                                                         : sim::FaultyBlobStore::Reach::kLocal,
                                                     name);
  }
  env::BlobStore& store() { return *faulty_; }

 private:
  env::Env env_;
  std::unique_ptr<stores::FileStore> files_;
  std::unique_ptr<sim::FaultyBlobStore> faulty_;
};

class LedgerWorld {
 public:
  explicit LedgerWorld(const LedgerOptions& options)
      : options_(options),
        world_(options.world),
        prng_(world_.Stream("ledger")),
        demands_(world_.Stream("demands")),
        disk_(world_.NewDisk("shared")) {}

  Verdict Run();
  FlipVerdict FlipEveryByte();

 private:
  class CoordinatorProgram;
  class WorkerProgram;
  // A coordinator with its workers. The second one is somebody else's, who runs the same job.
  struct Cluster {
    std::string prefix;  // of the names of its processes
    uint32_t parallelism = 1;
    sim::Process* coordinator = nullptr;
    std::vector<sim::Process*> processes;
    bool over = false;  // nothing of it is started again
  };

  void Draw();
  cluster::RestartOptions DrawRestart();
  void Rescale(Cluster& cluster);
  void DrawStart(cluster::Coordinator::Options& options);
  StoreAccess& NewStore(const env::Env& env);
  std::string DrawMemo();
  void WriteInput();
  void SpawnAll();
  void Spawn(Cluster& cluster);
  void End(Cluster& cluster);
  void Silence();
  void RestartAfter(Cluster& cluster, sim::Process& process, Duration delay);
  bool Finished() const { return ours_.coordinator->exit_code() == 0; }
  StatusOr<api::JobPlan> Build(uint32_t parallelism) const;
  std::string Unfinished() const;
  std::string Judge();
  env::BlobStore& Observe();
  StatusOr<checkpoint::HistoryView> ReadHistory(env::BlobStore& store);
  std::string JudgeCheckpoints();
  std::string JudgeCheckpoint(env::BlobStore& store, const checkpoint::HistoryRecord& record);
  std::string JudgeAccount(int64_t account, const std::vector<int64_t>& amounts,
                           std::map<int64_t, int64_t> balances) const;

  const LedgerOptions options_;
  Verdict verdict_;
  sim::World world_;
  sim::Prng prng_;
  sim::Prng demands_;  // a stream of its own: the other worlds stay as they are
  sim::Disk& disk_;
  Said said_;
  const std::shared_ptr<SharedTime> time_ = std::make_shared<SharedTime>();
  Plan plan_{};
  Cluster ours_, rival_{.prefix = "rival-"};
  std::unique_ptr<sim::MemoryBlobStore> memory_;
  std::unique_ptr<stores::FileStore> observed_;
  std::map<int64_t, std::vector<int64_t>> amounts_;   // by account
  std::vector<std::unique_ptr<StoreAccess>> stores_;  // calls outlive the processes that made them
};

// The process with the coordinator. When the job fails it is started again, as a user would, with
// another parallelism perhaps, or from another checkpoint.
class LedgerWorld::CoordinatorProgram final : public sim::Program {
 public:
  CoordinatorProgram(LedgerWorld& ledger, Cluster& cluster, const env::Env& env,
                     sim::Process& process)
      : env_(env),
        loop_(process.NewEventLoop()),
        store_(ledger.NewStore(env)),
        events_(ledger.verdict_, ledger.said_) {
    ledger.Rescale(cluster);
    auto plan = ledger.Build(cluster.parallelism);
    WEIR_CHECK(plan.ok());
    graph_ = std::move(plan->graph);
    cluster::Coordinator::Options options{
        .loop = *loop_,
        .env = env_,
        .store = store_.store(),
        .graph = graph_,
        .address = cluster.prefix + "coordinator",
        // Of three or four, one is there in case another is lost.
        .workers = ledger.plan_.workers - (ledger.plan_.workers > 2 ? 1 : 0),
        .writer = process.name(),
        .triggers = {.interval = ledger.plan_.interval,
                     .pause = {},
                     .timeout = seconds(10),
                     .tolerated_failures = 3},
        .retained_max = ledger.plan_.retained_max,
        .restart = ledger.plan_.restart,
        .events = events_,
        .on_end =
            [this, &ledger, &cluster, &process](const Status& status) {
              if (status.ok() && &cluster == &ledger.ours_)
                ledger.said_.finished = coordinator_->lineage();
              process.Exit(status.ok() ? 0 : 1);
              if (status.ok()) return;
              ledger.said_.last_failure = status;
              ledger.verdict_.hits["ledger.stopped"] +=
                  coordinator_->state() == cluster::JobState::kStopped;
              ledger.verdict_.hits["ledger.cancelled"] +=
                  coordinator_->state() == cluster::JobState::kCancelled;
              // Whoever was fenced does not fence back at once.
              const bool fenced = status.code() == StatusCode::kAborted;
              ledger.verdict_.hits["ledger.fenced"] += fenced;
              ledger.RestartAfter(cluster, process,
                                  fenced ? ledger.prng_.Between(milliseconds(50), seconds(4))
                                         : Duration(milliseconds(50)));
            },
    };
    ledger.DrawStart(options);
    auto started = cluster::Coordinator::Start(std::move(options));
    if (started.ok()) {
      coordinator_ = *std::move(started);
      events_.coordinator = coordinator_.get();
      EndOnDemand(ledger);
    } else {
      ledger.world_.After(milliseconds(50), [&process] {
        process.Kill();
        process.Restart();
      });
    }
  }

 private:
  // Somebody stops the job, or cancels it, or first the one and then the other; and runs it again.
  void EndOnDemand(LedgerWorld& ledger) {
    using enum cluster::StopHow;
    if (!ledger.demands_.Chance(ledger.plan_.on_demand)) return;
    const auto end = coordinator_->stopper();
    const Duration after = ledger.demands_.Between(milliseconds(0), milliseconds(1500));
    const bool stops = ledger.demands_.Chance(0.8);
    loop_->PostAfter(after, [end, stops] { end(stops ? kStop : kCancel); });
    if (!stops || !ledger.demands_.Chance(0.2)) return;
    loop_->PostAfter(after + ledger.demands_.Between(milliseconds(0), milliseconds(100)),
                     [end] { end(kCancel); });
  }

  env::Env env_;
  std::unique_ptr<env::EventLoop> loop_;
  StoreAccess& store_;
  Events events_;
  runtime::JobGraph graph_;
  std::unique_ptr<cluster::Coordinator> coordinator_;
};

class LedgerWorld::WorkerProgram final : public sim::Program {
 public:
  WorkerProgram(LedgerWorld& ledger, Cluster& cluster, const env::Env& env, sim::Process& process,
                uint32_t number)
      : env_(env), loop_(process.NewEventLoop()), store_(ledger.NewStore(env)) {
    auto plan = ledger.Build(cluster.parallelism);
    WEIR_CHECK(plan.ok());
    graph_ = std::move(plan->graph);
    auto started = cluster::Worker::Start({
        .loop = *loop_,
        .env = env_,
        .store = store_.store(),
        .graph = graph_,
        .name = process.name(),
        .coordinator_address = cluster.prefix + "coordinator",
        .data_address = Concat(cluster.prefix, "data", number),
        .threads = 2,
        // A worker of another plan ends; it is started again with the coordinator's.
        .on_end =
            [&ledger, &cluster, &process](const Status& status) {
              if (status.code() != StatusCode::kFailedPrecondition) return;
              process.Exit(1);
              ledger.RestartAfter(cluster, process, milliseconds(20));
            },
    });
    if (started.ok()) {
      worker_ = *std::move(started);
    } else {
      ledger.world_.After(milliseconds(50), [&process] {
        process.Kill();
        process.Restart();
      });
    }
  }

 private:
  env::Env env_;
  std::unique_ptr<env::EventLoop> loop_;
  StoreAccess& store_;
  runtime::JobGraph graph_;
  std::unique_ptr<cluster::Worker> worker_;
};

void LedgerWorld::Draw() {
  plan_.rows = 200 + static_cast<uint32_t>(prng_.Below(2000));
  plan_.accounts = 1 + static_cast<uint32_t>(prng_.Below(60));
  plan_.workers = 1 + static_cast<uint32_t>(prng_.Below(4));
  plan_.rate = 200 + prng_.Below(2000);
  plan_.split_bytes = 64 + prng_.Below(4000);
  plan_.interval = milliseconds(20 + prng_.Below(300));
  plan_.retained_max = 1 + static_cast<uint32_t>(prng_.Below(10));
  plan_.file_store = prng_.Chance(0.5);
  plan_.cut_short = options_.nemesis && prng_.Chance(0.25);
  time_->idleness = prng_.Chance(0.5);
  plan_.wide = prng_.Chance(0.3);
  plan_.restart = DrawRestart();
  plan_.rival = options_.nemesis && prng_.Chance(0.15);
  plan_.rewind = options_.nemesis && prng_.Chance(0.25) ? 0.2 : 0;
  const bool demands = options_.nemesis && demands_.Chance(0.25);
  plan_.on_demand = options_.on_demand.value_or(demands ? 0.4 : 0);
  ours_.parallelism = plan_.workers * (1 + static_cast<uint32_t>(prng_.Below(2)));
  rival_.parallelism = ours_.parallelism;
  if (!plan_.file_store) memory_ = std::make_unique<sim::MemoryBlobStore>(world_, "memory");
}

cluster::RestartOptions LedgerWorld::DrawRestart() {
  using Kind = cluster::RestartOptions::Kind;
  cluster::RestartOptions restart{
      .kind = Kind::kFixedDelay, .attempts = 5, .delay = milliseconds(20)};
  if (prng_.Chance(0.5)) return restart;
  restart.kind = prng_.Chance(0.5) ? Kind::kFailureRate : Kind::kExponentialDelay;
  restart.interval = seconds(2);
  restart.delay_max = seconds(1);
  restart.reset_after = seconds(5);
  restart.jitter = 0.1;
  return restart;
}

// Now and then the job is started with another parallelism.
void LedgerWorld::Rescale(Cluster& cluster) {
  if (!prng_.Chance(0.4)) return;
  cluster.parallelism = plan_.workers + static_cast<uint32_t>(prng_.Below(2 * plan_.workers + 1));
  ++verdict_.hits["ledger.rescale"];
}

// In some worlds it is now and then started anew, or from a checkpoint that may not be there any
// more.
void LedgerWorld::DrawStart(cluster::Coordinator::Options& options) {
  if (!prng_.Chance(plan_.rewind)) return;
  if (said_.completed.empty() || prng_.Chance(0.3)) {
    options.from = checkpoint::TakeOverOptions::From::kFresh;
    ++verdict_.hits["ledger.fresh"];
  } else {
    const size_t back = prng_.Below(std::min<size_t>(4, said_.completed.size()));
    options.from = checkpoint::TakeOverOptions::From::kCheckpoint;
    options.from_checkpoint = said_.completed[said_.completed.size() - 1 - back];
    ++verdict_.hits["ledger.rewind"];
  }
}

StoreAccess& LedgerWorld::NewStore(const env::Env& env) {
  stores_.push_back(
      std::make_unique<StoreAccess>(world_, env, memory_.get(), Concat("store", stores_.size())));
  return *stores_.back();
}

// Mostly short, now and then longer than a batch's arena or a frame.
std::string LedgerWorld::DrawMemo() {
  if (prng_.Chance(0.001)) return MakeMemo(prng_.Below(300'000));
  return MakeMemo(prng_.Below(prng_.Chance(0.02) ? 4000 : 30));
}

void LedgerWorld::WriteInput() {
  std::string text = plan_.wide ? "account,amount,memo\n" : "account,amount\n";
  for (uint32_t i = 0; i < plan_.rows; ++i) {
    const auto account = static_cast<int64_t>(prng_.Below(plan_.accounts));
    const int64_t amount = static_cast<int64_t>(prng_.Below(2001)) - 1000;
    amounts_[account].push_back(amount);
    if (plan_.wide) {
      text += Concat(std::string(static_cast<size_t>(account) % 40, '0'), account, ",", amount, ",",
                     DrawMemo(), "\n");
    } else {
      text += Concat(account, ",", amount, "\n");
    }
  }
  disk_.WriteFile(kInput, text);
}

StatusOr<api::JobPlan> LedgerWorld::Build(uint32_t parallelism) const {
  const std::source_location here = std::source_location::current();
  Pipeline p;
  p.Name("ledger");
  p.SetParallelism(parallelism);
  p.SetMaxParallelism(32);
  const CsvSourceOptions input{
      .path = kInput, .split_bytes = plan_.split_bytes, .rate = plan_.rate};
  const auto write_down = [&]<class Row, class Result, class Process>() {
    p.ReadCsv<Row>(input)
        .template Then<Row>(StampEventTime(TypeOpsOf<Row>(), time_), here)
        .KeyBy(&Row::account)
        .template Process<Process>("ledger")
        .template Then<Result>(WatchEventTime(TypeOpsOf<Result>(), time_), here)
        .Named("watch")
        .WriteCsv(kOutput);
  };
  if (plan_.wide) {
    write_down.operator()<WideTransaction, WideEntry, WideLedger>();
  } else {
    write_down.operator()<Transaction, Entry, Ledger>();
  }
  return p.Plan();
}

void LedgerWorld::SpawnAll() {
  WriteInput();
  Spawn(ours_);
  if (plan_.rival) Spawn(rival_);
}

void LedgerWorld::Spawn(Cluster& cluster) {
  cluster.coordinator = &world_.Spawn(
      cluster.prefix + "coordinator", disk_, [&](const env::Env& env, sim::Process& process) {
        return std::make_unique<CoordinatorProgram>(*this, cluster, env, process);
      });
  cluster.processes.push_back(cluster.coordinator);
  for (uint32_t i = 0; i < plan_.workers; ++i) {
    cluster.processes.push_back(
        &world_.Spawn(Concat(cluster.prefix, "worker", i), disk_,
                      [this, &cluster, i](const env::Env& env, sim::Process& process) {
                        return std::make_unique<WorkerProgram>(*this, cluster, env, process, i);
                      }));
  }
}

void LedgerWorld::RestartAfter(Cluster& cluster, sim::Process& process, Duration delay) {
  world_.After(delay, [&cluster, &process] {
    if (!cluster.over && process.state() == sim::Process::State::kDead) process.Restart();
  });
}

// Kills a cluster for good.
void LedgerWorld::End(Cluster& cluster) {
  cluster.over = true;
  for (sim::Process* process : cluster.processes) process->Kill();
}

// What a coordinator says is lost for a while. Whoever gave up meanwhile must be noticed at once,
// and not by a checkpoint that times out.
void LedgerWorld::Silence() {
  world_.RunFor(milliseconds(500));
  for (const sim::Process* worker : ours_.processes) {
    if (worker != ours_.coordinator) world_.network().Block(*ours_.coordinator, *worker);
  }
  world_.RunFor(options_.silence);
  const uint64_t starts = verdict_.starts;
  world_.network().HealAll();
  if (!world_.RunUntil([&] { return Finished() || verdict_.starts > starts; }, seconds(5)))
    verdict_.error = "nobody noticed that a worker gave its attempt up";
}

Verdict LedgerWorld::Run() {
  Draw();
  if (options_.silence > Duration(0)) plan_.rows = 2000, plan_.rate = 400;
  SpawnAll();
  if (options_.silence > Duration(0)) Silence();
  if (!verdict_.error.empty()) return std::move(verdict_);
  const auto finished = [this] { return Finished(); };
  sim::NemesisOptions misfortunes;
  if (prng_.Chance(0.3)) misfortunes.crash_machine = 15;
  if (prng_.Chance(0.3)) misfortunes.pause_max = milliseconds(500);
  sim::Nemesis nemesis(world_, misfortunes);
  if (options_.nemesis) {
    nemesis.Start();
    world_.RunUntil(finished, seconds(30));
    nemesis.Stop();
    world_.Heal();
    End(rival_);
    plan_.rewind = 0;
  }
  if (plan_.cut_short) {
    ++verdict_.hits["ledger.cut_short"];
  } else {
    const bool done = world_.RunUntil(finished, seconds(600));
    verdict_.error = done ? Judge() : Unfinished();
  }
  if (verdict_.error.empty()) verdict_.error = JudgeCheckpoints();
  verdict_.trace_hash = world_.trace_hash();
  verdict_.events = world_.events();
  for (const auto& [name, count] : world_.all_hits()) verdict_.hits[name] += count;
  verdict_.hits["ledger.watermark"] += time_->watermarks;
  verdict_.hits["ledger.watermark_restored"] += time_->restored;
  verdict_.hits["ledger.source_idle"] += time_->idle;
  verdict_.hits["ledger.timer"] += time_->timers;
  return std::move(verdict_);
}

std::string LedgerWorld::Unfinished() const {
  std::string text = Concat("the job did not finish; last failure: ", said_.last_failure);
  for (const auto& process : world_.processes()) {
    text += Concat("\n  ", process->name(), ": incarnation ", process->incarnations());
    if (process->state() == sim::Process::State::kDead)
      text += Concat(", dead, exit code ", process->exit_code());
  }
  return text + Concat("\n  last state: ", cluster::JobStateName(said_.last_state));
}

// What was committed in a lineage that was given up, behind the checkpoint that was gone back to,
// is the user's to remove: it is not part of the result.
bool IsOnLine(const std::string& path, const std::map<base::Lineage, base::CheckpointId>& line) {
  uint64_t lineage = 0, checkpoint = 0;
  const size_t name = path.rfind("csv-sink-");
  WEIR_CHECK(name != std::string::npos &&
             std::sscanf(path.c_str() + name, "csv-sink-%16lx-%lu-", &lineage, &checkpoint) == 2);
  const auto part = line.find(base::Lineage(lineage));
  return part != line.end() && base::CheckpointId(checkpoint) <= part->second;
}

// Reads what is visible in the output and compares it with the input.
std::string LedgerWorld::Judge() {
  std::map<int64_t, std::map<int64_t, int64_t>> balances;  // by account and count
  const auto line = said_.lineages.LineTo(said_.finished);
  for (const std::string& path : disk_.FilesBelow(kOutput)) {
    if (path.find("/.") != std::string::npos) continue;
    if (!IsOnLine(path, line)) {
      ++verdict_.hits["ledger.file_of_another_line"];
      continue;
    }
    std::istringstream lines(*disk_.ReadFile(path));
    std::string row;
    std::getline(lines, row);
    if (!row.starts_with("account,count,balance")) return Concat(path, " begins with ", row);
    while (std::getline(lines, row)) {
      Entry entry{};
      if (std::sscanf(row.c_str(), "%ld,%ld,%ld", &entry.account, &entry.count, &entry.balance) !=
          3)
        return Concat(path, ": ", row);
      if (!balances[entry.account].emplace(entry.count, entry.balance).second) {
        return Concat("doubled: account ", entry.account, " count ", entry.count, " in ", path);
      }
    }
  }
  for (const auto& [account, amounts] : amounts_) {
    std::string error = JudgeAccount(account, amounts, std::move(balances[account]));
    if (!error.empty()) return error;
    balances.erase(account);
  }
  return balances.empty()
             ? ""
             : Concat("an account that is not in the input: ", balances.begin()->first);
}

// Counts 1 to n exactly once, and the steps between balances are the amounts in some order.
std::string LedgerWorld::JudgeAccount(int64_t account, const std::vector<int64_t>& amounts,
                                      std::map<int64_t, int64_t> balances) const {
  if (balances.size() != amounts.size()) {
    return Concat("account ", account, ": ", amounts.size(), " rows in, ", balances.size(),
                  " rows out");
  }
  std::vector<int64_t> steps, expected = amounts;
  int64_t count = 0, balance = 0;
  for (const auto& [at, value] : balances) {
    if (at != ++count) return Concat("account ", account, ": count ", count, " is missing");
    steps.push_back(value - balance);
    balance = value;
  }
  std::ranges::sort(steps);
  std::ranges::sort(expected);
  return steps == expected
             ? ""
             : Concat("account ", account, ": the balances are not explained by the rows");
}

// Ends every process and looks at the store from outside, without faults.
env::BlobStore& LedgerWorld::Observe() {
  // What they sent may still take effect.
  for (const auto& process : world_.processes()) process->Kill();
  world_.RunFor(seconds(30));
  sim::Process& observer =
      world_.Spawn("observer", disk_, [](const env::Env&, sim::Process&) { return nullptr; });
  world_.RunFor(milliseconds(10));
  if (memory_ != nullptr) return *memory_;
  const env::Env& env = observer.env();
  observed_ =
      std::make_unique<stores::FileStore>(env.files, env.pool, env.random, env.chaos, kStore);
  return *observed_;
}

StatusOr<checkpoint::HistoryView> LedgerWorld::ReadHistory(env::BlobStore& store) {
  std::optional<StatusOr<checkpoint::HistoryView>> view;
  checkpoint::ReadHistory(store, checkpoint::JobFiles("ledger"),
                          [&](StatusOr<checkpoint::HistoryView> read) { view = std::move(read); });
  world_.RunUntil([&] { return view.has_value(); }, seconds(60));
  if (!view) return UnavailableError("the store does not answer");
  return *std::move(view);
}

// Every retained checkpoint is whole, and is the fold over what it says was read.
std::string LedgerWorld::JudgeCheckpoints() {
  env::BlobStore& store = Observe();
  const StatusOr<checkpoint::HistoryView> view = ReadHistory(store);
  if (!view.ok()) return Concat("the history cannot be read: ", view.status());
  if (!view->damaged.empty()) return Concat("a record is damaged: ", view->damaged.front().status);
  for (const checkpoint::HistoryRecord& record : view->Retained()) {
    const std::string error = JudgeCheckpoint(store, record);
    if (!error.empty()) return Concat("checkpoint ", record.checkpoint->id, ": ", error);
    ++verdict_.hits["ledger.checkpoint_judged"];
  }
  return "";
}

std::string LedgerWorld::JudgeCheckpoint(env::BlobStore& store,
                                         const checkpoint::HistoryRecord& record) {
  Balances stored;
  std::string error;
  for (const checkpoint::PackRef& pack : record.checkpoint->packs) {
    std::optional<Status> done;
    checkpoint::ReadPack(
        store, checkpoint::JobFiles("ledger"),
        {pack,
         {{"ledger", pack.key_groups}},
         [&](const checkpoint::PackState&, const checkpoint::Chunk& chunk) -> Status {
           const std::string wrong = AddChunk(chunk, plan_.wide, stored);
           return wrong.empty() ? Status() : DataLossError(wrong);
         }},
        [&](Status status) { done = std::move(status); });
    world_.RunUntil([&] { return done.has_value(); }, seconds(60));
    if (!done) return Concat("pack ", pack.name, " does not answer");
    if (!done->ok()) return done->ToString();
  }
  return Compare(stored, FoldOfPrefix(record, *disk_.ReadFile(kInput)));
}

// What a resume would read, after a byte was flipped, is what it was before, or the damage is
// noticed.
FlipVerdict LedgerWorld::FlipEveryByte() {
  FlipVerdict verdict;
  Draw();
  plan_.wide = false;
  plan_.rows = 60, plan_.accounts = 5, plan_.workers = 1, plan_.rate = 600;
  ours_.parallelism = 2;
  memory_ = std::make_unique<sim::MemoryBlobStore>(world_, "flipped");
  SpawnAll();
  if (!world_.RunUntil([this] { return Finished(); }, seconds(60))) {
    verdict.error = Unfinished();
    return verdict;
  }
  env::BlobStore& store = Observe();
  const auto resumed = [&]() -> StatusOr<std::optional<checkpoint::HistoryRecord>> {
    WEIR_ASSIGN_OR_RETURN(const checkpoint::HistoryView view, ReadHistory(store));
    WEIR_ASSIGN_OR_RETURN(auto record, view.ResumePoint());
    if (record) {
      const std::string error = JudgeCheckpoint(store, *record);
      if (!error.empty()) return DataLossError(error);
    }
    return record;
  };
  const auto before = resumed();
  if (!before.ok() || !*before) {
    verdict.error = "there is nothing to resume from";
    return verdict;
  }
  const std::map<std::string, std::string> blobs = memory_->blobs();
  for (const auto& [name, bytes] : blobs) {
    for (uint64_t offset = 0; offset < bytes.size(); ++offset) {
      WEIR_CHECK(memory_->FlipByte(name, offset).ok());
      const auto after = resumed();
      ++verdict.bytes;
      verdict.detected += !after.ok();
      if (after.ok() && *after != *before) {
        verdict.error = Concat("byte ", offset, " of ", name,
                               " was flipped, and a resume would take something else");
        return verdict;
      }
      WEIR_CHECK(memory_->FlipByte(name, offset).ok());
    }
  }
  return verdict;
}

}  // namespace

LedgerOptions RoughLedger(uint64_t seed) { return {.world = sim::RoughOptions(seed)}; }

FlipVerdict FlipEveryByte(uint64_t seed) {
  return LedgerWorld({.world = sim::CalmOptions(seed), .nemesis = false}).FlipEveryByte();
}

Verdict RunLedger(const LedgerOptions& options) { return LedgerWorld(options).Run(); }

}  // namespace weir::simulation
