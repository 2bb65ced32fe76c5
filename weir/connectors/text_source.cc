#include "weir/connectors/text_source.h"

#include <string>
#include <utility>

#include "weir/connectors/line_cutter.h"
#include "weir/record/typed_ops.h"

namespace weir::connectors {
namespace {

class TextParser final : public RecordParser {
 public:
  CutResult Cut(std::string_view block, BlockEnd end, uint64_t limit, uint32_t rows_max) override {
    return cutter_.Cut(block, end, limit, rows_max);
  }
  const CutRows& rows() const override { return cutter_.rows(); }

  uint32_t Parse(uint32_t first, record::AnyBatch& batch, std::string&) override {
    uint32_t row = first;
    for (; row < rows().count && !batch.full(); ++row) {
      std::string& out = batch.Rows<std::string>()[batch.size()];
      out = cutter_.line(row);
      batch.set_size(batch.size() + 1);
      batch.add_heap_bytes(TypeTraits<std::string>::HeapBytes(out));
    }
    return row;
  }

 private:
  LineCutter cutter_{EmptyLines::kAreRows};
};

}  // namespace

const record::TypeOps& TextFormat::type() const { return TypeOpsOf<std::string>(); }

StatusOr<FileHead> TextFormat::ReadHead(const env::ReadableFile& file, const std::string&,
                                        uint64_t file_bytes) const {
  return ReadByteOrderMark(file, file_bytes);
}

std::unique_ptr<RecordParser> TextFormat::NewParser(const FileHead&, FileRange) const {
  return std::make_unique<TextParser>();
}

std::shared_ptr<const FileSource> NewTextSource(TextSourceOptions options) {
  return std::make_shared<FileSource>(std::move(options), std::make_shared<TextFormat>());
}

}  // namespace weir::connectors
