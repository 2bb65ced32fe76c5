// LedgerWorld: the ledger as a cluster in a simulated world: a coordinator, workers, a shared disk,
// a checkpoint store, and a nemesis; and the oracles that judge what came out.
//
// Everything is drawn from the seed: rows, accounts, workers, parallelism (a new one at each start
// of the coordinator), the kind of store, the faults.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/sim/options.h"
#include "weir/sim/world.h"

namespace weir::simulation {

struct LedgerOptions {
  sim::Options world;
  bool nemesis = true;
  Duration silence{0};  // the workers hear nothing for so long, though they are heard; 0: never
  // How likely a coordinator is asked to stop the job, or to cancel it; not set: drawn.
  std::optional<double> on_demand = std::nullopt;
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

struct FlipVerdict {
  std::string error;      // empty: each flipped byte was noticed, or made no difference
  uint64_t bytes = 0;     // flipped, one at a time
  uint64_t detected = 0;  // of those, where a resume says that something is damaged
};

/// Runs a small job in a calm world to its end, then flips every byte of its checkpoint store, one
/// at a time, and looks what a resume would read.
FlipVerdict FlipEveryByte(uint64_t seed);

}  // namespace weir::simulation
