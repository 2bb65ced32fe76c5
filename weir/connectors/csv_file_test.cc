#include "weir/connectors/csv_file.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "weir/base/limits.h"

namespace weir::connectors {
namespace {

class Text final : public env::ReadableFile {
 public:
  explicit Text(std::string text) : text_(std::move(text)) {}
  StatusOr<size_t> Read(uint64_t offset, char* buffer, size_t size) const override {
    const std::string piece =
        text_.substr(std::min<size_t>(offset, text_.size()), std::min<size_t>(size, 3));
    std::copy(piece.begin(), piece.end(), buffer);
    return piece.size();
  }
  StatusOr<uint64_t> Size() const override { return text_.size(); }

 private:
  const std::string text_;
};

// "0 1 @15": the column of each field, and where rows begin; or the error.
std::string Header(const std::string& text) {
  const std::vector<std::string> fields = {"account", "amount"};
  const auto header = ReadCsvHeader(Text(text), "t.csv", text.size(), fields);
  if (!header.ok()) {
    EXPECT_EQ(header.status().code(), StatusCode::kInvalidArgument);
    return std::string(header.status().message());
  }
  std::string out;
  for (const uint32_t column : header->column_of_field) out += std::to_string(column) + " ";
  return out + "@" + std::to_string(header->bytes);
}

TEST(CsvHeader, NamesTheFieldsInAnyOrder) {
  EXPECT_EQ(Header("account,amount\n1,2\n"), "0 1 @15");
  EXPECT_EQ(Header("amount,account\r\n1,2\n"), "1 0 @16");
  EXPECT_EQ(Header("\"account\",\"amount\"\n"), "0 1 @19");
  EXPECT_EQ(Header("account,amount"), "0 1 @14");
}
TEST(CsvHeader, ByteOrderMarkIsSkipped) {
  EXPECT_EQ(Header("\xEF\xBB\xBF"
                   "account,amount\n"),
            "0 1 @18");
}
TEST(CsvHeader, EachThingThatIsWrongIsOneSentence) {
  EXPECT_EQ(Header(""), "t.csv is empty: its first line must name the columns: account,amount");
  EXPECT_EQ(
      Header("17,2300\n"),
      "t.csv:1: the first line must name the columns (account,amount), but it is \"17,2300\"");
  EXPECT_EQ(Header("\n1,2\n"),
            "t.csv:1: the first line must name the columns (account,amount), but it is \"\"");
  EXPECT_EQ(Header("account,amuont\n"),
            "t.csv:1: unknown column \"amuont\"; did you mean \"amount\"? (the record's fields: "
            "account,amount)");
  EXPECT_EQ(Header("account\n"), "t.csv:1: no column for field \"amount\" (columns: \"account\")");
  EXPECT_EQ(Header("account,amount,account\n"), "t.csv:1: column \"account\" is there twice");
  EXPECT_EQ(Header("account,amount,note\n"),
            "t.csv:1: unknown column \"note\" (the record's fields: account,amount)");
}
TEST(CsvHeader, MayBeLongButNotEndless) {
  EXPECT_EQ(Header(std::string(limits::kCsvHeaderBytesMax + 5000, 'a')),
            "t.csv:1: the first line is longer than 1048576 bytes: it cannot be a header");
}

}  // namespace
}  // namespace weir::connectors
