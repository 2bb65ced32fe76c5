#include "weir/connectors/csv_tokenizer.h"

#include <gtest/gtest.h>

#include "weir/base/status.h"

namespace weir::connectors {
namespace {

using Bytes = CsvTokenizer::Bytes;
using Stop = CsvTokenizer::Stop;

struct How {
  uint32_t columns = 2;
  QuotedLineEnds line_ends = QuotedLineEnds::kRefused;
  Bytes end = Bytes::kAreAll;
  uint64_t limit = UINT64_MAX;
  uint32_t rows_max = 100;
};

// The rows of `text` as a picture, "a|b / c|d", and how it stopped: nothing for the end, "…" for a
// row that is cut, "! <problem>" for a bad one.
std::string Rows(const std::string& text, const How& how = {}) {
  CsvTokenizer tokenizer(how.columns, how.line_ends);
  const CsvTokenizer::Result result = tokenizer.Tokenize(text, how.end, how.limit, how.rows_max);
  const CsvRows& rows = tokenizer.rows();
  std::string out;
  for (uint32_t row = 0; row < rows.count; ++row) {
    out += row == 0 ? "" : " / ";
    for (uint32_t column = 0; column < how.columns; ++column) {
      out.append(column == 0 ? "" : "|").append(rows.fields[row * how.columns + column]);
    }
  }
  if (result.stop == Stop::kMoreBytes) out += " …";
  if (result.stop == Stop::kBadRow) out += " ! " + result.problem;
  return out;
}

TEST(CsvTokenizer, RowsOfFields) { EXPECT_EQ(Rows("a,b\nc,d\n"), "a|b / c|d"); }
TEST(CsvTokenizer, NoBytesNoRows) { EXPECT_EQ(Rows(""), ""); }
TEST(CsvTokenizer, EmptyFieldsStay) { EXPECT_EQ(Rows(",\n,b\na,\n"), "| / |b / a|"); }
TEST(CsvTokenizer, LastLineNeedsNoEnd) { EXPECT_EQ(Rows("a,b\nc,d"), "a|b / c|d"); }
TEST(CsvTokenizer, CarriageReturnsBelongToTheLineEnd) {
  EXPECT_EQ(Rows("a,b\r\nc,d\r\n"), "a|b / c|d");
  EXPECT_EQ(Rows("a,\"b\"\r\nc,d\r"), "a|b / c|d");
  EXPECT_EQ(Rows("a\r,b\n"), "a\r|b");
}
TEST(CsvTokenizer, EmptyLinesAreSkipped) {
  EXPECT_EQ(Rows("\na,b\n\n\r\nc,d\n\n"), "a|b / c|d");
  EXPECT_EQ(Rows("\na\n\n", {.columns = 1}), "a");
}
TEST(CsvTokenizer, QuotedEmptyFieldIsARow) { EXPECT_EQ(Rows("\"\"\nb\n", {.columns = 1}), " / b"); }

TEST(CsvTokenizer, QuotesAreTakenOff) {
  EXPECT_EQ(Rows("\"a\",\"b\"\n"), "a|b");
  EXPECT_EQ(Rows("\"a,1\",b\n"), "a,1|b");
  EXPECT_EQ(Rows("\"\",\"\"\n"), "|");
  EXPECT_EQ(Rows("\"a\",\"b\""), "a|b");
}
TEST(CsvTokenizer, DoubledQuotesAreOne) {
  EXPECT_EQ(Rows("\"a\"\"b\",\"\"\"\"\n\"\"\"c\",d\n"), "a\"b|\" / \"c|d");
}
TEST(CsvTokenizer, QuotedLineEndsIfAllowed) {
  EXPECT_EQ(Rows("\"a\nb\",c\nd,e\n", {.line_ends = QuotedLineEnds::kAllowed}), "a\nb|c / d|e");
  EXPECT_EQ(Rows("x,y\n\"a\nb\",c\n"), "x|y ! a quoted field that does not end in its line");
}

TEST(CsvTokenizer, WrongNumberOfColumnsIsRefused) {
  EXPECT_EQ(Rows("a,b\nc\n"), "a|b ! 1 column, the header has 2");
  EXPECT_EQ(Rows("a,b\n", {.columns = 3}), " ! 2 columns, the header has 3");
  EXPECT_EQ(Rows("a,b,c\n"), " ! more columns than the header's 2");
  EXPECT_EQ(Rows("a,b\n", {.columns = 1}), " ! more columns than the header's 1");
}
TEST(CsvTokenizer, StrayQuotesAreRefused) {
  EXPECT_EQ(Rows("a\"b,c\n"), " ! a quote inside a field without quotes");
  EXPECT_EQ(Rows("\"a\"b,c\n"), " ! text behind a closing quote");
  EXPECT_EQ(Rows("\"a\" \"b\",c\n"), " ! a quote inside a field without quotes");
  EXPECT_EQ(Rows("\"a,b"), " ! a quote that never closes");
  EXPECT_EQ(Rows("a,\"b\nc,d\n", {.line_ends = QuotedLineEnds::kAllowed}),
            " ! a quote that never closes");
}

TEST(CsvTokenizer, ARowThatIsCutWaits) {
  const How more{.line_ends = QuotedLineEnds::kAllowed, .end = Bytes::kMoreFollow};
  EXPECT_EQ(Rows("a,b\nc,d", more), "a|b …");
  EXPECT_EQ(Rows("a,b\n", more), "a|b …");
  EXPECT_EQ(Rows("a,\"b", more), " …");
  EXPECT_EQ(Rows("a,\"b\"", more), " …");  // "" may follow
  EXPECT_EQ(Rows("", more), " …");
}
TEST(CsvTokenizer, RowsAtTheLimitAreNotTaken) {
  EXPECT_EQ(Rows("a,b\nc,d\n", {.limit = 0}), "");
  EXPECT_EQ(Rows("a,b\nc,d\n", {.limit = 4}), "a|b");
  EXPECT_EQ(Rows("a,b\nc,d\n", {.limit = 5}), "a|b / c|d");
}
TEST(CsvTokenizer, AtMostSoManyRows) { EXPECT_EQ(Rows("a,b\nc,d\n", {.rows_max = 1}), "a|b"); }

TEST(CsvTokenizer, EndsAreBehindLineEnds) {
  CsvTokenizer tokenizer(1, QuotedLineEnds::kRefused);
  const auto result = tokenizer.Tokenize("a\r\n\nbc\n\n", Bytes::kAreAll, UINT64_MAX, 10);
  ASSERT_EQ(tokenizer.rows().count, 2u);
  EXPECT_EQ(tokenizer.rows().begins[0], 0u);
  EXPECT_EQ(tokenizer.rows().ends[0], 3u);
  EXPECT_EQ(tokenizer.rows().begins[1], 4u);
  EXPECT_EQ(tokenizer.rows().ends[1], 7u);
  EXPECT_EQ(result.consumed, 8u);
}

// Bytes are looked at 64 at a time: every phase of a row against the blocks.
TEST(CsvTokenizer, BlocksDoNotShow) {
  for (size_t first = 0; first < 200; ++first) {
    const std::string a(first, 'a');
    const std::string text = a + ",b\n\"" + a + ",\"\"\"," + a + "\r\nc,d\n";
    EXPECT_EQ(Rows(text), a + "|b / " + a + ",\"|" + a + " / c|d") << first;
  }
}

}  // namespace
}  // namespace weir::connectors
