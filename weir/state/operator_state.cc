#include "weir/state/operator_state.h"

#include <optional>

#include "weir/base/check.h"

namespace weir::state {

void OperatorList::Encode(base::ByteWriter& out) const {
  out.String(name);
  out.U8(static_cast<uint8_t>(redistribution));
  out.Varint(items.size());
  for (const std::string& item : items) out.String(item);
}

StatusOr<OperatorList> OperatorList::Decode(base::ByteReader& in) {
  OperatorList list;
  list.name = in.String();
  const uint8_t redistribution = in.U8();
  list.redistribution = static_cast<Redistribution>(redistribution);
  const uint64_t count = in.Varint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) list.items.emplace_back(in.String());
  WEIR_RETURN_IF_ERROR(in.Check("operator list", base::ByteReader::Rest::kMayFollow));
  if (redistribution != 1 && redistribution != 2) {
    return DataLossError("operator list \"", list.name, "\": unknown redistribution ",
                         +redistribution);
  }
  return list;
}

StatusOr<std::vector<std::string>> DealItems(std::span<const OperatorList> parts,
                                             std::string_view name, base::SubtaskIndex subtask,
                                             uint32_t parallelism) {
  WEIR_CHECK(subtask.number() < parallelism);
  std::vector<std::string> all;
  std::optional<Redistribution> redistribution;
  for (const OperatorList& part : parts) {
    if (part.name != name) continue;
    if (redistribution.value_or(part.redistribution) != part.redistribution) {
      return DataLossError("operator list \"", name, "\": split and union at once");
    }
    redistribution = part.redistribution;
    all.insert(all.end(), part.items.begin(), part.items.end());
  }
  if (redistribution == Redistribution::kUnion) return all;
  const auto at = [&](uint64_t index) {
    return all.begin() + static_cast<ptrdiff_t>(index * all.size() / parallelism);
  };
  return std::vector<std::string>(at(subtask.number()), at(subtask.number() + uint64_t{1}));
}

}  // namespace weir::state
