#include "weir/state/map_run.h"

#include "weir/base/limits.h"

namespace weir::state {

Status CheckRun(std::string_view run) {
  base::ByteReader in(run);
  std::string_view last;
  bool first = true;
  do {
    const std::string_view key = in.String();
    const std::string_view value = in.String();
    WEIR_RETURN_IF_ERROR(in.Check("items of a map", base::ByteReader::Rest::kMayFollow));
    if (!first && CompareMapKeys(last, key) >= 0) {
      return DataLossError("items of a map: keys do not ascend");
    }
    if (key.size() + value.size() > limits::kMapItemBytesMax) {
      return DataLossError("items of a map: one is longer than ", limits::kMapItemBytesMax,
                           " bytes");
    }
    last = key;
    first = false;
  } while (!in.AtEnd());
  return OkStatus();
}

uint64_t CountItems(std::string_view run) {
  uint64_t count = 0;
  MapItem item;
  for (RunReader reader(run); reader.Next(item);) ++count;
  return count;
}

}  // namespace weir::state
