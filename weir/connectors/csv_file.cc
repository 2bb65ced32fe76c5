#include "weir/connectors/csv_file.h"

#include <algorithm>
#include <array>

#include "weir/base/checksum.h"
#include "weir/base/limits.h"
#include "weir/base/nearest.h"
#include "weir/connectors/csv_tokenizer.h"

namespace weir::connectors {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kTailBytes = 4 << 10;
constexpr size_t kMessageTextBytesMax = 40;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

uint64_t DigestOf(std::string_view bytes) {
  base::Checksum digest;
  digest.Add(bytes);
  return digest.value();
}

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

StatusOr<CsvHeader> ReadCsvHeader(const env::ReadableFile& file, const std::string& path,
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
  return CsvHeader{
      .column_of_field = std::move(order), .bytes = line.size(), .digest = DigestOf(line)};
}

StatusOr<uint64_t> CsvTailDigest(const env::ReadableFile& file, uint64_t file_bytes) {
  const uint64_t size = std::min<uint64_t>(file_bytes, kTailBytes);
  WEIR_ASSIGN_OR_RETURN(const std::string tail,
                        env::ReadExactly(file, file_bytes - size, static_cast<size_t>(size)));
  return DigestOf(tail);
}

std::string CsvPlace(const env::ReadableFile& file, const std::string& path, uint64_t offset) {
  std::string buffer(kReadBytes, '\0');
  uint64_t line = 1;
  for (uint64_t at = 0; at < offset;) {
    const StatusOr<size_t> count =
        file.Read(at, buffer.data(), std::min<uint64_t>(buffer.size(), offset - at));
    if (!count.ok() || *count == 0) return path;
    line += static_cast<uint64_t>(
        std::count(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(*count), '\n'));
    at += *count;
  }
  return Concat(path, ":", WithThousands(line));
}

std::string QuotedForMessage(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  size_t shown = std::min(text.size(), kMessageTextBytesMax);
  while (shown > 0 && shown < text.size() && (text[shown] & 0xC0) == 0x80) --shown;  // whole UTF-8
  std::string out = "\"";
  for (const char c : text.substr(0, shown)) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < ' ' || byte == 0x7f) {
      out.append("\\x").append({kHex[byte >> 4], kHex[byte & 15]});
    } else {
      out.push_back(c);
    }
  }
  return out.append(shown < text.size() ? "…\"" : "\"");
}

std::string WithThousands(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

}  // namespace weir::connectors
