#include "weir/exchange/partitioner.h"

#include <bit>

#include "weir/base/check.h"
#include "weir/base/limits.h"

namespace weir::exchange {

std::string_view PartitioningName(Partitioning partitioning) {
  switch (partitioning) {
    case Partitioning::kForward:
      return "forward";
    case Partitioning::kHash:
      return "hash";
    case Partitioning::kCustom:
      return "custom";
    case Partitioning::kRebalance:
      return "rebalance";
    case Partitioning::kBroadcast:
      return "broadcast";
    case Partitioning::kGlobal:
      return "global";
  }
  return "unknown";
}

RowRouter::RowRouter(Partitioning partitioning, uint32_t destinations, uint32_t max_parallelism)
    : destinations_(destinations), shift_(64 - std::countr_zero(max_parallelism)) {
  WEIR_CHECK(Routes(partitioning));
  WEIR_CHECK(std::has_single_bit(max_parallelism));
  WEIR_CHECK(max_parallelism <= limits::kMaxParallelismMax);
  WEIR_CHECK(1 <= destinations && destinations <= max_parallelism);
  if (partitioning == Partitioning::kCustom) return;
  owner_of_group_.reserve(max_parallelism);
  for (uint32_t group = 0; group < max_parallelism; ++group) {
    const auto owner = base::OwnerOf(base::KeyGroup(group), destinations, max_parallelism);
    owner_of_group_.push_back(static_cast<uint16_t>(owner.number()));
  }
}

void RowRouter::Route(std::span<const uint64_t> hashes, uint16_t* destinations) const {
  if (owner_of_group_.empty()) {
    for (size_t i = 0; i < hashes.size(); ++i)
      destinations[i] = static_cast<uint16_t>(hashes[i] % destinations_);
    return;
  }
  const uint16_t* const owner_of_group = owner_of_group_.data();
  if (owner_of_group_.size() == 1) {  // shifting by 64 is not defined
    for (size_t i = 0; i < hashes.size(); ++i) destinations[i] = owner_of_group[0];
    return;
  }
  const int shift = shift_;
  for (size_t i = 0; i < hashes.size(); ++i) destinations[i] = owner_of_group[hashes[i] >> shift];
}

}  // namespace weir::exchange
