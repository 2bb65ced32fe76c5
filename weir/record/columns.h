// Columns: what the operations of every type do with the columns of batches, whatever their rows
// are; and the loop of every hash edge.
//
// Appended rows get a column when either batch has it: a row that had none gets the default (no
// timestamp, 0, kInsert).
// Threads: one caller at a time for each batch.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "weir/base/limits.h"
#include "weir/record/any_batch.h"

namespace weir::record {

/// Appends the columns of rows [begin, end) to those of `to`, whose size is still without these
/// rows.
void AppendColumns(const AnyBatch& from, uint32_t begin, uint32_t end, AnyBatch& to);

/// Where scattered rows go: row `begin + i` to row `rows[i]` of outputs[destinations[begin + i]].
struct Placement {
  uint32_t begin;
  uint32_t end;
  std::array<uint16_t, limits::kBatchRecordsMax> rows;  // of those that are placed only
};

/// Gives each row from `begin` on the next free row of its output, until one finds its output full,
/// and sets the sizes of the outputs. For rows that own nothing outside the batch: how full an
/// output is in bytes is not looked at.
void PlaceRows(uint32_t begin, std::span<const uint16_t> destinations,
               std::span<AnyBatch* const> outputs, Placement& placement);

/// Copies the columns of rows that are placed.
void ScatterColumns(const AnyBatch& from, std::span<const uint16_t> destinations,
                    const Placement& placement, std::span<AnyBatch* const> outputs);

/// A value for each output; few outputs need no allocation.
template <class U>
class PerOutput {
 public:
  explicit PerOutput(size_t count) {
    if (count > few_.size()) many_ = std::make_unique_for_overwrite<U[]>(count);
  }
  U* data() { return many_ != nullptr ? many_.get() : few_.data(); }

 private:
  std::array<U, 64> few_;
  std::unique_ptr<U[]> many_;
};

/// Copies one array, the rows or a column, of the rows that are placed. `array_of(output)` is the
/// output's.
template <class U, class ArrayOf>
void ScatterArray(const U* from, std::span<const uint16_t> destinations, const Placement& placement,
                  std::span<AnyBatch* const> outputs, ArrayOf array_of) {
  PerOutput<U*> arrays(outputs.size());
  U** const to = arrays.data();
  for (size_t i = 0; i < outputs.size(); ++i) to[i] = array_of(*outputs[i]);
  const uint16_t* const destination = destinations.data();
  const uint16_t* row = placement.rows.data();
  for (uint32_t i = placement.begin; i < placement.end; ++i) to[destination[i]][*row++] = from[i];
}

}  // namespace weir::record
