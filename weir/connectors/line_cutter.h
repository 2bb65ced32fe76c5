// LineCutter: divides bytes into lines, for formats whose rows are lines: text and JSON.
//
// A line ends with \n or \r\n; the last one of a file needs no end.
// Threads: one caller at a time.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "weir/connectors/file_format.h"

namespace weir::connectors {

/// Whether a line without letters (blanks count as none) is a row.
enum class EmptyLines : uint8_t { kAreRows, kAreSkipped };

class LineCutter {
 public:
  explicit LineCutter(EmptyLines empty_lines) : empty_lines_(empty_lines) {}

  /// As RecordParser::Cut; no line is refused.
  CutResult Cut(std::string_view block, BlockEnd end, uint64_t limit, uint32_t rows_max);

  const CutRows& rows() const { return rows_; }

  /// Line `row` of the last cut without its end: a view into the block.
  std::string_view line(uint32_t row) const { return lines_[row]; }

 private:
  const EmptyLines empty_lines_;
  CutRows rows_;
  std::vector<std::string_view> lines_;
};

/// The head of a file of lines: a byte order mark, if there is one.
StatusOr<FileHead> ReadByteOrderMark(const env::ReadableFile& file, uint64_t file_bytes);

}  // namespace weir::connectors
