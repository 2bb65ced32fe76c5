// A chunk: some keyed state of one state and one key group as a snapshot holds it, independent of
// the table it came from (docs/formats/keyed-state.md).
// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/base/bytes.h"
#include "weir/base/ids.h"
#include "weir/base/status.h"

namespace weir::state {

enum class ChunkKind : uint8_t {
  kUpsert = 0,  // keys with their values
  kDelete = 1,  // keys alone
};

struct ChunkHeader {
  static constexpr uint8_t kVersion = 1;
  static constexpr size_t kBytes = 20;
  static constexpr uint32_t kVariable = 0xFFFF'FFFF;  // each is preceded by its length

  ChunkKind kind = ChunkKind::kUpsert;
  uint16_t state = 0;  // as declared, counted from 0; the checkpoint's record has the names
  base::KeyGroup group;
  uint32_t count = 0;                // of entries
  uint32_t key_bytes = kVariable;    // of each key, at least 1
  uint32_t value_bytes = kVariable;  // of each value; 0 in a chunk of deletions

  friend bool operator==(const ChunkHeader&, const ChunkHeader&) = default;

  void Encode(base::ByteWriter& out) const;
  /// Errors: DataLoss.
  static StatusOr<ChunkHeader> Decode(base::ByteReader& in);
};

/// Reads the entries of a chunk.
/// Lifetime: borrows the bytes.
class ChunkReader {
 public:
  /// Errors: DataLoss.
  static StatusOr<ChunkReader> Open(std::string_view bytes);

  const ChunkHeader& header() const { return header_; }

  struct Entry {
    std::string_view key;
    std::string_view value;
  };
  /// The next entry; false at the end or when the bytes make no sense.
  bool Next(Entry& entry);

  /// After Next said false: DataLoss unless all entries were there and nothing is behind them.
  Status Finish() const;

 private:
  ChunkReader(const ChunkHeader& header, base::ByteReader in) : header_(header), in_(in) {}

  ChunkHeader header_;
  base::ByteReader in_;
  uint32_t read_ = 0;
};

}  // namespace weir::state
