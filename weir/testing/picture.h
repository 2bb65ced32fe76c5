// Pictures of streams: elements as text, for tests. The language is in operator_harness.h.
// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/status.h"
#include "weir/base/time.h"
#include "weir/record/any_batch.h"

namespace weir::testing {

struct PictureElement {
  enum class Kind : uint8_t { kRow, kEndOfBatch, kWatermark, kBarrier, kComplete, kEndOfInput };
  Kind kind = Kind::kRow;
  record::RowKind row_kind = record::RowKind::kInsert;  // of a row
  std::vector<std::string> fields;                      // of a row
  Timestamp timestamp = record::kNoTimestamp;           // of a row or a watermark
  uint64_t checkpoint = 0;                              // of a barrier or completion
};

/// Reads a picture whose rows have `fields` fields.
/// Errors: InvalidArgument, naming the word that makes no sense.
StatusOr<std::vector<PictureElement>> ParsePicture(std::string_view picture, size_t fields);

/// Draws a picture.
class PicturePrinter {
 public:
  void AddRow(const record::AnyBatch& batch, uint32_t row, const std::vector<std::string>& fields);
  void AddElement(std::string_view element);
  std::string Take() && { return std::move(picture_); }

 private:
  std::string picture_;
  bool after_row_ = false;
};

}  // namespace weir::testing
