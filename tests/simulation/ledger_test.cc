// The ledger in simulated worlds, one seed after the other. WEIR_SIM_SEED replays one seed;
// WEIR_SIM_SEEDS says how many to run, WEIR_SIM_BUDGET_SECONDS for how long at most,
// WEIR_SIM_FIRST_SEED where to begin.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/simulation/ledger_world.h"
#include "tests/simulation/seeds.h"

namespace weir::simulation {
namespace {

TEST(LedgerSimulation, EachRowExactlyOnceWhateverFails) {
  Seeds seeds;
  sim::World::Hits hits;
  while (const auto seed = seeds.Next()) {
    const Verdict verdict = RunLedger(RoughLedger(*seed));
    ASSERT_EQ(verdict.error, "") << seeds.HowToReplay(*seed);
    if (*seed % 20 == 0) {
      ASSERT_EQ(RunLedger(RoughLedger(*seed)).trace_hash, verdict.trace_hash)
          << "the same seed went another way: " << seeds.HowToReplay(*seed);
    }
    for (const auto& [name, count] : verdict.hits) hits[name] += count;
    hits["ledger.checkpoints"] += verdict.checkpoints;
    hits["ledger.starts"] += verdict.starts;
    hits["ledger.resumes"] += verdict.resumes;
  }
  std::cout << seeds.done() << " seeds\n";
  for (const auto& [name, count] : hits) std::cout << "  " << name << ' ' << count << '\n';
}

TEST(LedgerSimulation, NothingFailsInACalmWorld) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    const Verdict verdict = RunLedger({.world = sim::CalmOptions(seed), .nemesis = false});
    EXPECT_EQ(verdict.error, "") << "seed " << seed;
    EXPECT_EQ(verdict.starts, 1u) << "seed " << seed;
    EXPECT_EQ(verdict.hits.count("ledger.checkpoint_failed"), 0u) << "seed " << seed;
  }
}

TEST(LedgerSimulation, AJobThatIsStoppedOrCancelledGoesOnWhenItIsRunAgain) {
  sim::World::Hits hits;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const Verdict verdict =
        RunLedger({.world = sim::CalmOptions(seed), .nemesis = false, .on_demand = 0.7});
    EXPECT_EQ(verdict.error, "") << "seed " << seed;
    EXPECT_EQ(verdict.hits.count("ledger.restart"), 0u) << "seed " << seed;
    for (const auto& [name, count] : verdict.hits) hits[name] += count;
  }
  EXPECT_GT(hits["ledger.stopped"], 20u);
  EXPECT_GT(hits["ledger.cancelled"], 5u);
}

TEST(LedgerSimulation, AWorkerThatHeardNothingForLongIsStartedAnew) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const Verdict verdict = RunLedger(
        {.world = sim::CalmOptions(seed), .nemesis = false, .silence = std::chrono::seconds(22)});
    EXPECT_EQ(verdict.error, "") << "seed " << seed;
    EXPECT_GT(verdict.starts, 1u) << "seed " << seed;
  }
}

TEST(LedgerSimulation, EveryFlippedByteOfACheckpointIsNoticedOrHarmless) {
  const FlipVerdict verdict = FlipEveryByte(3);
  EXPECT_EQ(verdict.error, "");
  EXPECT_GT(verdict.bytes, 1000u);
  EXPECT_GT(verdict.detected, verdict.bytes / 4);
  std::cout << verdict.bytes << " bytes flipped, " << verdict.detected
            << " noticed, the others made no difference\n";
}

}  // namespace
}  // namespace weir::simulation
