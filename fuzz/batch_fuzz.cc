// Decodes any bytes as runs of rows, control elements and schemas. What decodes must encode, and
// decode again to the same.
//
// The first byte says as what the rest is read.
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "weir/base/bytes.h"
#include "weir/base/check.h"
#include "weir/record/batch_codec.h"
#include "weir/record/control_codec.h"
#include "weir/record/typed_ops.h"

namespace {

using weir::base::ByteReader;
using weir::base::ByteWriter;
using weir::record::AnyBatch;

struct Point {
  int32_t x = 0;
  int32_t y = 0;
};
WEIR_RECORD(Point, x, y);

struct Everything {
  bool flag = false;
  int16_t number = 0;
  double real = 0;
  std::string text;
  Point point;
  std::optional<std::string> note;
  std::vector<Point> points;
  std::vector<bool> flags;
  std::vector<std::vector<std::string>> lists;
  std::map<std::string, int64_t> counts;
  std::variant<int64_t, std::string, Point> choice;
};
WEIR_RECORD(Everything, flag, number, real, text, point, note, points, flags, lists, counts,
            choice);

std::string EncodedRuns(const AnyBatch& batch, size_t bytes_max) {
  ByteWriter out;
  for (uint32_t row = 0; row < batch.size();)
    row = EncodeRows(batch, row, out.size() + bytes_max, out);
  return out.Take();
}

// Appends runs until the bytes end or one is refused; true when all were taken.
bool DecodeRuns(std::string_view bytes, AnyBatch& batch) {
  ByteReader in(bytes);
  while (!in.AtEnd()) {
    if (!DecodeRows(in, batch).ok()) return false;
  }
  return true;
}

template <class T>
void FuzzRows(std::string_view bytes) {
  AnyBatch batch(weir::TypeOpsOf<T>());
  DecodeRuns(bytes, batch);
  std::string text;
  for (uint32_t i = 0; i < batch.size(); ++i) batch.type().AppendJson(batch, i, text);
  const std::string encoded = EncodedRuns(batch, 1 << 10);
  AnyBatch again(batch.type());
  WEIR_CHECK(DecodeRuns(encoded, again));
  WEIR_CHECK(again.size() == batch.size() && again.heap_bytes() == batch.heap_bytes());
  WEIR_CHECK(EncodedRuns(again, 1 << 10) == encoded);
}

void FuzzControl(std::string_view bytes) {
  ByteReader in(bytes);
  const auto element = weir::record::DecodeControl(in);
  if (!element.ok()) return;
  ByteWriter out;
  EncodeControl(*element, out);
  WEIR_CHECK(bytes.starts_with(out.bytes()));
}

void FuzzSchema(std::string_view bytes) {
  ByteReader in(bytes);
  const auto schema = weir::record::Schema::Decode(in);
  if (!schema.ok()) return;
  ByteWriter out;
  schema->Encode(out);
  WEIR_CHECK(bytes.starts_with(out.bytes()));
  static_cast<void>(schema->ToString());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'n':
      FuzzRows<int64_t>(bytes);
      break;
    case 'p':
      FuzzRows<Point>(bytes);
      break;
    case 't':
      FuzzRows<std::string>(bytes);
      break;
    case 'e':
      FuzzRows<Everything>(bytes);
      break;
    case 'c':
      FuzzControl(bytes);
      break;
    case 's':
      FuzzSchema(bytes);
      break;
    default:
      break;
  }
  return 0;
}
