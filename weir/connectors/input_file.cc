#include "weir/connectors/input_file.h"

#include <algorithm>

#include "weir/base/checksum.h"
#include "weir/connectors/compression.h"
#include "weir/connectors/decompressed_file.h"

namespace weir::connectors {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kTailBytes = 4 << 10;

}  // namespace

uint64_t DigestOf(std::string_view bytes) {
  base::Checksum digest;
  digest.Add(bytes);
  return digest.value();
}

StatusOr<uint64_t> TailDigest(const env::ReadableFile& file, uint64_t file_bytes) {
  const uint64_t size = std::min<uint64_t>(file_bytes, kTailBytes);
  WEIR_ASSIGN_OR_RETURN(const std::string tail,
                        env::ReadExactly(file, file_bytes - size, static_cast<size_t>(size)));
  return DigestOf(tail);
}

std::unique_ptr<env::ReadableFile> Decompressed(std::unique_ptr<env::ReadableFile> file,
                                                const std::string& path, uint64_t file_bytes) {
  if (CompressionOf(path) == Compression::kNone) return file;
  return std::make_unique<DecompressedFile>(std::move(file), path, file_bytes);
}

Status CheckUnchanged(const env::ReadableFile& file, const std::string& path,
                      const FileSplit& split) {
  WEIR_ASSIGN_OR_RETURN(const uint64_t bytes, file.Size());
  if (bytes < split.file_bytes) {
    return FailedPreconditionError(path, " has shrunk since the job found it, from ",
                                   WithThousands(split.file_bytes), " to ", WithThousands(bytes),
                                   " bytes", kChangedCure);
  }
  const bool is_compressed = CompressionOf(split.file) != Compression::kNone;
  if (split.file_bytes == 0 || (bytes == split.file_bytes && !is_compressed)) return {};
  WEIR_ASSIGN_OR_RETURN(const uint64_t tail, TailDigest(file, split.file_bytes));
  if (tail != split.tail_digest && bytes == split.file_bytes) {
    return FailedPreconditionError(path, " is another file since the job found it", kChangedCure);
  }
  if (tail != split.tail_digest) {
    return FailedPreconditionError(
        path, " has grown since the job found it, and not by rows at its end: it was ",
        WithThousands(split.file_bytes), " bytes, and is ", WithThousands(bytes), kChangedCure);
  }
  if (split.end < split.file_bytes || is_compressed) return {};
  WEIR_ASSIGN_OR_RETURN(const std::string last,
                        env::ReadExactly(file, split.file_bytes - 1, /*size=*/1));
  if (last.front() == '\n') return {};
  return FailedPreconditionError(
      path, " has grown since the job found it, and its last row had no line end then",
      kChangedCure);
}

std::string PlaceInFile(const env::ReadableFile& file, const std::string& path, uint64_t offset) {
  std::string buffer(kReadBytes, '\0');
  uint64_t line = 1;
  for (uint64_t at = 0; at < offset;) {
    const StatusOr<size_t> count =
        file.Read(at, buffer.data(), std::min<uint64_t>(buffer.size(), offset - at));
    if (!count.ok() || *count == 0) return path;
    line += static_cast<uint64_t>(
        std::count(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(*count), '\n'));
    at += *count;
  }
  return Concat(path, ":", WithThousands(line));
}

std::string WithThousands(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

}  // namespace weir::connectors
