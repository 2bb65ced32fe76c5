// A split of a source of files: a byte range of one file, named by its id, and how far it was read.
//
// A row belongs to the split in which its first byte lies; the header line belongs to none. The
// position is the offset of the next row: exactly behind the last row put out, or where the range
// begins. A reader finds its first row at or behind that offset by looking for the line end before
// it, so a fresh split and one that was read half way are the same thing.
// Threads: values; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/base/status.h"
#include "weir/runtime/source.h"

namespace weir::connectors {

/// The range [begin, end) of the file `file`: its name without the directory, so that an input may
/// move between two runs. A compressed file is one range, all of it; `next` is then an offset in
/// what it holds.
struct FileSplit {
  std::string file;
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t next = 0;  // where the next row begins, or is looked for
  // Of the file when the split was found:
  uint64_t file_bytes = 0;   // what is behind is not read
  uint64_t head_digest = 0;  // FileHead::digest
  uint64_t tail_digest = 0;  // TailDigest
  friend bool operator==(const FileSplit&, const FileSplit&) = default;
};

/// The id is "<file>:<begin>-<end>"; the position a version byte (1), two varints, `next` and
/// `file_bytes`, and eight bytes each, `head_digest` and `tail_digest`.
runtime::Split EncodeFileSplit(const FileSplit& split);

/// Errors: DataLoss when it makes no sense; FailedPrecondition when a newer Weir wrote it.
StatusOr<FileSplit> DecodeFileSplit(const runtime::Split& split);

}  // namespace weir::connectors
