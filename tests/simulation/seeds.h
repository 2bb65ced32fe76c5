// Seeds: which seeds a simulation runs, from the environment variables that ./dev test sets.
//   WEIR_SIM_SEED            this one only
//   WEIR_SIM_SEEDS           so many, from WEIR_SIM_FIRST_SEED (1) on
//   WEIR_SIM_BUDGET_SECONDS  as many as begin within so many seconds (20), when no number is given
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "weir/env/posix_clock.h"

namespace weir::simulation {

class Seeds {
 public:
  Seeds();

  /// The next seed to run; none when it is enough.
  std::optional<uint64_t> Next();
  uint64_t done() const { return done_; }

  /// "seed 17: ./dev test --seed 17".
  std::string HowToReplay(uint64_t seed) const;

 private:
  std::optional<uint64_t> only_;
  std::optional<uint64_t> count_;
  uint64_t first_ = 1;
  uint64_t done_ = 0;
  Duration budget_ = std::chrono::seconds(20);
  env::PosixClock clock_;
  base::Instant begin_;
};

}  // namespace weir::simulation
