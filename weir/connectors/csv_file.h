// What a CSV file says of itself: its header line.
// Threads: pure but for the files it reads.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "weir/connectors/file_format.h"
#include "weir/env/file_system.h"

namespace weir::connectors {

/// Reads the header line of the first `file_bytes` bytes of `file`: it must name exactly `fields`,
/// in any order. A byte order mark before it is skipped.
/// Shapes: fields are not empty.
/// Errors: InvalidArgument in one sentence: the file is empty, its first line is no header, a
///   column is missing, unknown (the nearest field is named) or there twice. Whatever `file`
///   reports.
StatusOr<FileHead> ReadCsvHeader(const env::ReadableFile& file, const std::string& path,
                                 uint64_t file_bytes, std::span<const std::string> fields);

}  // namespace weir::connectors
