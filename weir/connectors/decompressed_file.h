// DecompressedFile: what a file of gzip or zstd holds, as a file that is read from its beginning to
// its end.
//
// Reading on from where the last read ended costs no more than decompressing; reading elsewhere
// first decompresses everything before.
// Threads: one caller at a time, unlike other files.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/connectors/compression.h"
#include "weir/env/file_system.h"

namespace weir::connectors {

class DecompressedFile final : public env::ReadableFile {
 public:
  /// The first `file_bytes` bytes of `file` are the archive; `path` is for messages.
  DecompressedFile(std::unique_ptr<env::ReadableFile> file, std::string path, uint64_t file_bytes);

  /// Errors: InvalidArgument, naming the file, when the archive is cut off or damaged;
  ///   FailedPrecondition when the file has shrunk; what the file reports.
  StatusOr<size_t> Read(uint64_t offset, char* buffer, size_t size) const override;

  /// The bytes of the archive, not of what it holds.
  StatusOr<uint64_t> Size() const override { return file_->Size(); }

 private:
  struct State {
    std::unique_ptr<Decompressor> decompressor;
    uint64_t offset = 0;  // in what the archive holds: behind what was given out
    uint64_t next = 0;    // in the file: behind what is in the buffer
    size_t begin = 0, end = 0;
    std::vector<char> buffer;
  };
  void Begin() const;
  StatusOr<size_t> ReadOn(char* buffer, size_t size) const;
  Status Fill() const;

  const std::unique_ptr<env::ReadableFile> file_;
  const std::string path_;
  const Compression compression_;
  const uint64_t file_bytes_;
  mutable State state_;  // what a read finds does not depend on it
};

}  // namespace weir::connectors
