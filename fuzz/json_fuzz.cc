// Reads any bytes as one line of JSON. Whatever comes out, written as JSON and read again, is the
// same; and no byte behind the padding is looked at.
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/check.h"
#include "weir/record/json_input.h"
#include "weir/record/record.h"

namespace {

struct Part {
  int8_t number = 0;
  bool flag = false;
};
WEIR_RECORD(Part, number, flag);

struct Row {
  int64_t id = 0;
  std::optional<uint32_t> count;
  double real = 0;
  std::string text;
  std::vector<Part> parts;
  std::map<std::string, float> named;
  std::map<bool, std::optional<std::string>> pairs;
};
WEIR_RECORD(Row, id, count, real, text, parts, named, pairs);

// Of its own, so that a sanitizer sees what is read behind it.
bool Read(weir::record::JsonInput& in, std::string_view text, Row& row) {
  const auto padded = std::make_unique<char[]>(text.size() + weir::record::kJsonPaddingBytes);
  text.copy(padded.get(), text.size());
  return in.Read({padded.get(), text.size()}, &weir::TypeTraits<Row>::ParseJson, row);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::record::JsonInput in;
  Row row;
  if (!Read(in, {reinterpret_cast<const char*>(data), size}, row)) {
    WEIR_CHECK(!in.problem().reason.empty());
    return 0;
  }
  const std::string json = weir::ToJson(row);
  Row again;
  WEIR_CHECK(Read(in, json, again));
  WEIR_CHECK(weir::ToJson(again) == json);
  return 0;
}
