// Reads any bytes as a CSV file of Row. Whatever comes out, written as CSV and read again, is the
// same; however the file is divided into splits, the same rows come out or it is refused.
//
// Half of the first byte is the size of the splits. A field that holds a line end may be refused in
// ranges.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/check.h"
#include "weir/connectors/csv_source.h"

namespace {

using weir::Status;
using weir::StatusOr;
using weir::connectors::FileSplitReader;

struct Row {
  int64_t id = 0;
  std::string text;
  std::optional<double> real;
};
WEIR_RECORD(Row, id, text, real);

class Text final : public weir::env::ReadableFile {
 public:
  explicit Text(std::string_view text) : text_(text) {}
  StatusOr<size_t> Read(uint64_t offset, char* buffer, size_t size) const override {
    return text_.substr(std::min<size_t>(offset, text_.size())).copy(buffer, size);
  }
  StatusOr<uint64_t> Size() const override { return text_.size(); }

 private:
  const std::string_view text_;  // the caller's
};

// A file system in which every name is the one file.
class OneFile final : public weir::env::FileSystem {
 public:
  explicit OneFile(std::string_view text) : text_(text) {}
  StatusOr<std::unique_ptr<weir::env::ReadableFile>> Open(const std::string&) override {
    return std::make_unique<Text>(text_);
  }
  StatusOr<weir::env::FileInfo> Stat(const std::string&) override {
    return weir::env::FileInfo{.bytes = text_.size()};
  }
  StatusOr<std::unique_ptr<weir::env::WritableFile>> Create(const std::string&, Existing) override {
    return Refused();
  }
  StatusOr<std::vector<std::string>> List(const std::string&) override { return Refused(); }
  Status Link(const std::string&, const std::string&) override { return Refused(); }
  Status Rename(const std::string&, const std::string&) override { return Refused(); }
  Status Remove(const std::string&) override { return Refused(); }
  Status MakeDirectories(const std::string&) override { return Refused(); }
  Status SyncDirectory(const std::string&) override { return Refused(); }
  StatusOr<std::unique_ptr<Lock>> TryLock(const std::string&, std::string_view) override {
    return Refused();
  }

 private:
  static Status Refused() { return weir::UnimplementedError("one file, to be read"); }
  const std::string_view text_;  // the caller's
};

const weir::connectors::FileFormat& Format() {
  static const auto source = weir::connectors::NewCsvSource<Row>({});
  return source->format();
}

// The rows of one split as lines of CSV.
Status ReadSplit(OneFile& files, const weir::runtime::Split& split, std::string& lines,
                 uint64_t& rows) {
  WEIR_ASSIGN_OR_RETURN(const auto decoded, weir::connectors::DecodeFileSplit(split));
  WEIR_ASSIGN_OR_RETURN(
      const auto reader,
      FileSplitReader::Open(
          {.files = files, .path = "t.csv", .split = decoded, .format = Format()}));
  weir::record::AnyBatch batch(weir::TypeOpsOf<Row>());
  for (;;) {
    WEIR_ASSIGN_OR_RETURN(const FileSplitReader::State state, reader->Advance(/*rows_max=*/7));
    if (state == FileSplitReader::State::kEnd) return {};
    if (state == FileSplitReader::State::kAgain) continue;
    WEIR_RETURN_IF_ERROR(reader->Take(batch).status());
    for (uint32_t row = 0; row < batch.size(); ++row) {
      WEIR_CHECK(batch.type().AppendCsv(batch, row, lines).ok());
      lines.push_back('\n');
    }
    rows += batch.size();
    batch.Clear();
  }
}

// The rows as CSV, the header first.
StatusOr<std::string> ReadAll(std::string_view text, uint64_t split_bytes, uint64_t& rows) {
  OneFile files(text);
  std::string lines = "id,text,real\n";
  WEIR_ASSIGN_OR_RETURN(const auto splits,
                        weir::connectors::FindFileSplits(
                            files, {.path = "t.csv", .split_bytes = split_bytes}, Format()));
  for (const weir::runtime::Split& split : splits) {
    WEIR_RETURN_IF_ERROR(ReadSplit(files, split, lines, rows));
  }
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  uint64_t rows = 0;
  const StatusOr<std::string> lines = ReadAll(text, /*split_bytes=*/0, rows);
  if (!lines.ok()) return 0;
  uint64_t rows_again = 0;
  const StatusOr<std::string> again = ReadAll(*lines, /*split_bytes=*/0, rows_again);
  WEIR_CHECK(again.ok() && *again == *lines && rows_again == rows);
  // In ranges the same rows come, unless a field holds a line end: then it may be refused.
  const auto line_ends = static_cast<uint64_t>(std::count(lines->begin(), lines->end(), '\n'));
  uint64_t rows_divided = 0;
  const StatusOr<std::string> divided = ReadAll(text, 1 + data[0] / 2u, rows_divided);
  WEIR_CHECK(divided.ok() || line_ends > rows + 1);
  WEIR_CHECK(!divided.ok() || *divided == *lines);
  return 0;
}
