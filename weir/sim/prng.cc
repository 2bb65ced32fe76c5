#include "weir/sim/prng.h"

#include "weir/base/check.h"
#include "weir/base/checksum.h"

namespace weir::sim {

Prng::Prng(uint64_t seed, std::string_view name) : state_(seed ^ base::ChecksumOf(name)) {
  state_ = Next();  // neighbouring seeds give streams that have nothing in common
}

uint64_t Prng::Next() {
  uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

uint64_t Prng::Below(uint64_t bound) {
  WEIR_CHECK(bound >= 1);
  __extension__ using Wide = unsigned __int128;
  return static_cast<uint64_t>((static_cast<Wide>(Next()) * bound) >> 64);
}

bool Prng::Chance(double probability) {
  if (probability <= 0) return false;
  return static_cast<double>(Next() >> 11) < probability * static_cast<double>(1ull << 53);
}

Duration Prng::Between(Duration least, Duration most) {
  WEIR_CHECK(least <= most);
  return least + Duration(Below(static_cast<uint64_t>((most - least).count()) + 1));
}

// Doubles the range as often as it fits, with a draw for each, and is uniform within the last one:
// no floating point logarithm, whose last bit differs between machines.
Duration Prng::Skewed(Duration least, Duration most) {
  WEIR_CHECK(Duration() < least && least <= most);
  uint64_t doublings = 0;
  while (least * (int64_t{2} << doublings) <= most) ++doublings;
  const Duration low = least * (int64_t{1} << Below(doublings + 1));
  return Between(low, low * 2 < most ? low * 2 : most);
}

}  // namespace weir::sim
