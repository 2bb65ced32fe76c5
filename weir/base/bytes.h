// Writing and reading of bytes: the one place that knows byte order and varints. All formats
// (docs/formats/) are built from these.
//
// Fixed-width integers are little endian. A varint has 7 bits a byte, least significant first, at
// most 10 bytes, shortest form only. A signed varint is zig-zag. A string is a varint length and
// its bytes.
// Invariants: a reader never reads past its end and never trusts a length; after the first error it
//   stays failed.
// Threads: values; one caller at a time.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "weir/base/status.h"

namespace weir::base {

/// Appends to a string that it owns.
class ByteWriter {
 public:
  ByteWriter() = default;
  // Appends behind what is there.
  explicit ByteWriter(std::string buffer) : bytes_(std::move(buffer)) {}

  void U8(uint8_t v) { bytes_.push_back(static_cast<char>(v)); }
  void U16(uint16_t v) { Fixed(v); }
  void U32(uint32_t v) { Fixed(v); }
  void U64(uint64_t v) { Fixed(v); }
  void F32(float v);
  void F64(double v);
  void Varint(uint64_t v);
  void SignedVarint(int64_t v) {
    Varint((static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63));
  }
  void String(std::string_view v) { Varint(v.size()), Raw(v); }
  void Raw(std::string_view v) { bytes_.append(v); }

  size_t size() const { return bytes_.size(); }
  const std::string& bytes() const { return bytes_; }
  std::string& bytes() { return bytes_; }
  std::string Take() {
    std::string taken;
    taken.swap(bytes_);
    return taken;
  }

 private:
  template <class T>
  void Fixed(T v) {
    char raw[sizeof v];
    // Every machine that Weir runs on is little endian; bytes.cc asserts it.
    std::memcpy(raw, &v, sizeof v);
    bytes_.append(raw, sizeof v);
  }
  std::string bytes_;
};

/// Reads from bytes that it borrows.
/// Errors: a method that cannot read returns a zero value and makes `ok()` false for good; check
///   once, after reading.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}  // `bytes` outlive the reader

  uint8_t U8() { return Fixed<uint8_t>(); }
  uint16_t U16() { return Fixed<uint16_t>(); }
  uint32_t U32() { return Fixed<uint32_t>(); }
  uint64_t U64() { return Fixed<uint64_t>(); }
  float F32();
  double F64();
  uint64_t Varint();
  int64_t SignedVarint() {
    const uint64_t v = Varint();
    return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1);
  }
  std::string_view String();
  std::string_view Raw(size_t size);

  bool ok() const { return ok_; }
  bool AtEnd() const { return rest_.empty(); }
  size_t remaining() const { return rest_.size(); }

  /// Makes the reader fail: the bytes read so far made no sense.
  void Fail() { ok_ = false, rest_ = {}; }

  /// DataLoss naming `what` unless everything read so far was there and, if `to_the_end`, nothing
  /// is left.
  enum class Rest { kMayFollow, kMustBeEmpty };
  Status Check(std::string_view what, Rest rest) const;

 private:
  template <class T>
  T Fixed() {
    T v{};
    const std::string_view raw = Raw(sizeof v);
    if (raw.size() == sizeof v) std::memcpy(&v, raw.data(), sizeof v);
    return v;
  }
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace weir::base
