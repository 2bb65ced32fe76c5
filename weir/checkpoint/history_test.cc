#include "weir/checkpoint/history.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "weir/checkpoint/example_records.h"
#include "weir/checkpoint/history_reader.h"
#include "weir/checkpoint/pack_writer.h"
#include "weir/sim/faulty_blob_store.h"
#include "weir/sim/memory_blob_store.h"
#include "weir/sim/process.h"
#include "weir/sim/world.h"

namespace weir::checkpoint {
namespace {

using std::chrono::seconds;

const JobFiles kFiles("ledger");

// A coordinator whose moves the test makes.
class Player final : public sim::Program {
 public:
  Player(const env::Env& env, sim::Process& process, env::BlobStore& store)
      : env_(env),
        store_(store),
        loop_(process.NewEventLoop()),
        history_(*loop_, env.clock, env.random, env.chaos, store,
                 {.job = "ledger", .retained_max = 2, .undecided_max = seconds(5)}) {}

  History& history() { return history_; }
  env::EventLoop& loop() { return *loop_; }
  env::BlobStore& store() { return store_; }
  const env::Env& env() { return env_; }

 private:
  const env::Env& env_;
  env::BlobStore& store_;
  std::unique_ptr<env::EventLoop> loop_;
  History history_;
};

class HistoryTest : public testing::Test {
 protected:
  explicit HistoryTest(sim::Options options = sim::CalmOptions(1)) : world_(std::move(options)) {}

  sim::Process& NewProcess(const std::string& name) {
    sim::Process& process =
        world_.Spawn(name, world_.NewDisk(name), [this](const env::Env& env, sim::Process& p) {
          return std::make_unique<Player>(env, p, store_);
        });
    world_.RunUntil([&] { return process.program() != nullptr; }, seconds(1));
    return process;
  }
  static Player& PlayerOf(sim::Process& process) { return *process.program_as<Player>(); }

  // Starts `call(player, done)` on the player's loop and lets the world go on until it answered.
  template <class Result, class Call>
  Result Await(sim::Process& process, Call call) {
    auto result = std::make_shared<std::optional<Result>>();
    Player& player = PlayerOf(process);
    player.loop().Post([&player, call = std::move(call), result]() mutable {
      call(player, [result](Result r) { *result = std::move(r); });
    });
    EXPECT_TRUE(world_.RunUntil([&] { return result->has_value(); }, seconds(600)));
    return **result;
  }

  StatusOr<ReignStart> TakeOver(sim::Process& process,
                                TakeOverOptions::From from = TakeOverOptions::From::kResume) {
    return Await<StatusOr<ReignStart>>(process, [from](Player& player, auto done) {
      TakeOverOptions options;
      options.writer = "test";
      options.max_parallelism = 8;
      options.from = from;
      player.history().TakeOver(std::move(options), std::move(done));
    });
  }

  // A whole checkpoint with one pack, as a coordinator makes it.
  StatusOr<Completion> Checkpoint(sim::Process& process, const std::string& savepoint = "") {
    Player& player = PlayerOf(process);
    CheckpointBody body;
    body.id = player.history().NextCheckpointId();
    body.attempt = base::Attempt(1);
    body.chains = {{"chain", 1}};
    body.operators.emplace_back().uid = "per-page";
    const std::string name =
        PackName{player.history().epoch(), body.attempt,          body.id,
                 base::ChainIndex(0),      base::SubtaskIndex(0), player.env().random.Next()}
            .ToString();
    const auto pack = Await<StatusOr<PackRef>>(process, [&, name](Player& p, auto done) {
      writer_ = std::make_unique<PackWriter>(p.store(), p.env().pool, kFiles,
                                             PackWriter::Options{.name = name,
                                                                 .states = {{"per-page", "count"}},
                                                                 .key_groups = Groups(0, 8),
                                                                 .on_progress = {}});
      writer_->Add({.state = 0, .key_group = base::KeyGroup(3), .bytes = "state"});
      writer_->Finish(std::move(done));
    });
    if (!pack.ok()) return pack.status();
    body.packs = {*pack};
    return Await<StatusOr<Completion>>(process, [&](Player& p, auto done) {
      p.history().AppendCheckpoint(body, savepoint, std::move(done));
    });
  }

  StatusOr<RetirementReport> Retire(sim::Process& process) {
    return Await<StatusOr<RetirementReport>>(process, [](Player& player, auto done) {
      player.history().Retire({.oldest_live_attempt = base::Attempt(1), .sweep_files = true},
                              std::move(done));
    });
  }

  HistoryView View(sim::Process& process) {
    return Await<StatusOr<HistoryView>>(process,
                                        [](Player& player, auto done) {
                                          ReadHistory(player.store(), kFiles, std::move(done));
                                        })
        .value();
  }

  size_t Count(const std::string& prefix) const {
    return static_cast<size_t>(std::ranges::count_if(memory_.blobs(), [&](const auto& blob) {
      return blob.first.starts_with(kFiles.Blob(prefix));
    }));
  }

  sim::World world_;
  sim::MemoryBlobStore memory_{world_, "memory"};
  sim::FaultyBlobStore store_{world_, memory_, sim::FaultyBlobStore::Reach::kRemote, "store"};
  std::unique_ptr<PackWriter> writer_;
};

TEST_F(HistoryTest, CheckpointsCompleteAndOldOnesRetire) {
  sim::Process& a = NewProcess("a");
  ASSERT_TRUE(TakeOver(a).ok());
  EXPECT_TRUE(memory_.blobs().contains("ledger/job.json"));
  for (uint64_t i = 1; i <= 5; ++i) {
    const StatusOr<Completion> complete = Checkpoint(a);
    ASSERT_TRUE(complete.ok()) << complete.status();
    EXPECT_EQ(complete->checkpoint(), base::CheckpointId(i));
  }
  const StatusOr<RetirementReport> report = Retire(a);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->records_deleted, 3u);
  EXPECT_EQ(report->files_deleted, 3u);
  EXPECT_EQ(Count("history/"), 3u);
  EXPECT_EQ(Count("data/"), 2u);
}

TEST_F(HistoryTest, ATakeOverResumesAndFencesTheOlder) {
  sim::Process& a = NewProcess("a");
  sim::Process& b = NewProcess("b");
  ASSERT_TRUE(TakeOver(a).ok());
  ASSERT_TRUE(Checkpoint(a).ok());
  const StatusOr<ReignStart> start = TakeOver(b);
  ASSERT_TRUE(start.ok()) << start.status();
  EXPECT_EQ(start->base->checkpoint->id, base::CheckpointId(1));
  EXPECT_EQ(start->completion->checkpoint(), base::CheckpointId(1));
  const StatusOr<Completion> late = Checkpoint(a);
  EXPECT_EQ(late.status().code(), StatusCode::kAborted) << late.status();
  EXPECT_TRUE(PlayerOf(a).history().over());
  EXPECT_EQ(Retire(a).status().code(), StatusCode::kAborted);
  EXPECT_EQ(Checkpoint(b)->checkpoint(), base::CheckpointId(2));
}

TEST_F(HistoryTest, Regression15_ACoordinatorBetweenTwoCheckpointsLosesNothing) {
  sim::Process& a = NewProcess("a");
  ASSERT_TRUE(TakeOver(a).ok());
  ASSERT_TRUE(Checkpoint(a).ok());
  for (int i = 0; i < 4; ++i) {
    a.Kill();
    a.Restart();
    world_.RunUntil([&] { return a.program() != nullptr; }, seconds(1));
    const StatusOr<ReignStart> start = TakeOver(a);
    ASSERT_TRUE(start.ok()) << start.status();
    ASSERT_TRUE(Checkpoint(a).ok());
    ASSERT_TRUE(Retire(a).ok());
    for (const HistoryRecord& record : View(a).Retained()) {
      const Status whole = Await<Status>(a, [&](Player& player, auto done) {
        VerifyCheckpoint(player.store(), kFiles, record, std::move(done));
      });
      EXPECT_TRUE(whole.ok()) << whole;
    }
  }
}

TEST_F(HistoryTest, Regression16_FiveFailedRestoresInARowKeepTheCheckpoint) {
  sim::Process& a = NewProcess("a");
  ASSERT_TRUE(TakeOver(a).ok());
  ASSERT_TRUE(Checkpoint(a).ok());
  for (int i = 0; i < 5; ++i) {
    a.Kill();
    a.Restart();
    world_.RunUntil([&] { return a.program() != nullptr; }, seconds(1));
    const StatusOr<ReignStart> start = TakeOver(a);
    ASSERT_TRUE(start.ok()) << start.status();
    EXPECT_EQ(start->base->checkpoint->id, base::CheckpointId(1));
    ASSERT_TRUE(Retire(a).ok());
  }
}

TEST_F(HistoryTest, Regression4_AStoreThatIsAwayCompletesNothing) {
  sim::Process& a = NewProcess("a");
  ASSERT_TRUE(TakeOver(a).ok());
  ASSERT_TRUE(Checkpoint(a).ok());
  CheckpointBody body = *PlayerOf(a).history().newest_checkpoint()->checkpoint;
  body.id = PlayerOf(a).history().NextCheckpointId();
  store_.SetAway(true);
  const auto undecided = Await<StatusOr<Completion>>(a, [&](Player& player, auto done) {
    player.history().AppendCheckpoint(body, "", std::move(done));
  });
  EXPECT_EQ(undecided.status().code(), StatusCode::kUnavailable) << undecided.status();
  EXPECT_TRUE(PlayerOf(a).history().over());
  EXPECT_EQ(PlayerOf(a).history().newest_checkpoint()->checkpoint->id, base::CheckpointId(1));
}

TEST_F(HistoryTest, AShortAbsenceOfTheStoreOnlyDelays) {
  sim::Process& a = NewProcess("a");
  ASSERT_TRUE(TakeOver(a).ok());
  store_.SetAway(true);
  world_.After(std::chrono::milliseconds(1500), [this] { store_.SetAway(false); });
  CheckpointBody body;
  body.id = PlayerOf(a).history().NextCheckpointId();
  body.attempt = base::Attempt(1);
  const auto complete = Await<StatusOr<Completion>>(a, [&](Player& player, auto done) {
    player.history().AppendCheckpoint(body, "", std::move(done));
  });
  EXPECT_TRUE(complete.ok()) << complete.status();
}

TEST_F(HistoryTest, Regression6_ADamagedNewestCheckpointStopsDeletion) {
  sim::Process& a = NewProcess("a");
  ASSERT_TRUE(TakeOver(a).ok());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(Checkpoint(a).ok());
  const PackRef pack = PlayerOf(a).history().newest_checkpoint()->checkpoint->packs[0];
  ASSERT_TRUE(memory_.FlipByte(kFiles.Blob(pack.name), 20).ok());
  const StatusOr<RetirementReport> report = Retire(a);
  EXPECT_EQ(report.status().code(), StatusCode::kDataLoss);
  EXPECT_NE(report.status().message().find(pack.name), std::string::npos) << report.status();
  EXPECT_EQ(Count("data/"), 4u);
  // The next checkpoint is whole, and with it everything goes on.
  ASSERT_TRUE(Checkpoint(a).ok());
  EXPECT_TRUE(Retire(a).ok());
  EXPECT_EQ(Count("data/"), 2u);
}

TEST_F(HistoryTest, Regression22_ThePreviousCheckpointIsThereWhenTheNewestLostAPack) {
  sim::Process& a = NewProcess("a");
  ASSERT_TRUE(TakeOver(a).ok());
  ASSERT_TRUE(Checkpoint(a).ok());
  ASSERT_TRUE(Checkpoint(a).ok());
  const std::string lost = PlayerOf(a).history().newest_checkpoint()->checkpoint->packs[0].name;
  (void)Await<Status>(a, [&](Player& player, auto done) {
    player.store().Delete(kFiles.Blob(lost), std::move(done));
  });
  const HistoryView view = View(a);
  const auto verify = [&](const std::string& which) {
    const HistoryRecord record = view.Find(which).value();
    return Await<Status>(a, [&](Player& player, auto done) {
      VerifyCheckpoint(player.store(), kFiles, record, std::move(done));
    });
  };
  const Status status = verify("2");
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_NE(status.message().find(lost), std::string::npos) << status;
  EXPECT_TRUE(verify("1").ok());
}

TEST_F(HistoryTest, Regression68_AFreshStartKeepsTheOldCheckpointsAndReusesNoName) {
  sim::Process& a = NewProcess("a");
  ASSERT_TRUE(TakeOver(a).ok());
  ASSERT_TRUE(Checkpoint(a).ok());
  sim::Process& b = NewProcess("b");
  const StatusOr<ReignStart> start = TakeOver(b, TakeOverOptions::From::kFresh);
  ASSERT_TRUE(start.ok()) << start.status();
  EXPECT_FALSE(start->base);
  ASSERT_TRUE(Retire(b).ok());
  EXPECT_EQ(Count("data/"), 1u);
  EXPECT_EQ(Checkpoint(b)->checkpoint(), base::CheckpointId(2));
  EXPECT_EQ(View(b).Retained().size(), 2u);
}

TEST_F(HistoryTest, SavepointsHaveAReadableCopyUntilTheirRelease) {
  sim::Process& a = NewProcess("a");
  ASSERT_TRUE(TakeOver(a).ok());
  ASSERT_TRUE(Checkpoint(a, "v1").ok());
  world_.RunFor(seconds(1));
  ASSERT_TRUE(memory_.blobs().contains("ledger/savepoints/v1.json"));
  EXPECT_EQ(memory_.blobs().at("ledger/savepoints/v1.json"),
            memory_.blobs().at(kFiles.Record(base::HistoryNumber(2))));
  const auto release = [&](const std::string& name) {
    return Await<Status>(a, [&](Player& player, auto done) {
      player.history().AppendRelease(name, std::move(done));
    });
  };
  EXPECT_EQ(release("v2").code(), StatusCode::kNotFound);
  EXPECT_TRUE(release("v1").ok());
  world_.RunFor(seconds(1));
  EXPECT_FALSE(memory_.blobs().contains("ledger/savepoints/v1.json"));
}

TEST_F(HistoryTest, AppendsAreCarriedOutInOrder) {
  sim::Process& a = NewProcess("a");
  ASSERT_TRUE(TakeOver(a).ok());
  ASSERT_TRUE(Checkpoint(a, "v1").ok());
  std::vector<Status> answers;
  PlayerOf(a).loop().Post([&] {
    History& history = PlayerOf(a).history();
    history.AppendRelease("v1", [&](Status status) { answers.push_back(std::move(status)); });
    history.AppendEnd(EndReason::kFinished,
                      [&](Status status) { answers.push_back(std::move(status)); });
    history.AppendRelease("v1", [&](Status status) { answers.push_back(std::move(status)); });
  });
  ASSERT_TRUE(world_.RunUntil([&] { return answers.size() == 3; }, seconds(60)));
  EXPECT_TRUE(answers[0].ok() && answers[1].ok());
  EXPECT_EQ(answers[2].code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(View(a).Newest()->end, EndReason::kFinished);
}

TEST_F(HistoryTest, AJobFileOfANewerVersionIsRefused) {
  sim::Process& a = NewProcess("a");
  (void)Await<Status>(a, [](Player& player, auto done) {
    player.store().CreateIfAbsent("ledger/job.json", "{\"format_version\":2,\"more\":1}",
                                  std::move(done));
  });
  EXPECT_EQ(TakeOver(a).status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(HistoryTest, Regression5_ALostHistoryIsNoEmptyJob) {
  sim::Process& a = NewProcess("a");
  (void)Await<Status>(a, [](Player& player, auto done) {
    player.store().CreateIfAbsent("ledger/job.json", "{\"format_version\":1,\"job\":\"ledger\"}\n",
                                  std::move(done));
  });
  EXPECT_EQ(TakeOver(a).status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(memory_.blobs().size(), 1u);
}

TEST(Regression42_TwoCoordinatorsRace, OneWinsAndBothAreAnswered) {
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    sim::World world(sim::CalmOptions(seed));
    sim::MemoryBlobStore store(world, "memory");
    std::vector<std::optional<StatusOr<ReignStart>>> answers(2);
    std::vector<sim::Process*> processes;
    for (size_t i = 0; i < 2; ++i) {
      processes.push_back(&world.Spawn(
          Concat(i), world.NewDisk(Concat(i)), [&, i](const env::Env& env, sim::Process& p) {
            auto player = std::make_unique<Player>(env, p, store);
            player->loop().Post([&, i, raw = player.get()] {
              TakeOverOptions options;
              options.max_parallelism = 8;
              raw->history().TakeOver(std::move(options), [&, i](StatusOr<ReignStart> start) {
                answers[i] = std::move(start);
              });
            });
            return player;
          }));
    }
    ASSERT_TRUE(world.RunUntil([&] { return answers[0] && answers[1]; }, seconds(60)))
        << "seed " << seed;
    // Both may have reigned, one after the other; then the epochs differ, and the lineage is one.
    ASSERT_TRUE(answers[0]->ok() && answers[1]->ok()) << "seed " << seed;
    EXPECT_NE((*answers[0])->epoch.epoch, (*answers[1])->epoch.epoch) << "seed " << seed;
    EXPECT_EQ((*answers[0])->epoch.lineage, (*answers[1])->epoch.lineage) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weir::checkpoint
