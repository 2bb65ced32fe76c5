// Env: everything outside the program, in one bundle of borrowed interfaces. `main` makes the real
// one (env/posix_env.h), the simulator makes one for each simulated process; nothing else creates
// any of them.
#pragma once

#include <string_view>

#include "weir/env/byte_stream.h"
#include "weir/env/clock.h"
#include "weir/env/executor.h"
#include "weir/env/file_system.h"
#include "weir/env/metrics.h"
#include "weir/env/random.h"
#include "weir/env/transport.h"

namespace weir::env {

/// Faults and rare branches that a test switches on. In production every answer is "no".
/// Threads: any thread.
class Chaos {
 public:
  virtual ~Chaos() = default;

  /// True when the rare but legal branch `name` shall be taken here (a smaller batch, an early
  /// flush): correct programs must survive it.
  virtual bool Buggify(std::string_view name) = 0;

  /// True when the deliberate fault `name` is switched on: a mutant that a test must catch
  /// (tests/simulation/mutants_test.cc lists them).
  virtual bool Mutant(std::string_view name) = 0;
};

/// The chaos of production and of plain unit tests: none.
class NoChaos final : public Chaos {
 public:
  bool Buggify(std::string_view) override { return false; }
  bool Mutant(std::string_view) override { return false; }
};

/// Shapes: every member outlives whoever holds the Env.
struct Env {
  Clock& clock;
  Random& random;
  FileSystem& files;
  Executor& pool;
  ThreadFactory& threads;
  Transport& transport;
  Dialer& dialer;
  MetricRegistry& metrics;
  Chaos& chaos;
};

}  // namespace weir::env
