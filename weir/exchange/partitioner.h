// Partitioners: which downstream subtask a row goes to.
// Threads: immutable; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "weir/base/hash.h"

namespace weir::exchange {

enum class Partitioning : uint8_t {
  kForward,    // subtask i to subtask i: one destination
  kHash,       // by key group, so that each key has one place
  kRebalance,  // batch by batch, in turn
  kBroadcast,  // every row to every destination
  kGlobal,     // every row to destination 0; not yet set by anybody
};

/// Routes rows by the key group of their hash, with a table look-up per row.
class HashRouter {
 public:
  /// Shapes: 1 <= destinations <= max_parallelism; max_parallelism as for base::KeyGroupOf.
  HashRouter(uint32_t destinations, uint32_t max_parallelism);

  /// Writes the destination of each hash.
  /// Shapes: destinations has hashes.size() entries.
  void Route(std::span<const uint64_t> hashes, uint16_t* destinations) const;

 private:
  std::vector<uint16_t> owner_of_group_;
  int shift_;  // a hash shifted right by this is its key group
};

}  // namespace weir::exchange
