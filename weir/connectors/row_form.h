// RowForm: how the rows of a file sink stand in its files.
// Threads: pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/base/status.h"
#include "weir/record/any_batch.h"

namespace weir::connectors {

enum class RowForm : uint8_t {
  kCsv,   // fields, below a header line
  kText,  // a text or number as it is, one a line
  kJson,  // one value of JSON a line
};

/// "csv-sink".
std::string_view SinkKindOf(RowForm form);

/// ".csv": how the names of files end.
std::string_view NameEndOf(RowForm form);

/// What stands before the rows of each file; empty when nothing does.
/// Errors: Unimplemented when the form cannot hold rows of `type`.
StatusOr<std::string> HeaderOf(RowForm form, const record::TypeOps& type);

/// Appends row `row`, with its line end.
/// Shapes: HeaderOf(form, batch.type()) is ok.
/// Errors: InvalidArgument when a text that holds a line end should become a line.
Status AppendRow(RowForm form, const record::AnyBatch& batch, uint32_t row, std::string& out);

}  // namespace weir::connectors
