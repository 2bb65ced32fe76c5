#include "weir/connectors/stream_lines.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir::connectors {
namespace {

using Rows = std::vector<std::string>;

// What comes of `bytes`, given in pieces of one size; a line that is too long stands in brackets.
Rows Cut(std::string_view bytes, const std::string& delimiter, size_t line_bytes_max,
         size_t piece) {
  StreamLines lines(delimiter, line_bytes_max);
  Rows rows;
  const auto take = [&] {
    std::string_view line;
    for (;;) {
      const StreamLines::Taken taken = lines.Take(line);
      if (taken == StreamLines::Taken::kNothing) return;
      const bool whole = taken == StreamLines::Taken::kLine;
      rows.push_back(whole ? std::string(line) : "[" + std::string(line) + "]");
    }
  };
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    lines.Add(bytes.substr(0, piece));
    take();
  }
  lines.End();
  take();
  return rows;
}

void ExpectRows(std::string_view bytes, const std::string& delimiter, const Rows& rows,
                size_t line_bytes_max = 100) {
  for (size_t piece = 1; piece <= bytes.size() + 1; ++piece)
    EXPECT_EQ(Cut(bytes, delimiter, line_bytes_max, piece), rows) << bytes << " " << piece;
}

TEST(StreamLines, LinesWhereverTheyAreCut) {
  ExpectRows("", "\n", {});
  ExpectRows("\n", "\n", {""});
  ExpectRows("one\ntwo\r\n\nfour", "\n", {"one", "two", "", "four"});
  ExpectRows("one\r\n\r\n", "\n", {"one", ""});
  ExpectRows("\xff\xfe\n", "\n", {"\xff\xfe"});
}

TEST(StreamLines, ADelimiterOfSeveralBytes) {
  ExpectRows("one||two|||three|", "||", {"one", "two", "|three|"});
  ExpectRows("a\r\nb\nc\r\n", "\r\n", {"a", "b\nc"});
  ExpectRows("aab", "ab", {"a"});
}

TEST(StreamLines, ALineThatIsTooLongIsSteppedOver) {
  ExpectRows("1234\n", "\n", {"1234"}, 4);
  ExpectRows("1234", "\n", {"1234"}, 4);
  ExpectRows("12345\n6\n", "\n", {"[1234]", "6"}, 4);
  ExpectRows("123456789\n\n123456789", "\n", {"[1234]", "", "[1234]"}, 4);
  ExpectRows("12345||6||7", "||", {"[1234]", "6", "7"}, 4);
}

TEST(StreamLines, OfAnEndlessLineLittleIsKept) {
  StreamLines lines("\n", 1000);
  std::string_view line;
  int reports = 0;
  for (int i = 0; i < 10'000; ++i) {
    lines.Add(std::string(1000, 'x'));
    if (lines.Take(line) == StreamLines::Taken::kTooLong) ++reports;
  }
  EXPECT_EQ(reports, 1);
  lines.Add("\nnext\n");
  ASSERT_EQ(lines.Take(line), StreamLines::Taken::kLine);
  EXPECT_EQ(line, "next");
}

TEST(StreamLines, HalfALineCanBeForgotten) {
  StreamLines lines("\n", 100);
  lines.Add("half");
  lines.Clear();
  lines.Add("whole\n");
  std::string_view line;
  ASSERT_EQ(lines.Take(line), StreamLines::Taken::kLine);
  EXPECT_EQ(line, "whole");
}

}  // namespace
}  // namespace weir::connectors
