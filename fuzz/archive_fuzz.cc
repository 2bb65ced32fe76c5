// Reads any bytes as a file of gzip or zstd. However it is read, in pieces or from anywhere, the
// same comes out or it is refused.
//
// The lowest bit of the first byte says which of the two, the rest how many bytes a read asks for.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weir/base/check.h"
#include "weir/connectors/decompressed_file.h"

namespace {

using weir::StatusOr;
using weir::connectors::DecompressedFile;

constexpr size_t kHeldBytesMax = 1 << 20;  // a few bytes may hold gigabytes

class Bytes final : public weir::env::ReadableFile {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  StatusOr<size_t> Read(uint64_t offset, char* buffer, size_t size) const override {
    return bytes_.substr(std::min<size_t>(offset, bytes_.size())).copy(buffer, size);
  }
  StatusOr<uint64_t> Size() const override { return bytes_.size(); }

 private:
  const std::string_view bytes_;  // the caller's
};

// What is held, as far as it is looked at; false when the archive is refused.
bool ReadAll(std::string_view bytes, const char* name, size_t piece, std::string& held) {
  const DecompressedFile file(std::make_unique<Bytes>(bytes), name, bytes.size());
  std::string buffer(piece, '\0');
  while (held.size() < kHeldBytesMax) {
    const StatusOr<size_t> count = file.Read(held.size(), buffer.data(), buffer.size());
    if (!count.ok()) return false;
    if (*count == 0) return true;
    held.append(buffer, 0, *count);
  }
  held.resize(kHeldBytesMax);
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const char* const name = (data[0] & 1) == 0 ? "t.gz" : "t.zst";
  std::string held, in_pieces;
  const bool whole = ReadAll(bytes, name, kHeldBytesMax, held);
  const bool again = ReadAll(bytes, name, 1 + data[0] / 2u, in_pieces);
  WEIR_CHECK(!whole || (again && held == in_pieces));
  return 0;
}
