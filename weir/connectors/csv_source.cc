#include "weir/connectors/csv_source.h"

#include "weir/connectors/csv_file.h"
#include "weir/connectors/input_file.h"
#include "weir/record/scalar_text.h"

namespace weir::connectors {
namespace {

constexpr std::string_view kQuoteCure =
    "; if quotes in this file hold line ends, read it in one split (split_bytes = 0) and start "
    "anew with --fresh";

class CsvParser final : public RecordParser {
 public:
  /// `type` and `fields` outlive the parser: they are the format's.
  CsvParser(const record::TypeOps& type, std::span<const std::string> fields, ParseCsvRows parse,
            std::vector<uint32_t> column_of_field, FileRange range)
      : type_(type),
        fields_(fields),
        parse_(parse),
        column_of_field_(std::move(column_of_field)),
        line_ends_(range == FileRange::kWhole ? QuotedLineEnds::kAllowed
                                              : QuotedLineEnds::kRefused),
        tokenizer_(static_cast<uint32_t>(fields.size()), line_ends_) {}

  CutResult Cut(std::string_view block, BlockEnd end, uint64_t limit, uint32_t rows_max) override {
    CutResult cut = tokenizer_.Tokenize(block, end, limit, rows_max);
    if (line_ends_ == QuotedLineEnds::kRefused && cut.problem.find("quote") != std::string::npos) {
      cut.cure = kQuoteCure;  // the range may begin within such a field
    }
    return cut;
  }

  const CutRows& rows() const override { return tokenizer_.rows(); }

  uint32_t Parse(uint32_t first, record::AnyBatch& batch, std::string& problem) override {
    std::optional<BadCsvField> bad;
    const uint32_t row = parse_(tokenizer_.rows(), first, column_of_field_, batch, bad);
    if (bad) problem = ProblemOf(*bad);
    return row;
  }

 private:
  // column 2 "amount": "12,5O" is not an integer
  std::string ProblemOf(const BadCsvField& bad) const {
    int64_t as_signed = 0;
    uint64_t as_unsigned = 0;
    const bool too_large = bad.expected == TypeTraits<int64_t>::kExpected &&
                           (record::ParseInteger(bad.text, INT64_MIN, INT64_MAX, as_signed) ||
                            record::ParseUnsigned(bad.text, UINT64_MAX, as_unsigned));
    const record::Schema& schema = type_.schema();
    const record::Schema& field =
        schema.kind == record::TypeKind::kRecord ? schema.children[bad.field] : schema;
    return Concat("column ", column_of_field_[bad.field] + 1, " \"", fields_[bad.field],
                  "\": ", QuotedForMessage(bad.text),
                  too_large ? Concat(" is too large or too small for ", field.ToString())
                            : Concat(" is not ", bad.expected));
  }

  const record::TypeOps& type_;
  const std::span<const std::string> fields_;
  const ParseCsvRows parse_;
  const std::vector<uint32_t> column_of_field_;
  const QuotedLineEnds line_ends_;
  CsvTokenizer tokenizer_;
};

}  // namespace

StatusOr<FileHead> CsvFormat::ReadHead(const env::ReadableFile& file, const std::string& path,
                                       uint64_t file_bytes) const {
  return ReadCsvHeader(file, path, file_bytes, fields_);
}

std::unique_ptr<RecordParser> CsvFormat::NewParser(const FileHead& head, FileRange range) const {
  return std::make_unique<CsvParser>(type_, fields_, parse_, head.column_of_field, range);
}

}  // namespace weir::connectors
