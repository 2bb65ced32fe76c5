#include "weir/connectors/elements_source.h"

namespace weir::connectors {
namespace {

constexpr uint8_t kVersion = 1;
constexpr std::string_view kSplitId = "elements";

}  // namespace

runtime::Split EncodeElementsSplit(ElementsPosition position) {
  base::ByteWriter bytes;
  bytes.U8(kVersion);
  bytes.Varint(position.next);
  bytes.Varint(position.count);
  return {.id = std::string(kSplitId), .position = bytes.Take()};
}

StatusOr<ElementsPosition> DecodeElementsSplit(const runtime::Split& split, uint64_t count) {
  base::ByteReader bytes(split.position);
  if (const uint8_t version = bytes.U8(); bytes.ok() && version > kVersion) {
    return FailedPreconditionError(
        "the position in the list of elements was written by a newer Weir (version ", int{version},
        "); run that one");
  }
  const ElementsPosition position{.next = bytes.Varint(), .count = bytes.Varint()};
  WEIR_RETURN_IF_ERROR(
      bytes.Check("the position in a list of elements", base::ByteReader::Rest::kMustBeEmpty));
  if (split.id != kSplitId || position.next > position.count) {
    return DataLossError("the position in a list of elements makes no sense: ", split.id, " at ",
                         position.next, " of ", position.count);
  }
  if (position.count != count) {
    return FailedPreconditionError("the program's list has ", count,
                                   " elements, in the checkpoint it had ", position.count,
                                   "; give the old list, or start anew with --fresh");
  }
  return position;
}

}  // namespace weir::connectors
