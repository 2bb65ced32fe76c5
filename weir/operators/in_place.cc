#include "weir/operators/in_place.h"

namespace weir::operators {
namespace {

template <class Value>
void Keep(Value* column, std::span<const uint16_t> kept) {
  if (column == nullptr) return;
  for (size_t i = 0; i < kept.size(); ++i) column[i] = column[kept[i]];
}

}  // namespace

void ForwardWhole(runtime::Input& input, runtime::Output& output) {
  WEIR_CHECK(input.cursor == 0);
  if (!input.batch.empty()) output.Forward(base::PortIndex(0), input.batch);
}

void KeepColumns(record::AnyBatch& batch, std::span<const uint16_t> kept) {
  Keep(batch.timestamps(), kept);
  Keep(batch.hashes(), kept);
  Keep(batch.kinds(), kept);
}

}  // namespace weir::operators
