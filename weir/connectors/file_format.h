// FileFormat: what a file is taken to hold, and RecordParser: how its bytes become records. The
// seam between the one reader of ranges (file_split_reader.h) and CSV, text and JSON.
//
// A parser works on a block of bytes in two steps: Cut finds where its rows lie, Parse makes
// records of them, as many as a batch takes. The block lies still until all rows of the cut were
// taken.
// Threads: a FileFormat from any thread; a RecordParser has one caller at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/status.h"
#include "weir/connectors/on_error.h"
#include "weir/env/file_system.h"
#include "weir/record/any_batch.h"

namespace weir::connectors {

/// Bytes behind a block that may be read, whatever they are: parsers look at more than one at a
/// time.
inline constexpr size_t kBlockPaddingBytes = 64;

/// What some programs write before the first line; it is skipped.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

enum class BlockEnd : uint8_t { kMoreFollow, kAreAll };

/// Where the rows of a block lie.
struct CutRows {
  uint32_t count = 0;
  std::vector<uint32_t> begins;  // of row r: the offset of its first byte
  std::vector<uint32_t> ends;    // of row r: the offset behind its line end
};

enum class CutStop : uint8_t {
  kRowsMax,    // as many rows as were asked for
  kLimit,      // the next row, if there is one, begins at or behind the limit
  kMoreBytes,  // the bytes end within a row
  kBadRow,     // the next row is refused: `problem` says why
};

struct CutResult {
  CutStop stop = CutStop::kRowsMax;
  uint32_t consumed = 0;       // offset behind the last row taken and what is skipped behind it
  std::string problem = {};    // with kBadRow: "1 column, the header has 2"
  uint32_t bad_column = 0;     // with kBadRow: where, from 0
  std::string_view cure = {};  // with kBadRow: when it is not the usual one
};

class RecordParser {
 public:
  virtual ~RecordParser() = default;

  /// Finds rows that begin before `limit`, at most `rows_max`. Rows before a bad one are given out;
  /// it is reported by the same call.
  /// Shapes: block.size() below 2^32; block[0] begins a row; the block lies still, with
  ///   kBlockPaddingBytes behind it, until the next call.
  virtual CutResult Cut(std::string_view block, BlockEnd end, uint64_t limit,
                        uint32_t rows_max) = 0;

  /// The rows of the last cut.
  virtual const CutRows& rows() const = 0;

  /// Parses rows [first, rows().count) behind those of `batch` until it is full or a row is no
  /// record; then `problem` says why ("column 1 "id": "x" is not an integer").
  /// Shapes: returns the first row not taken.
  virtual uint32_t Parse(uint32_t first, record::AnyBatch& batch, std::string& problem) = 0;
};

/// What stands in a file before its rows.
struct FileHead {
  uint64_t bytes = 0;                          // where the rows begin
  uint64_t digest = 0;                         // of those bytes; 0 when there are none
  std::vector<uint32_t> column_of_field = {};  // CSV: where each field of the record stands
};

/// Whether a split is a whole file, or a part that cannot know what is before it.
enum class FileRange : uint8_t { kPart, kWhole };

class FileFormat {
 public:
  virtual ~FileFormat() = default;

  virtual std::string_view name() const = 0;      // "CSV"
  virtual std::string_view kind() const = 0;      // "csv-source"
  virtual std::string_view name_end() const = 0;  // ".csv": of the files of a directory
  virtual const record::TypeOps& type() const = 0;

  /// Looks at the beginning of the first `file_bytes` bytes of `file`, which may have fewer.
  /// Errors: InvalidArgument, in one sentence with the path, when it is not what it should be.
  ///   Whatever `file` reports.
  virtual StatusOr<FileHead> ReadHead(const env::ReadableFile& file, const std::string& path,
                                      uint64_t file_bytes) const = 0;

  /// A parser for one split of a file with this head.
  virtual std::unique_ptr<RecordParser> NewParser(const FileHead& head, FileRange range) const = 0;
};

}  // namespace weir::connectors
