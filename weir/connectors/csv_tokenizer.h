// CsvTokenizer: divides bytes into rows and rows into fields (RFC 4180), many at a time, without
// looking at what the fields say.
//
// Accepted: fields with and without quotes; "" for a quote in a quoted field; \n and \r\n; a last
// line without an end. Empty lines are skipped. Refused: a quote inside an unquoted field, text
// behind a closing quote, a quote that never closes, a wrong number of columns.
// Written for the machine: it touches every byte of the input. Bytes that matter are found 64 at a
// time.
// Threads: one caller at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "weir/connectors/file_format.h"

namespace weir::connectors {

/// Whether a quoted field may hold line ends. When a file is read in splits it may not: a split
/// that begins inside such a field could not know it.
enum class QuotedLineEnds : uint8_t { kRefused, kAllowed };

/// Rows as fields: views into the tokenized bytes (or into the tokenizer, where quotes had to be
/// taken out), good until the next call.
struct CsvRows : CutRows {
  std::vector<std::string_view> fields;  // of row r: [r * columns, (r + 1) * columns)
};

class CsvTokenizer {
 public:
  /// Shapes: columns >= 1.
  CsvTokenizer(uint32_t columns, QuotedLineEnds line_ends)
      : columns_(columns), line_ends_(line_ends) {}

  using Bytes = BlockEnd;
  using Stop = CutStop;
  using Result = CutResult;

  /// Tokenizes rows that begin before `limit`, at most `rows_max`. Rows before a bad one are given
  /// out; it is reported by the same call.
  /// Shapes: bytes.size() below 2^32; bytes[0] begins a row.
  Result Tokenize(std::string_view bytes, Bytes end, uint64_t limit, uint32_t rows_max);

  /// The rows of the last call.
  const CsvRows& rows() const { return rows_; }

 private:
  class Finder;
  enum class RowEnd : uint8_t { kRow, kEmptyLine, kMoreBytes, kBad };
  struct Field;

  RowEnd TakeRow(std::string_view bytes, Bytes end, size_t begin, Finder& finder, Result& result);
  RowEnd TakeQuoted(std::string_view bytes, Bytes end, size_t begin, Field& field, Result& result);
  RowEnd Finish(const Field& field, uint32_t column, bool first, Result& result);
  static RowEnd Bad(std::string problem, Result& result);

  const uint32_t columns_;
  const QuotedLineEnds line_ends_;
  CsvRows rows_;
  // Fields in which "" became "; a deque, so that views stay good.
  std::deque<std::string> unquoted_;
};

}  // namespace weir::connectors
