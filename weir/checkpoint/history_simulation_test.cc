// The history under fire: several coordinators of one job over one store that is late, loses
// answers, does things later and twice; coordinators that are killed, paused and go on, rewind,
// make savepoints, retire and sweep. After every event the store itself is examined. It is
// docs/design/models/history_model.py over the code that runs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "weir/checkpoint/history.h"
#include "weir/checkpoint/pack_writer.h"
#include "weir/sim/faulty_blob_store.h"
#include "weir/sim/memory_blob_store.h"
#include "weir/sim/process.h"
#include "weir/sim/world.h"

namespace weir::checkpoint {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const JobFiles kFiles("ledger");

// Watches the store and what coordinators believe, and keeps the first thing that must not be.
class Oracle {
 public:
  explicit Oracle(const std::map<std::string, std::string>& blobs) : blobs_(blobs) {}

  const std::optional<std::string>& violation() const { return violation_; }
  uint64_t reigns() const { return reigns_; }
  uint64_t rewinds() const { return rewinds_; }
  uint64_t commits() const { return commits_.size(); }
  uint64_t deleted() const { return deleted_.size(); }
  uint64_t voids() const { return voids_.size(); }

  void OnReign(const ReignStart& start) {
    Observe();
    ++reigns_;
    const base::HistoryNumber number = start.epoch.number;
    const HistoryRecord* log = Logged(number);
    if (log == nullptr || *log != start.epoch)
      return Violate("epoch ", number, " reigns without its record");
    if (start.new_lineage) {
      ++rewinds_;
    } else if (start.epoch.base != ResumePoint(number)) {
      return Violate("epoch ", number, " resumes from record ", start.epoch.base.number,
                     ", the line goes on from ", ResumePoint(number).number);
    }
    // Whoever hears of its reign when it is over already may find its base gone.
    if (start.base && log_.rbegin()->second.epoch == start.epoch.epoch) CheckPacks(*start.base);
    reigning_.insert(number);
  }

  void OnCommit(const Completion& completion) {
    Observe();
    const HistoryRecord* log = Logged(completion.ref().number);
    if (log == nullptr || log->ref() != completion.ref()) {
      return Violate("checkpoint ", completion.checkpoint(), " is committed without a record");
    }
    commits_.push_back(completion);
    CheckCommits();
  }

  // After every event.
  void Look() {
    if (blobs_.size() != blobs_seen_) Observe();
  }

  std::vector<RetainedCheckpoint> Retained() const {
    return log_.empty() ? std::vector<RetainedCheckpoint>() : log_.rbegin()->second.retained;
  }

  // When all is quiet and the newest coordinator has retired and swept.
  void CheckNothingIsLeftOver(base::Epoch reigning) {
    std::set<std::string> live;
    for (const RetainedCheckpoint& entry : Retained()) {
      for (const PackRef& pack : Logged(entry.ref.number)->checkpoint->packs)
        live.insert(kFiles.Blob(pack.name));
    }
    for (const auto& [name, bytes] : blobs_) {
      const auto pack = PackName::Parse(name.substr(std::min(name.size(), kFiles.Blob("").size())));
      if (pack && pack->epoch < reigning && !live.contains(name))
        Violate("left over for ever: ", name);
    }
  }

 private:
  template <class... Args>
  void Violate(const Args&... args) {
    if (!violation_) violation_ = Concat(args...);
  }

  // What was written under each number first. Records that come to stand under a freed number are
  // void.
  const HistoryRecord* Logged(base::HistoryNumber number) const {
    const auto found = log_.find(number);
    return found == log_.end() ? nullptr : &found->second;
  }

  CheckpointRef ResumePoint(base::HistoryNumber below) const {
    for (auto entry = log_.rbegin(); entry != log_.rend(); ++entry) {
      if (entry->first >= below) continue;
      if (entry->second.is_checkpoint()) return entry->second.ref();
      if (entry->second.kind == RecordKind::kEpoch) return entry->second.base;
    }
    return {};
  }

  void Observe() {
    blobs_seen_ = blobs_.size();
    std::set<base::HistoryNumber> there;
    const std::string folder = kFiles.HistoryFolder();
    for (auto blob = blobs_.lower_bound(folder);
         blob != blobs_.end() && blob->first.starts_with(folder); ++blob) {
      const base::HistoryNumber number = *ParseRecordFileName(blob->first.substr(folder.size()));
      there.insert(number);
      if (const HistoryRecord* log = Logged(number)) {
        // Only what was deleted can come to stand again: as it was (a create that was sent twice),
        // or void.
        if (deleted_.contains(number) && EncodeRecord(*log).value() != blob->second)
          voids_.insert(number);
        continue;
      }
      const StatusOr<HistoryRecord> record = DecodeRecord(number, blob->second);
      if (!record.ok()) return Violate(record.status());
      Append(*record);
    }
    CheckWhatIsThere(there);
  }

  void Append(const HistoryRecord& record) {
    const base::HistoryNumber last = log_.empty() ? base::HistoryNumber() : log_.rbegin()->first;
    if (record.number != last.Next())
      return Violate("record ", record.number, " comes after ", last);
    for (const auto& [number, other] : log_) {
      if (number > base::HistoryNumber(record.epoch.number()) && other.kind == RecordKind::kEpoch &&
          record.kind != RecordKind::kEpoch) {
        return Violate("record ", record.number, " of epoch ", record.epoch,
                       " stands behind epoch ", number);
      }
      if (record.is_checkpoint() && other.is_checkpoint() &&
          record.checkpoint->id == other.checkpoint->id) {
        return Violate("checkpoint ", record.checkpoint->id, " has two records");
      }
    }
    log_[record.number] = record;
  }

  // Every epoch record, everything that the newest record retains, and what it would be resumed
  // from.
  void CheckWhatIsThere(const std::set<base::HistoryNumber>& there) {
    if (log_.empty()) return;
    for (const auto& [number, record] : log_) {
      if (!there.contains(number)) deleted_.insert(number);
      if (record.kind == RecordKind::kEpoch && !there.contains(number))
        return Violate("epoch record ", number, " is gone");
    }
    std::set<base::HistoryNumber> needed;
    for (const RetainedCheckpoint& entry : Retained()) needed.insert(entry.ref.number);
    const CheckpointRef resume = ResumePoint(log_.rbegin()->first.Next());
    if (resume != CheckpointRef()) needed.insert(resume.number);
    for (const base::HistoryNumber number : needed) {
      if (!there.contains(number)) return Violate("retained record ", number, " is gone");
      CheckPacks(log_.at(number));
    }
  }

  void CheckPacks(const HistoryRecord& record) {
    for (const PackRef& pack : record.checkpoint->packs) {
      if (!blobs_.contains(kFiles.Blob(pack.name))) {
        return Violate("record ", record.number, " lost its pack ", pack.name);
      }
    }
  }

  // A reign that went on in the same lineage must have built on everything committed before it.
  void CheckCommits() {
    for (const Completion& commit : commits_) {
      for (const base::HistoryNumber number : reigning_) {
        const HistoryRecord& epoch = log_.at(number);
        if (number > commit.ref().number && epoch.lineage == commit.lineage() &&
            epoch.base.number < commit.ref().number) {
          return Violate("checkpoint record ", commit.ref().number, " was committed, but epoch ",
                         number, " went on from record ", epoch.base.number);
        }
      }
    }
  }

  const std::map<std::string, std::string>& blobs_;
  size_t blobs_seen_ = 0;
  std::map<base::HistoryNumber, HistoryRecord> log_;
  std::set<base::HistoryNumber> deleted_;
  std::set<base::HistoryNumber> voids_;
  std::set<base::HistoryNumber> reigning_;
  std::vector<Completion> commits_;
  uint64_t reigns_ = 0;
  uint64_t rewinds_ = 0;
  std::optional<std::string> violation_;
};

// A coordinator without a job: it takes over and then does at random what coordinators do.
class Coordinator final : public sim::Program {
 public:
  Coordinator(const env::Env& env, sim::Process& process, env::BlobStore& store, Oracle& oracle)
      : env_(env),
        store_(store),
        oracle_(oracle),
        loop_(process.NewEventLoop()),
        history_(*loop_, env.clock, env.random, env.chaos, store,
                 {.job = "ledger", .retained_max = 2, .undecided_max = seconds(10)}) {
    loop_->PostAfter(milliseconds(static_cast<int64_t>(env.random.Below(1500))),
                     [this] { TakeOver(); });
  }

  enum class State : uint8_t { kWaiting, kTakingOver, kReigning, kOver };
  State state() const { return state_; }
  base::Epoch epoch() const { return history_.epoch(); }

  /// Does nothing at random any more, but completes a checkpoint, retires and sweeps.
  void CalmDown() { calm_ = true; }
  bool swept() const { return swept_; }

 private:
  bool Chance(uint64_t percent) { return env_.random.Below(100) < percent; }

  void TakeOver() {
    state_ = State::kTakingOver;
    TakeOverOptions options;
    options.writer = "test";
    options.plan_digest = "digest";
    options.max_parallelism = 4;
    const std::vector<RetainedCheckpoint> retained = oracle_.Retained();
    if (Chance(5)) {
      options.from = TakeOverOptions::From::kFresh;
    } else if (Chance(25) && !retained.empty()) {
      options.from = TakeOverOptions::From::kCheckpoint;
      options.checkpoint = retained[env_.random.Below(retained.size())].ref.checkpoint;
    }
    history_.TakeOver(std::move(options), [this](StatusOr<ReignStart> start) {
      if (!start.ok()) return End();
      oracle_.OnReign(*start);
      if (start->completion) oracle_.OnCommit(*start->completion);
      state_ = State::kReigning;
      Later();
    });
  }

  void End() { state_ = State::kOver; }

  void Later() {
    loop_->PostAfter(milliseconds(static_cast<int64_t>(env_.random.Below(40))), [this] { Step(); });
  }

  void Step() {
    if (history_.over()) return End();
    if (calm_) return Checkpoint();
    const uint64_t chance = env_.random.Below(100);
    if (chance < 60) return Checkpoint();
    if (chance < 85) return Retire(Chance(50));
    if (chance < 92) {  // the attempt fails, and with it the checkpoint in flight, if there is one
      attempt_ = attempt_.Next();
      return Later();
    }
    if (chance < 97) return Release();
    Later();
  }

  void Checkpoint() {
    const base::CheckpointId id = history_.NextCheckpointId();
    PackName name{history_.epoch(),      attempt_,          id, base::ChainIndex(0),
                  base::SubtaskIndex(0), env_.random.Next()};
    const base::KeyGroupRange all{base::KeyGroup(0), base::KeyGroup(4)};
    writer_ = std::make_unique<PackWriter>(store_, env_.pool, kFiles,
                                           PackWriter::Options{.name = name.ToString(),
                                                               .states = {{"op", "state"}},
                                                               .key_groups = all,
                                                               .on_progress = {}});
    writer_->Add({.state = 0, .key_group = base::KeyGroup(1), .bytes = Concat("state of ", id)});
    writer_->Finish([this, id](StatusOr<PackRef> pack) {
      loop_->Post([this, id, pack = std::move(pack)] {
        if (!pack.ok()) return Later();            // declined: aborted
        if (!calm_ && Chance(15)) return Later();  // another subtask declined: aborted
        Append(id, *pack);
      });
    });
  }

  void Append(base::CheckpointId id, const PackRef& pack) {
    CheckpointBody body;
    body.id = id;
    body.attempt = attempt_;
    body.chains = {{"chain", 1}};
    body.operators.emplace_back().uid = "op";
    const auto& base = history_.newest_checkpoint();
    if (base && Chance(60)) {  // a delta
      body.base = base->ref();
      body.packs = base->checkpoint->packs;
    }
    body.packs.push_back(pack);
    const std::string savepoint = !calm_ && Chance(10) ? Concat("s", id) : "";
    history_.AppendCheckpoint(std::move(body), savepoint, [this](StatusOr<Completion> complete) {
      if (complete.ok()) oracle_.OnCommit(*complete);
      if (calm_ && complete.ok()) return Retire(/*sweep=*/true);
      Later();
    });
  }

  void Retire(bool sweep) {
    attempt_ = Chance(20) ? attempt_.Next() : attempt_;
    history_.Retire({.oldest_live_attempt = attempt_, .sweep_files = sweep},
                    [this](StatusOr<RetirementReport> report) {
                      if (calm_ && report.ok() && report->failed == 0) swept_ = true;
                      if (!swept_) Later();
                    });
  }

  void Release() {
    for (const RetainedCheckpoint& entry : history_.newest().retained) {
      if (entry.savepoint.empty()) continue;
      return history_.AppendRelease(entry.savepoint, [this](const Status&) { Later(); });
    }
    Later();
  }

  const env::Env& env_;
  env::BlobStore& store_;
  Oracle& oracle_;
  std::unique_ptr<env::EventLoop> loop_;
  History history_;
  std::unique_ptr<PackWriter> writer_;
  State state_ = State::kWaiting;
  base::Attempt attempt_{1};
  bool calm_ = false;
  bool swept_ = false;
};

sim::Options OptionsOf(uint64_t seed, const std::string& mutant) {
  sim::Options options = sim::RoughOptions(seed);
  options.disk = {};
  options.mutant = mutant;
  return options;
}

// One world, for some virtual seconds of faults and then in peace.
class Theatre {
 public:
  Theatre(uint64_t seed, const std::string& mutant)
      : world_(OptionsOf(seed, mutant)),
        prng_(world_.Stream("theatre")),
        memory_(world_, "memory"),
        store_(world_, memory_, sim::FaultyBlobStore::Reach::kRemote, "store"),
        oracle_(memory_.blobs()) {
    for (const char* name : {"a", "b", "c"}) {
      processes_.push_back(&world_.Spawn(
          name, world_.NewDisk(name), [this](const env::Env& env, sim::Process& process) {
            return std::make_unique<Coordinator>(env, process, store_, oracle_);
          }));
    }
  }

  std::optional<std::string> Play() {
    const auto violated = [this] {
      oracle_.Look();
      return oracle_.violation().has_value();
    };
    for (int i = 0; i < 150 && !violated(); ++i) {
      world_.RunUntil(violated, milliseconds(static_cast<int64_t>(prng_.Below(200))));
      Disturb();
    }
    if (!violated()) MakePeace(violated);
    return oracle_.violation();
  }

  const Oracle& oracle() const { return oracle_; }

 private:
  static Coordinator* ProgramOf(const sim::Process& process) {
    return process.program_as<Coordinator>();
  }

  void Disturb() {
    sim::Process& process = *processes_[prng_.Below(processes_.size())];
    switch (process.state()) {
      case sim::Process::State::kDead:
        return process.Restart();
      case sim::Process::State::kPaused:
        if (prng_.Chance(0.3)) process.Resume();
        return;
      case sim::Process::State::kRunning:
        break;
    }
    const Coordinator* program = ProgramOf(process);
    if (program == nullptr) return;
    if (program->state() == Coordinator::State::kOver) return process.Kill();
    // Whoever is taking over is paused most of all: it wakes up in another world.
    const bool delicate = program->state() == Coordinator::State::kTakingOver;
    if (prng_.Chance(delicate ? 0.6 : 0.1)) return process.Pause();
    if (prng_.Chance(0.05)) return process.Kill();
    if (prng_.Chance(0.05)) return process.KillAtOperation(1 + prng_.Below(20));
  }

  // Everybody ends, what is under way lands, and one coordinator must come to reign and clean up.
  template <class Violated>
  void MakePeace(Violated violated) {
    for (sim::Process* process : processes_) {
      if (process->state() != sim::Process::State::kDead) process->Kill();
    }
    world_.RunUntil(violated, seconds(30));
    sim::Process& last = *processes_[0];
    bool done = false;
    for (int tries = 0; tries < 200 && !done; ++tries) {
      if (last.state() == sim::Process::State::kDead) last.Restart();
      world_.RunUntil(
          [&] {
            const Coordinator* program = ProgramOf(last);
            return violated() ||
                   (program != nullptr && program->state() >= Coordinator::State::kReigning);
          },
          seconds(30));
      if (violated()) return;
      if (ProgramOf(last)->state() == Coordinator::State::kReigning) {
        ProgramOf(last)->CalmDown();
        done =
            world_.RunUntil([&] { return violated() || ProgramOf(last)->swept(); }, seconds(120));
      }
      if (!done) last.Kill();
    }
    ASSERT_TRUE(done) << "nobody came to reign in peace";
    if (!violated()) oracle_.CheckNothingIsLeftOver(ProgramOf(last)->epoch());
  }

  sim::World world_;
  sim::Prng prng_;
  sim::MemoryBlobStore memory_;
  sim::FaultyBlobStore store_;
  Oracle oracle_;
  std::vector<sim::Process*> processes_;
};

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(HistorySimulation, NoScheduleLosesOrForksTheLine) {
  const uint64_t only = FromEnvironment("WEIR_SIM_SEED", 0);
  const uint64_t first = only != 0 ? only : FromEnvironment("WEIR_SIM_FIRST_SEED", 1);
  const uint64_t count = only != 0 ? 1 : FromEnvironment("WEIR_SIM_SEEDS", 60);
  uint64_t reigns = 0, rewinds = 0, commits = 0, deleted = 0, voids = 0;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    Theatre theatre(seed, "");
    const std::optional<std::string> violation = theatre.Play();
    ASSERT_FALSE(violation) << "seed " << seed << ": " << *violation;
    reigns += theatre.oracle().reigns();
    rewinds += theatre.oracle().rewinds();
    commits += theatre.oracle().commits();
    deleted += theatre.oracle().deleted();
    voids += theatre.oracle().voids();
  }
  std::cout << count << " worlds: " << reigns << " reigns, " << rewinds << " of them rewinds, "
            << commits << " commits, " << deleted << " records deleted, " << voids
            << " void epochs\n";
  if (count < 50) return;
  EXPECT_GT(reigns, 3 * count);
  EXPECT_GT(rewinds, count / 2);
  EXPECT_GT(commits, 10 * count);
  EXPECT_GT(deleted, 3 * count);
  EXPECT_GT(voids, 0u);
}

class HistoryMutant : public testing::TestWithParam<const char*> {};

TEST_P(HistoryMutant, IsCaughtWithin200Seeds) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    if (const std::optional<std::string> violation = Theatre(seed, GetParam()).Play()) {
      std::cout << "seed " << seed << ": " << *violation << "\n";
      return;
    }
  }
  FAIL() << "mutant " << GetParam() << " was not caught";
}

INSTANTIATE_TEST_SUITE_P(All, HistoryMutant,
                         testing::Values("epoch-deleted-by-retirement",
                                         "create-retried-under-next-number",
                                         "resume-from-newest-file", "base-dropped-on-abort",
                                         "no-list-check", "void-epoch-reigns"));

}  // namespace
}  // namespace weir::checkpoint
