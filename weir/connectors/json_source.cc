#include "weir/connectors/json_source.h"

#include <string>

#include "weir/connectors/input_file.h"
#include "weir/connectors/line_cutter.h"

namespace weir::connectors {
namespace {

static_assert(kBlockPaddingBytes >= record::kJsonPaddingBytes);

// As it stands there, but short: 1.5, null, "12,5O".
std::string Shown(std::string_view json) {
  const bool is_text = json.size() >= 2 && json.starts_with('"') && json.ends_with('"');
  if (is_text) return QuotedForMessage(json.substr(1, json.size() - 2));
  const std::string quoted = QuotedForMessage(json);
  return quoted.substr(1, quoted.size() - 2);
}

class JsonParser final : public RecordParser {
 public:
  explicit JsonParser(ParseJsonRow parse) : parse_(parse) {}

  CutResult Cut(std::string_view block, BlockEnd end, uint64_t limit, uint32_t rows_max) override {
    return cutter_.Cut(block, end, limit, rows_max);
  }
  const CutRows& rows() const override { return cutter_.rows(); }

  uint32_t Parse(uint32_t first, record::AnyBatch& batch, std::string& problem) override {
    uint32_t row = first;
    for (; row < rows().count && !batch.full(); ++row) {
      if (parse_(input_, cutter_.line(row), batch)) continue;
      problem = ProblemOf(input_.problem());
      break;
    }
    return row;
  }

 private:
  // field "items[3].price": "12,5O" is not a number
  static std::string ProblemOf(const record::JsonProblem& problem) {
    const std::string field =
        problem.field.empty() ? std::string() : Concat("field \"", problem.field, "\"");
    if (problem.text.empty()) return Concat(field, field.empty() ? "" : " ", problem.reason);
    return Concat(field, field.empty() ? "" : ": ", Shown(problem.text), " ", problem.reason);
  }

  const ParseJsonRow parse_;
  LineCutter cutter_{EmptyLines::kAreSkipped};
  record::JsonInput input_;
};

}  // namespace

StatusOr<FileHead> JsonFormat::ReadHead(const env::ReadableFile& file, const std::string&,
                                        uint64_t file_bytes) const {
  return ReadByteOrderMark(file, file_bytes);
}

std::unique_ptr<RecordParser> JsonFormat::NewParser(const FileHead&, FileRange) const {
  return std::make_unique<JsonParser>(parse_);
}

}  // namespace weir::connectors
