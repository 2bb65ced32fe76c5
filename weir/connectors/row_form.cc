#include "weir/connectors/row_form.h"

#include "weir/connectors/input_file.h"
#include "weir/record/scalar_text.h"
#include "weir/record/typed_ops.h"

namespace weir::connectors {
namespace {

bool IsString(const record::TypeOps& type) { return type.SameLayout(TypeOpsOf<std::string>()); }

// Read again it would be two lines.
Status AppendLine(const std::string& text, std::string& out) {
  if (text.find('\n') != std::string::npos) {
    return InvalidArgumentError("a line of text cannot hold a line end: ", QuotedForMessage(text),
                                "; take line ends out (Map), or write JSON");
  }
  out += text;
  return {};
}

}  // namespace

std::string_view SinkKindOf(RowForm form) {
  return form == RowForm::kCsv ? "csv-sink" : form == RowForm::kText ? "text-sink" : "json-sink";
}

std::string_view NameEndOf(RowForm form) {
  return form == RowForm::kCsv ? ".csv" : form == RowForm::kText ? ".txt" : ".jsonl";
}

StatusOr<std::string> HeaderOf(RowForm form, const record::TypeOps& type) {
  if (form == RowForm::kJson) return std::string();
  WEIR_ASSIGN_OR_RETURN(std::string header, type.CsvHeader());
  return form == RowForm::kCsv ? header.append("\n") : std::string();
}

Status AppendRow(RowForm form, const record::AnyBatch& batch, uint32_t row, std::string& out) {
  const record::TypeOps& type = batch.type();
  if (form == RowForm::kCsv || (form == RowForm::kText && !IsString(type))) {
    WEIR_RETURN_IF_ERROR(type.AppendCsv(batch, row, out));
  } else if (!IsString(type)) {
    type.AppendJson(batch, row, out);
  } else if (form == RowForm::kText) {
    WEIR_RETURN_IF_ERROR(AppendLine(batch.Rows<std::string>()[row], out));
  } else {
    record::AppendJsonString(batch.Rows<std::string>()[row], out);
  }
  out.push_back('\n');
  return {};
}

}  // namespace weir::connectors
