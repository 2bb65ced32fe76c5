// What operators share that change a batch where it lies and send it on whole.
// Threads: the subtask's.
#pragma once

#include <cstdint>
#include <span>

#include "weir/base/check.h"
#include "weir/record/any_batch.h"
#include "weir/runtime/operator.h"
#include "weir/runtime/output.h"

namespace weir::operators {

/// How an operator left an input whose rows it consumed one by one.
inline runtime::Outcome OutcomeOf(const runtime::Input& input) {
  return input.cursor == input.batch.size() ? runtime::Outcome::kNeedInput
                                            : runtime::Outcome::kMoreOutput;
}

/// Sends all rows of an input on; nothing when there are none.
/// Shapes: the cursor is at the first row, as with every operator that consumes batches whole.
void ForwardWhole(runtime::Input& input, runtime::Output& output);

/// Makes the columns follow rows that were moved together: entry i becomes entry kept[i], and as
/// many rows are left.
/// Shapes: `kept` rises.
void KeepColumns(record::AnyBatch& batch, std::span<const uint16_t> kept);

}  // namespace weir::operators
