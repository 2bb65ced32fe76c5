// A run: some items of a map, each a key and a value as bytes, ascending by key. What a page of a
// MapTree holds and what an entry of a snapshot holds are both runs (docs/formats/keyed-state.md).
//
//   run = { varint length, key, varint length, value }*
//
// Keys are ordered as unsigned bytes; a key comes before those that it begins.
// Threads: pure.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "weir/base/bytes.h"
#include "weir/base/status.h"

namespace weir::state {

/// Lifetime: borrows the run.
struct MapItem {
  std::string_view key;
  std::string_view value;
};

/// Like a.compare(b), without a call where eight bytes decide.
inline int CompareMapKeys(std::string_view a, std::string_view b) {
  if (a.size() >= sizeof(uint64_t) && b.size() >= sizeof(uint64_t)) {
    uint64_t x, y;
    std::memcpy(&x, a.data(), sizeof x);
    std::memcpy(&y, b.data(), sizeof y);
    if (x != y) return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
    if (a.size() == sizeof x && b.size() == sizeof y) return 0;
  }
  return a.compare(b);
}

/// Goes through the items of a run whose bytes are sound: it was written by AppendItem, or checked.
class RunReader {
 public:
  /// Shapes: `offset` is where an item begins, or the end.
  explicit RunReader(std::string_view run, size_t offset = 0)
      : begin_(run.data()), at_(run.data() + offset), end_(run.data() + run.size()) {}

  /// The next item; false at the end.
  bool Next(MapItem& item) {
    if (at_ == end_) return false;
    item_ = at_;
    item.key = Field();
    item.value = Field();
    return true;
  }

  /// Where the last item begins, and where the next one does.
  size_t item_offset() const { return static_cast<size_t>(item_ - begin_); }
  size_t offset() const { return static_cast<size_t>(at_ - begin_); }
  bool AtEnd() const { return at_ == end_; }

 private:
  std::string_view Field() {
    uint64_t length = static_cast<uint8_t>(*at_++);
    if (length >= 0x80) [[unlikely]] {
      length &= 0x7F;
      uint8_t byte;
      int shift = 0;
      do {
        shift += 7;
        byte = static_cast<uint8_t>(*at_++);
        length |= uint64_t{byte & 0x7Fu} << shift;
      } while (byte >= 0x80);
    }
    const std::string_view field(at_, length);
    at_ += length;
    return field;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  const char* item_ = nullptr;
};

inline void AppendItem(base::ByteWriter& run, std::string_view key, std::string_view value) {
  run.String(key);
  run.String(value);
}

/// Whether `run` is one item or more, sound and ascending.
/// Errors: DataLoss.
Status CheckRun(std::string_view run);

/// The number of items.
uint64_t CountItems(std::string_view run);

}  // namespace weir::state
