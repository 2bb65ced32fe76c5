// Decodes any bytes as history records. What decodes must keep its rules, encode, and decode again
// to the same.
//
// The first byte says whether the rest is a blob as it lies ('b'), or the body of record 3, to
// which a right checksum is given here: no fuzzer would find one.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weir/base/check.h"
#include "weir/base/checksum.h"
#include "weir/checkpoint/history_record.h"
#include "weir/checkpoint/history_record_proto.h"

namespace {

using weir::checkpoint::HistoryRecord;

void Decode(std::string_view blob) {
  const weir::base::HistoryNumber number(3);
  const weir::StatusOr<HistoryRecord> record = weir::checkpoint::DecodeRecord(number, blob);
  if (!record.ok()) return;
  const weir::StatusOr<std::string> encoded = weir::checkpoint::EncodeRecord(*record);
  WEIR_CHECK(encoded.ok());
  const weir::StatusOr<HistoryRecord> again = weir::checkpoint::DecodeRecord(number, *encoded);
  WEIR_CHECK(again.ok() && *again == *record);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'b') {
    Decode(bytes);
  } else {
    const std::string checksum = weir::checkpoint::ToHex(weir::base::ChecksumOf(bytes));
    Decode(weir::Concat(bytes, ",\"checksum\":\"", checksum, "\"}\n"));
  }
  return 0;
}
