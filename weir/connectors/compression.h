// Compression: files of gzip and zstd, known by the ends of their names, as streams of bytes.
// Threads: a Compressor or Decompressor has one caller at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weir/base/status.h"

namespace weir {
inline namespace v0 {

/// How a file is compressed.
enum class Compression : uint8_t { kNone, kGzip, kZstd };

}  // namespace v0

namespace connectors {

/// ".gz", ".zst"; nothing for kNone.
std::string_view NameEndOf(Compression compression);

/// By the end of the name of a file.
Compression CompressionOf(std::string_view name);

/// "gzip", "zstd"; for messages.
std::string_view NameOf(Compression compression);

class Compressor {
 public:
  /// Shapes: not kNone.
  static std::unique_ptr<Compressor> New(Compression compression);
  virtual ~Compressor() = default;

  /// Takes `bytes` in, and appends to `out` what is ready.
  virtual void Add(std::string_view bytes, std::string& out) = 0;

  /// Appends the rest to `out`. No call may follow.
  virtual void Finish(std::string& out) = 0;
};

class Decompressor {
 public:
  /// Shapes: not kNone.
  static std::unique_ptr<Decompressor> New(Compression compression);
  virtual ~Decompressor() = default;

  struct Step {
    size_t taken = 0;  // of what was given
    size_t made = 0;   // in the buffer
  };

  /// Decompresses as much of `bytes` as fits into `buffer`. Archives may stand one behind another.
  /// Errors: InvalidArgument with the library's reason when the bytes are not what it made.
  virtual StatusOr<Step> Run(std::string_view bytes, char* buffer, size_t size) = 0;

  /// Whether the bytes may end here: an archive is complete, and no other was begun.
  virtual bool at_end() const = 0;
};

}  // namespace connectors
}  // namespace weir
