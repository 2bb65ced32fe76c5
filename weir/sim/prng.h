// Prng: the simulator's chance. Every part of a world draws from a stream of its own, derived from
// the world's seed and the part's name, so that one more draw in one place leaves the others alone.
// Threads: values; a world has one thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "weir/base/time.h"

namespace weir::sim {

/// Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014
///   (SplitMix64).
class Prng {
 public:
  explicit Prng(uint64_t seed) : state_(seed) {}
  /// The stream `name` of a world.
  Prng(uint64_t seed, std::string_view name);

  uint64_t Next();

  /// Uniform in [0, bound); bound >= 1.
  uint64_t Below(uint64_t bound);

  /// True with this probability.
  /// Shapes: probability in [0, 1]; 0 draws nothing, so that a fault that is off changes nothing.
  bool Chance(double probability);

  /// Uniform in [least, most].
  Duration Between(Duration least, Duration most);

  /// Mostly near `least`, seldom near `most`: the logarithm is uniform.
  /// Shapes: 0 < least <= most.
  Duration Skewed(Duration least, Duration most);

 private:
  uint64_t state_;
};

}  // namespace weir::sim
