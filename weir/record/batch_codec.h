// The encoding of batches: runs of rows with their columns, as they cross a connection and lie in a
// snapshot's channel state (docs/formats/record.md). The reader must know the type: schemas are
// compared before the first run is sent.
// Threads: pure.
#pragma once

#include <cstdint>

#include "weir/base/bytes.h"
#include "weir/base/status.h"
#include "weir/record/any_batch.h"

namespace weir::record {

/// Appends one run: rows from `begin` on with their columns, as many as keep the writer within
/// `bytes_max` bytes, but at least one, so that a record larger than that travels alone.
/// Shapes: begin < batch.size(); returns the first row not encoded.
uint32_t EncodeRows(const AnyBatch& batch, uint32_t begin, size_t bytes_max, base::ByteWriter& out);

/// Appends the rows of one run to `batch`.
/// Errors: DataLoss when the bytes are no run of this type or the batch has no room for it; the
///   rows of the batch are then as before.
Status DecodeRows(base::ByteReader& in, AnyBatch& batch);

}  // namespace weir::record
