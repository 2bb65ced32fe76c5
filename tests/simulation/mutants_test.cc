// Each deliberate fault of the protocol, switched on, must be noticed by the ledger's oracles
// within 200 seeds: in one of them a row is lost or doubled, the job does not finish, or a check
// fails. A mutant that survives is an oracle that is blind.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "tests/simulation/ledger_world.h"

namespace weir::simulation {
namespace {

constexpr uint64_t kSeeds = 200;

// Exits with 0 when no seed notices the mutant; anything else, a failed check included, is success.
[[noreturn]] void Hunt(const std::string& mutant) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    LedgerOptions options = RoughLedger(seed);
    options.world.mutant = mutant;
    const Verdict verdict = RunLedger(options);
    if (verdict.error.empty()) continue;
    std::cerr << "seed " << seed << ": " << verdict.error << '\n';
    std::exit(1);
  }
  std::exit(0);
}

class Mutant : public testing::TestWithParam<const char*> {};

TEST_P(Mutant, IsNoticed) {
  EXPECT_EXIT(
      Hunt(GetParam()), [](int status) { return status != 0; }, "");
}

INSTANTIATE_TEST_SUITE_P(
    Simulation, Mutant,
    testing::Values("record-before-pack", "no-directory-sync", "acknowledgement-before-write",
                    "stale-attempt-accepted", "commit-before-completion",
                    "committables-of-aborted-forgotten", "leftovers-removed-by-absence",
                    "older-batches-not-covered", "credit-leak", "state.encode-after-write",
                    "state.key-group-off-by-one", "base-dropped-on-abort"),
    [](const testing::TestParamInfo<const char*>& parameter) {
      std::string name;
      for (const char c : std::string(parameter.param))
        name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
      return name;
    });

}  // namespace
}  // namespace weir::simulation
