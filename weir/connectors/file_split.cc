#include "weir/connectors/file_split.h"

#include <charconv>

#include "weir/base/bytes.h"
#include "weir/connectors/compression.h"

namespace weir::connectors {
namespace {

constexpr uint8_t kVersion = 1;

bool ParseNumber(std::string_view text, uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool ParseId(std::string_view id, FileSplit& split) {
  const size_t colon = id.rfind(':');
  const size_t dash = id.rfind('-');
  if (colon == std::string_view::npos || dash == std::string_view::npos || dash < colon)
    return false;
  split.file = id.substr(0, colon);
  return !split.file.empty() && split.file.find('/') == std::string::npos &&
         ParseNumber(id.substr(colon + 1, dash - colon - 1), split.begin) &&
         ParseNumber(id.substr(dash + 1), split.end);
}

}  // namespace

runtime::Split EncodeFileSplit(const FileSplit& split) {
  base::ByteWriter position;
  position.U8(kVersion);
  position.Varint(split.next);
  position.Varint(split.file_bytes);
  position.U64(split.head_digest);
  position.U64(split.tail_digest);
  return {.id = Concat(split.file, ':', split.begin, '-', split.end), .position = position.Take()};
}

StatusOr<FileSplit> DecodeFileSplit(const runtime::Split& encoded) {
  base::ByteReader position(encoded.position);
  FileSplit split;
  const uint8_t version = position.U8();
  if (position.ok() && version > kVersion) {
    return FailedPreconditionError("the position of file split ", encoded.id,
                                   " was written by a newer Weir (version ", int{version},
                                   "); run that one");
  }
  split.next = position.Varint();
  split.file_bytes = position.Varint();
  split.head_digest = position.U64();
  split.tail_digest = position.U64();
  WEIR_RETURN_IF_ERROR(position.Check(Concat("the position of file split ", encoded.id),
                                      base::ByteReader::Rest::kMustBeEmpty));
  if (!ParseId(encoded.id, split) || split.begin > split.end || split.end > split.file_bytes ||
      split.next < split.begin ||
      (CompressionOf(split.file) == Compression::kNone && split.next > split.file_bytes)) {
    return DataLossError("file split makes no sense: ", encoded.id, " at ", split.next, " of ",
                         split.file_bytes, " bytes");
  }
  return split;
}

}  // namespace weir::connectors
