#include "weir/record/columns.h"

#include <algorithm>

namespace weir::record {
namespace {

// The three columns alike: how to see one, how to make one present, what a row has that never had
// it.
struct TimestampColumn {
  static const Timestamp* Of(const AnyBatch& batch) { return batch.timestamps(); }
  static Timestamp* Of(AnyBatch& batch) { return batch.timestamps(); }
  static Timestamp* Add(AnyBatch& batch) { return batch.AddTimestamps(); }
  static constexpr Timestamp kDefault = kNoTimestamp;
};
struct HashColumn {
  static const uint64_t* Of(const AnyBatch& batch) { return batch.hashes(); }
  static uint64_t* Of(AnyBatch& batch) { return batch.hashes(); }
  static uint64_t* Add(AnyBatch& batch) { return batch.AddHashes(); }
  static constexpr uint64_t kDefault = 0;
};
struct KindColumn {
  static const RowKind* Of(const AnyBatch& batch) { return batch.kinds(); }
  static RowKind* Of(AnyBatch& batch) { return batch.kinds(); }
  static RowKind* Add(AnyBatch& batch) { return batch.AddKinds(); }
  static constexpr RowKind kDefault = RowKind::kInsert;
};

template <class Column>
void Append(const AnyBatch& from, uint32_t begin, uint32_t end, AnyBatch& to) {
  if (const auto* values = Column::Of(from)) {
    std::copy(values + begin, values + end, Column::Add(to) + to.size());
  } else if (auto* defaults = Column::Of(to)) {
    std::fill_n(defaults + to.size(), end - begin, Column::kDefault);
  }
}

template <class Column>
void Scatter(const AnyBatch& from, std::span<const uint16_t> destinations,
             const Placement& placement, std::span<AnyBatch* const> outputs) {
  if (const auto* values = Column::Of(from)) {
    ScatterArray(values, destinations, placement, outputs,
                 [](AnyBatch& output) { return Column::Add(output); });
    return;
  }
  const uint16_t* row = placement.rows.data();
  if (std::ranges::none_of(outputs,
                           [](AnyBatch* output) { return Column::Of(*output) != nullptr; }))
    return;
  for (uint32_t i = placement.begin; i < placement.end; ++i, ++row) {
    if (auto* defaults = Column::Of(*outputs[destinations[i]])) defaults[*row] = Column::kDefault;
  }
}

}  // namespace

void AppendColumns(const AnyBatch& from, uint32_t begin, uint32_t end, AnyBatch& to) {
  Append<TimestampColumn>(from, begin, end, to);
  Append<HashColumn>(from, begin, end, to);
  Append<KindColumn>(from, begin, end, to);
}

void PlaceRows(uint32_t begin, std::span<const uint16_t> destinations,
               std::span<AnyBatch* const> outputs, Placement& placement) {
  PerOutput<uint32_t> per_output(outputs.size());
  uint32_t* const sizes = per_output.data();
  for (size_t i = 0; i < outputs.size(); ++i) sizes[i] = outputs[i]->size();
  const uint32_t capacity = outputs.front()->capacity();  // that of the type, so of all
  const auto end = static_cast<uint32_t>(destinations.size());
  uint16_t* row = placement.rows.data();
  uint32_t i = begin;
  for (; i < end; ++i) {
    uint32_t& size = sizes[destinations[i]];
    if (size == capacity) break;
    *row++ = static_cast<uint16_t>(size++);
  }
  placement.begin = begin;
  placement.end = i;
  for (size_t o = 0; o < outputs.size(); ++o) outputs[o]->set_size(sizes[o]);
}

void ScatterColumns(const AnyBatch& from, std::span<const uint16_t> destinations,
                    const Placement& placement, std::span<AnyBatch* const> outputs) {
  Scatter<TimestampColumn>(from, destinations, placement, outputs);
  Scatter<HashColumn>(from, destinations, placement, outputs);
  Scatter<KindColumn>(from, destinations, placement, outputs);
}

}  // namespace weir::record
