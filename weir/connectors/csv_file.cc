#include "weir/connectors/csv_file.h"

#include <algorithm>

#include "weir/base/limits.h"
#include "weir/base/nearest.h"
#include "weir/connectors/csv_tokenizer.h"
#include "weir/connectors/input_file.h"

namespace weir::connectors {
namespace {

std::string JoinNames(std::span<const std::string> names) {
  std::string joined;
  for (const std::string& name : names) joined.append(joined.empty() ? "" : ",").append(name);
  return joined;
}

// The bytes up to and with the first line end, or all when there is none.
StatusOr<std::string> ReadFirstLine(const env::ReadableFile& file, const std::string& path,
                                    uint64_t file_bytes) {
  std::string line;
  while (line.size() < file_bytes) {
    const size_t begin = line.size();
    if (begin >= limits::kCsvHeaderBytesMax) {
      return InvalidArgumentError(path, ":1: the first line is longer than ",
                                  limits::kCsvHeaderBytesMax, " bytes: it cannot be a header");
    }
    line.resize(std::min<uint64_t>(begin + 4096, file_bytes));
    WEIR_ASSIGN_OR_RETURN(const size_t count,
                          file.Read(begin, line.data() + begin, line.size() - begin));
    line.resize(begin + count);
    const size_t line_end = line.find('\n', begin);
    if (line_end != std::string::npos) return line.substr(0, line_end + 1);
    if (count == 0) break;
  }
  return line;
}

StatusOr<std::vector<uint32_t>> MatchColumns(std::span<const std::string_view> columns,
                                             const std::string& path, std::string_view line,
                                             std::span<const std::string> fields) {
  const auto is_field = [&](std::string_view column) {
    return std::find(fields.begin(), fields.end(), column) != fields.end();
  };
  if (std::none_of(columns.begin(), columns.end(), is_field)) {
    return InvalidArgumentError(path, ":1: the first line must name the columns (",
                                JoinNames(fields), "), but it is ", QuotedForMessage(line));
  }
  for (const std::string_view column : columns) {
    if (!is_field(column)) {
      return InvalidArgumentError(path, ":1: unknown column ", QuotedForMessage(column),
                                  base::DidYouMean(column, fields),
                                  " (the record's fields: ", JoinNames(fields), ")");
    }
    if (std::count(columns.begin(), columns.end(), column) > 1) {
      return InvalidArgumentError(path, ":1: column ", QuotedForMessage(column), " is there twice");
    }
  }
  std::vector<uint32_t> column_of_field;
  for (const std::string& field : fields) {
    const auto found = std::find(columns.begin(), columns.end(), field);
    if (found == columns.end()) {
      return InvalidArgumentError(path, ":1: no column for field \"", field,
                                  "\" (columns: ", QuotedForMessage(line), ")");
    }
    column_of_field.push_back(static_cast<uint32_t>(found - columns.begin()));
  }
  return column_of_field;
}

}  // namespace

StatusOr<FileHead> ReadCsvHeader(const env::ReadableFile& file, const std::string& path,
                                 uint64_t file_bytes, std::span<const std::string> fields) {
  WEIR_ASSIGN_OR_RETURN(const std::string line, ReadFirstLine(file, path, file_bytes));
  if (line.empty()) {
    return InvalidArgumentError(
        path, " is empty: its first line must name the columns: ", JoinNames(fields));
  }
  std::string_view text = line;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::string_view shown = text;
  while (shown.ends_with('\n') || shown.ends_with('\r')) shown.remove_suffix(1);

  const auto columns = static_cast<uint32_t>(std::count(text.begin(), text.end(), ',') + 1);
  CsvTokenizer tokenizer(columns, QuotedLineEnds::kRefused);
  const CsvTokenizer::Result result =
      tokenizer.Tokenize(text, CsvTokenizer::Bytes::kAreAll, /*limit=*/1, /*rows_max=*/1);
  const bool is_row = tokenizer.rows().count == 1;
  const std::span<const std::string_view> names =
      is_row ? std::span(tokenizer.rows().fields).first(columns)
             : std::span<const std::string_view>(&shown, 1);
  WEIR_ASSIGN_OR_RETURN(std::vector<uint32_t> order, MatchColumns(names, path, shown, fields));
  return FileHead{
      .bytes = line.size(), .digest = DigestOf(line), .column_of_field = std::move(order)};
}

}  // namespace weir::connectors
