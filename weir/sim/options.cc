#include "weir/sim/options.h"

#include "weir/sim/prng.h"

namespace weir::sim {
namespace {

// On in half of the worlds; then rare, or up to `most`.
double SomeRate(Prng& prng, double most) {
  if (prng.Chance(0.5)) return 0;
  const double share = static_cast<double>(prng.Below(1000) + 1) / 1000;
  return most * share * share;
}

}  // namespace

Options CalmOptions(uint64_t seed) {
  Options options;
  options.seed = seed;
  return options;
}

Options RoughOptions(uint64_t seed) {
  Prng prng(seed, "options");
  Options options;
  options.seed = seed;
  options.schedule.stall = SomeRate(prng, 0.02);
  options.network.refuse = SomeRate(prng, 0.3);
  options.network.break_send = SomeRate(prng, 0.005);
  options.network.slow = SomeRate(prng, 0.5);
  options.network.ghost = SomeRate(prng, 0.3);
  options.disk.short_read = SomeRate(prng, 0.8);
  options.disk.error_before = SomeRate(prng, 0.01);
  options.disk.error_after = SomeRate(prng, 0.01);
  options.disk.sync_failure = SomeRate(prng, 0.02);
  options.store.late = SomeRate(prng, 0.2);
  options.store.unavailable_before = SomeRate(prng, 0.1);
  options.store.unavailable_after = SomeRate(prng, 0.1);
  options.store.unavailable_later = SomeRate(prng, 0.1);
  options.store.duplicate = SomeRate(prng, 0.8);
  options.buggify = prng.Chance(0.5);
  return options;
}

}  // namespace weir::sim
