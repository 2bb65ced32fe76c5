// What a CSV file says of itself (its header line), and how a place in one is told to people.
// Threads: pure but for the files they read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/env/file_system.h"

namespace weir::connectors {

/// What to do about a row that cannot be read: the job has found its splits by the file's bytes.
inline constexpr std::string_view kBadRowCure =
    "; mend the row without changing the file's length and run it again, or start anew with "
    "--fresh";

struct CsvHeader {
  std::vector<uint32_t> column_of_field;  // where each field of the record stands in a row
  uint64_t bytes = 0;                     // where the rows begin
  uint64_t digest = 0;                    // of the header line
};

/// Reads the header line of the first `file_bytes` bytes of `file`: it must name exactly `fields`,
/// in any order. A byte order mark before it is skipped.
/// Shapes: fields are not empty.
/// Errors: InvalidArgument in one sentence: the file is empty, its first line is no header, a
///   column is missing, unknown (the nearest field is named) or there twice. Whatever `file`
///   reports.
StatusOr<CsvHeader> ReadCsvHeader(const env::ReadableFile& file, const std::string& path,
                                  uint64_t file_bytes, std::span<const std::string> fields);

/// Digest of the last 4 KiB of the first `file_bytes` bytes: in a file that has only been appended
/// to they are as they were.
/// Errors: OutOfRange when the file is shorter. Whatever `file` reports.
StatusOr<uint64_t> CsvTailDigest(const env::ReadableFile& file, uint64_t file_bytes);

/// "transactions.csv:48,211": the line, from 1, in which the byte at `offset` stands. Reads the
/// file up to there: for errors only. The path alone when it cannot be read.
std::string CsvPlace(const env::ReadableFile& file, const std::string& path, uint64_t offset);

/// `text` in quotes, cut after 40 bytes, what cannot be printed escaped.
std::string QuotedForMessage(std::string_view text);

/// "48,211".
std::string WithThousands(uint64_t number);

}  // namespace weir::connectors
