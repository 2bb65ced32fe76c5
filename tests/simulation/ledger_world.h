// LedgerWorld: the ledger as a cluster in a simulated world: a coordinator, workers, a shared disk, a checkpoint store, and a nemesis; and the oracles that
// judge what came out.
//
// Everything is drawn from the seed: rows, accounts, workers, parallelism (a new one at each start of the coordinator), the kind of store, the faults.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "weir/sim/options.h"
#include "weir/sim/world.h"

namespace weir::simulation {

struct LedgerOptions {
  sim::Options world;
  bool nemesis = true;
};

/// Options of a rough world, everything drawn from the seed.
LedgerOptions RoughLedger(uint64_t seed);

/// How a run ended.
struct Verdict {
  std::string error;  // empty: all oracles agree
  uint64_t trace_hash = 0;
  uint64_t events = 0;
  uint64_t checkpoints = 0;  // completed
  uint64_t starts = 0;       // attempts that ran
  uint64_t resumes = 0;      // of those, from a checkpoint
  sim::World::Hits hits;     // of the simulator, and "ledger.…" of the workload
};

/// Runs the ledger of `options` to its end and judges it.
Verdict RunLedger(const LedgerOptions& options);

}  // namespace weir::simulation
