// The encoding of control elements: one byte that says which, and its fields
// (docs/formats/record.md).
// Threads: pure.
#pragma once

#include "weir/base/bytes.h"
#include "weir/base/status.h"
#include "weir/record/stream_element.h"

namespace weir::record {

void EncodeControl(const ControlElement& element, base::ByteWriter& out);

/// Errors: DataLoss when the bytes are no control element.
StatusOr<ControlElement> DecodeControl(base::ByteReader& in);

}  // namespace weir::record
