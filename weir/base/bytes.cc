#include "weir/base/bytes.h"

#include <bit>

namespace weir::base {

static_assert(std::endian::native == std::endian::little,
              "fixed-width integers are written as they lie in memory");

void ByteWriter::F32(float v) { Fixed(v); }
void ByteWriter::F64(double v) { Fixed(v); }

void ByteWriter::Varint(uint64_t v) {
  char raw[10];
  size_t size = 0;
  while (v >= 0x80) {
    raw[size++] = static_cast<char>(v | 0x80);
    v >>= 7;
  }
  raw[size++] = static_cast<char>(v);
  bytes_.append(raw, size);
}

float ByteReader::F32() { return Fixed<float>(); }
double ByteReader::F64() { return Fixed<double>(); }

uint64_t ByteReader::Varint() {
  uint64_t v = 0;
  for (size_t i = 0; i < 10 && i < rest_.size(); ++i) {
    const auto byte = static_cast<uint8_t>(rest_[i]);
    if (i == 9 && byte > 1) break;  // more than 64 bits
    if (i > 0 && byte == 0) break;  // not the shortest form
    v |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      rest_.remove_prefix(i + 1);
      return v;
    }
  }
  Fail();
  return 0;
}

std::string_view ByteReader::String() {
  const uint64_t size = Varint();
  if (size > rest_.size()) {
    Fail();
    return {};
  }
  return Raw(static_cast<size_t>(size));
}

std::string_view ByteReader::Raw(size_t size) {
  if (size > rest_.size()) {
    Fail();
    return {};
  }
  const std::string_view raw = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return raw;
}

Status ByteReader::Check(std::string_view what, Rest rest) const {
  if (!ok_) return DataLossError(what, " is cut short or malformed");
  if (rest == Rest::kMustBeEmpty && !rest_.empty())
    return DataLossError(what, " has bytes behind its end: ", rest_.size());
  return {};
}

}  // namespace weir::base
