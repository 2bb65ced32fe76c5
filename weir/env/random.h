// Random: the only source of chance. Tokens, lineages, seeds, pack names and backoff draw from it;
// the simulator replays it.
#pragma once

#include <cstdint>

namespace weir::env {

/// Threads: any thread.
class Random {
 public:
  virtual ~Random() = default;

  /// Uniform over all 64-bit numbers.
  virtual uint64_t Next() = 0;

  /// Uniform in [0, bound); bound >= 1.
  uint64_t Below(uint64_t bound) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<uint64_t>((static_cast<Wide>(Next()) * bound) >> 64);
  }
};

}  // namespace weir::env
