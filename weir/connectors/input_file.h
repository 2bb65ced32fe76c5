// What is asked of a file that is read, whatever it holds: is it still the one that was found, and
// how a place in it is told to people.
// Threads: pure but for the files they read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weir/base/quoted.h"
#include "weir/connectors/file_split.h"
#include "weir/env/file_system.h"

namespace weir::connectors {

/// What to do about a row that cannot be read: the job has found its splits by the file's bytes.
inline constexpr std::string_view kBadRowCure =
    "; mend the row without changing the file's length and run it again, or start anew with "
    "--fresh";

/// What to do about a file that is not what it was.
inline constexpr std::string_view kChangedCure =
    "; put the file back as it was, or start anew with --fresh";

/// Digest of the last 4 KiB of the first `file_bytes` bytes: in a file that has only been appended
/// to they are as they were.
/// Errors: OutOfRange when the file is shorter. Whatever `file` reports.
StatusOr<uint64_t> TailDigest(const env::ReadableFile& file, uint64_t file_bytes);

/// Digest of `bytes`, for FileHead.
uint64_t DigestOf(std::string_view bytes);

/// What a file holds: of one whose name says that it is compressed, the first `file_bytes` bytes
/// decompressed (from its beginning to its end: decompressed_file.h); of others the file itself.
std::unique_ptr<env::ReadableFile> Decompressed(std::unique_ptr<env::ReadableFile> file,
                                                const std::string& path, uint64_t file_bytes);

/// Whether the bytes that `split` was found in are still there. The file must begin with what it
/// had then: rows that were appended are not read, but a last row that had no line end may have
/// been cut, and a row that was mended to a longer one has pushed others behind the end. A row that
/// was mended to one of the same length is welcome; in a compressed file nothing can be mended.
/// Errors: FailedPrecondition, with the cure. Whatever `file` reports.
Status CheckUnchanged(const env::ReadableFile& file, const std::string& path,
                      const FileSplit& split);

/// "transactions.csv:48,211": the line, from 1, in which the byte at `offset` stands. Reads the
/// file up to there: for errors only. The path alone when it cannot be read.
std::string PlaceInFile(const env::ReadableFile& file, const std::string& path, uint64_t offset);

using base::QuotedForMessage;

/// "48,211".
std::string WithThousands(uint64_t number);

}  // namespace weir::connectors
