// Partitioners: which downstream subtask a row goes to.
// Threads: immutable; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "weir/base/hash.h"

namespace weir::exchange {

enum class Partitioning : uint8_t {
  kForward,    // subtask i to subtask i: one destination
  kHash,       // by key group, so that each key has one place
  kCustom,     // by the number that the row has in place of a hash, modulo the destinations
  kRebalance,  // batch by batch, in turn
  kBroadcast,  // every row to every destination
  kGlobal,     // every row to destination 0
};

/// "hash", "forward" and so on.
std::string_view PartitioningName(Partitioning partitioning);

/// Routes rows one by one: by the key group of their hashes, with a table look-up per row, or by
/// their numbers.
class RowRouter {
 public:
  /// True of partitionings for which a row's hash (or number) says where it goes.
  static bool Routes(Partitioning partitioning) {
    return partitioning == Partitioning::kHash || partitioning == Partitioning::kCustom;
  }

  /// Shapes: Routes(partitioning); 1 <= destinations <= max_parallelism; max_parallelism as for
  ///   base::KeyGroupOf.
  RowRouter(Partitioning partitioning, uint32_t destinations, uint32_t max_parallelism);

  /// Writes the destination of each row.
  /// Shapes: destinations has hashes.size() entries.
  void Route(std::span<const uint64_t> hashes, uint16_t* destinations) const;

 private:
  const uint32_t destinations_;
  std::vector<uint16_t> owner_of_group_;  // empty: by number
  int shift_;                             // a hash shifted right by this is its key group
};

}  // namespace weir::exchange
