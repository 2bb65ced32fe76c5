// FileSplitReader: the records of one split, a block of bytes at a time.
//
// The one reader of ranges of files: it knows where it stands and whether the file is still the one
// that was found; what the bytes mean is its format's. Input that is no record fails, or is skipped
// and counted, or becomes a letter: then the lines are counted too, those before the split once the
// first letter asks for them. Reads through a buffer of its own (no
// mapping: a file that shrinks would end the process), which grows only for a row that is longer.
// Short reads are continued. A compressed file is read from its beginning, also when the split was
// read half way: what was put out already is stepped over, a piece at a time.
// Threads: one caller at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/connectors/file_format.h"
#include "weir/connectors/file_split.h"
#include "weir/env/file_system.h"
#include "weir/record/any_batch.h"

namespace weir::connectors {

/// How many line ends a file has before a byte.
struct LineMark {
  uint64_t offset = 0;
  uint64_t lines = 0;
};

class FileSplitReader {
 public:
  struct Options {
    env::FileSystem& files;
    std::string path;  // of the split's file
    FileSplit split;
    const FileFormat& format;
    OnError on_error = OnError::kFail;
    // What is known of this file's lines; the way from there is shorter.
    LineMark mark = {};
  };

  /// Opens the file and reads what stands before its rows.
  /// Errors: FailedPrecondition, with the cure, when the file is gone or is not what it was when
  ///   the split was found; those of FileFormat::ReadHead; what the file system reports.
  static StatusOr<std::unique_ptr<FileSplitReader>> Open(Options options);

  enum class State : uint8_t {
    kRows,   // rows are there for Take
    kAgain,  // a read was done; call again
    kEnd,    // all rows of the split were taken
  };

  /// Makes rows ready when all were taken: finds at most `rows_max`, or does one read.
  /// Errors: InvalidArgument with place and reason when the next row is none; FailedPrecondition
  ///   when the file shrank; what the file reports.
  StatusOr<State> Advance(uint32_t rows_max);

  /// The letters about rows before Position() since the last call.
  std::vector<DeadLetter> TakeLetters() { return std::exchange(letters_, {}); }

  /// How far the lines before the split were counted: for the next split of the file.
  LineMark mark() const { return before_; }

  /// Moves rows that are ready behind those of `batch` until it is full; returns how many.
  /// Errors: InvalidArgument with place and reason when the next row is no record.
  StatusOr<uint32_t> Take(record::AnyBatch& batch);

  /// How many rows were skipped since the last call.
  uint64_t TakeSkipped() { return std::exchange(skipped_, 0); }

  /// The split with its position behind the last row taken, or skipped.
  FileSplit Position() const;

 private:
  FileSplitReader(Options options, std::unique_ptr<env::ReadableFile> file, const FileHead& head);

  bool WritesLetters() const { return on_error_ == OnError::kDeadLetter; }
  bool KnowsLines();
  Status CountLinesBefore();
  DeadLetter LetterAbout(uint64_t at, std::string_view problem);
  uint64_t LinesTo(uint64_t row_begin);
  bool AtEnd() const;
  Status FindFirstRow();
  Status RefuseRow(uint64_t at, std::string_view problem, std::string_view cure) const;
  void BeginToSkip(std::string_view problem);
  void SkipLine();
  void KeepForLetter(std::string_view bytes);
  void EndSkip();
  void Consume(size_t bytes);
  Status Read();
  Status StepOver(uint64_t to);
  Status MakeRoom();

  const std::string path_;
  const FileSplit split_;
  const bool is_compressed_;
  // Of a compressed file in what it holds; where the data ends is known once it was met.
  const uint64_t split_end_;
  uint64_t data_end_;
  const std::unique_ptr<env::ReadableFile> file_;
  const std::unique_ptr<RecordParser> parser_;
  const OnError::Kind on_error_;

  uint32_t row_ = 0;          // the first row of the cut that was not taken
  uint32_t block_bytes_ = 0;  // what the cut covers: its rows and what is skipped between them

  std::vector<char> buffer_;    // with kBlockPaddingBytes at its end
  size_t begin_ = 0, end_ = 0;  // the bytes that the buffer holds; the block is their beginning
  uint64_t offset_;             // in the file, of buffer_[begin_]
  uint64_t stepped_over_ = 0;   // of a compressed file: what need not be read again
  bool at_row_;                 // a row begins at begin_; else a line end is looked for first
  // Where the row begins whose line end is looked for because it is skipped.
  std::optional<uint64_t> bad_row_;
  uint64_t skipped_ = 0;

  std::vector<DeadLetter> letters_;
  DeadLetter letter_;  // about the row at bad_row_
  // Line ends before `counted_from_`, as far as they were counted, and from there to offset_.
  LineMark before_;
  uint64_t counted_from_;
  uint64_t lines_since_ = 0;
  LineMark newest_;            // of a letter
  bool lines_wanted_ = false;  // a letter cannot be written before before_ has come so far
};

}  // namespace weir::connectors
