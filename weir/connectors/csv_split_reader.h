// CsvSplitReader: the rows of one split, as fields, a block at a time.
//
// A split that is a whole file may hold quoted line ends; a range cannot know whether it begins in
// one. Reads through a buffer of its own (no mapping: a file that shrinks would end the process),
// which grows only for a row that is longer. Short reads are continued.
// Threads: one caller at a time.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "weir/connectors/csv_file.h"
#include "weir/connectors/csv_split.h"
#include "weir/connectors/csv_tokenizer.h"
#include "weir/env/file_system.h"

namespace weir::connectors {

class CsvSplitReader {
 public:
  struct Options {
    env::FileSystem& files;
    std::string path;  // of the split's file
    CsvSplit split;
    std::span<const std::string> fields;
  };

  /// Opens the file and reads its header.
  /// Errors: FailedPrecondition, with the cure, when the file is gone or is not what it was when
  ///   the split was found; those of ReadCsvHeader; what the file system reports.
  static StatusOr<std::unique_ptr<CsvSplitReader>> Open(Options options);

  enum class State : uint8_t {
    kRows,   // rows() from row() on are there to be taken
    kAgain,  // a read was done; call again
    kEnd,    // all rows of the split were taken
  };

  /// Makes rows ready when all were taken: tokenizes at most `rows_max`, or does one read.
  /// Errors: InvalidArgument with place and reason when the next row is no CSV; FailedPrecondition
  ///   when the file shrank; what the file reports.
  StatusOr<State> Advance(uint32_t rows_max);

  const CsvRows& rows() const { return tokenizer_.rows(); }
  uint32_t row() const { return row_; }

  /// Rows before `row` were put out.
  /// Shapes: row() <= row <= rows().count.
  void TakeUpTo(uint32_t row) { row_ = row; }

  const CsvHeader& header() const { return header_; }

  /// The split with its position behind the last row taken.
  CsvSplit Position() const;

  /// Where row `row` of rows() stands, for a message.
  std::string PlaceOf(uint32_t row) const;

 private:
  CsvSplitReader(Options options, std::unique_ptr<env::ReadableFile> file, CsvHeader header);

  bool AtEnd() const;
  Status FindFirstRow();
  void Consume(size_t bytes);
  Status Read();
  Status MakeRoom();
  Status BadRow(const CsvTokenizer::Result& result) const;

  const std::string path_;
  const CsvSplit split_;
  const std::vector<std::string> fields_;
  const QuotedLineEnds line_ends_;
  const std::unique_ptr<env::ReadableFile> file_;
  const CsvHeader header_;

  CsvTokenizer tokenizer_;
  uint32_t row_ = 0;          // the first row of the block that was not taken
  uint32_t block_bytes_ = 0;  // what the block covers: its rows and the empty lines between them

  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;  // the bytes that the buffer holds; the block is their beginning
  uint64_t offset_;             // in the file, of buffer_[begin_]
  bool at_row_;                 // a row begins at begin_; else a line end is looked for first
};

}  // namespace weir::connectors
