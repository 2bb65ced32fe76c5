#include "weir/connectors/decompressed_file.h"

#include <algorithm>
#include <utility>

#include "weir/connectors/input_file.h"

namespace weir::connectors {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr std::string_view kWholeCopyCure =
    "; put a whole copy in its place and start anew with --fresh";

}  // namespace

DecompressedFile::DecompressedFile(std::unique_ptr<env::ReadableFile> file, std::string path,
                                   uint64_t file_bytes)
    : file_(std::move(file)),
      path_(std::move(path)),
      compression_(CompressionOf(path_)),
      file_bytes_(file_bytes) {
  Begin();
}

void DecompressedFile::Begin() const {
  state_ = {};
  state_.decompressor = Decompressor::New(compression_);
  state_.buffer.resize(kReadBytes);
}

StatusOr<size_t> DecompressedFile::Read(uint64_t offset, char* buffer, size_t size) const {
  if (offset < state_.offset) Begin();
  std::vector<char> skipped(offset > state_.offset ? kReadBytes : 0);
  while (state_.offset < offset) {
    const auto wanted = std::min<uint64_t>(skipped.size(), offset - state_.offset);
    WEIR_ASSIGN_OR_RETURN(const size_t count, ReadOn(skipped.data(), static_cast<size_t>(wanted)));
    if (count == 0) return size_t{0};
  }
  return ReadOn(buffer, size);
}

StatusOr<size_t> DecompressedFile::ReadOn(char* buffer, size_t size) const {
  while (size > 0) {
    if (state_.begin == state_.end) WEIR_RETURN_IF_ERROR(Fill());
    const auto step = state_.decompressor->Run(
        {state_.buffer.data() + state_.begin, state_.end - state_.begin}, buffer, size);
    if (!step.ok()) {
      return InvalidArgumentError(path_, " is damaged: its ", NameOf(compression_),
                                  " data cannot be read behind ", WithThousands(state_.offset),
                                  " bytes of what it holds (", step.status().message(), ")",
                                  kWholeCopyCure);
    }
    state_.begin += step->taken;
    state_.offset += step->made;
    if (step->made > 0) return step->made;
    const bool is_taken = state_.begin == state_.end;
    if (step->taken > 0 || (is_taken && state_.next < file_bytes_)) continue;
    if (is_taken && state_.decompressor->at_end()) return size_t{0};
    return InvalidArgumentError(
        path_, " is cut off: its ", NameOf(compression_), " data ends within an archive, behind ",
        WithThousands(state_.offset), " bytes of what it holds", kWholeCopyCure);
  }
  return size_t{0};
}

// Reads on in the file; nothing at its end.
Status DecompressedFile::Fill() const {
  if (state_.next == file_bytes_) return {};
  const auto wanted = std::min<uint64_t>(state_.buffer.size(), file_bytes_ - state_.next);
  WEIR_ASSIGN_OR_RETURN(const size_t count, file_->Read(state_.next, state_.buffer.data(),
                                                        static_cast<size_t>(wanted)));
  if (count == 0) {
    return FailedPreconditionError(path_, " has shrunk while it was read, from ",
                                   WithThousands(file_bytes_), " to ", WithThousands(state_.next),
                                   " bytes", kChangedCure);
  }
  state_.begin = 0;
  state_.end = count;
  state_.next += count;
  return {};
}

}  // namespace weir::connectors
