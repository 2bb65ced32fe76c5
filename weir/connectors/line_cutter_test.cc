#include "weir/connectors/line_cutter.h"

#include <gtest/gtest.h>

namespace weir::connectors {
namespace {

// "0:one 4:two | 8 limit": where each line begins and what it is; what was consumed, and why no
// more.
std::string Cut(std::string_view text, BlockEnd end, EmptyLines empty = EmptyLines::kAreRows,
                uint64_t limit = UINT64_MAX, uint32_t rows_max = 100) {
  LineCutter cutter(empty);
  const CutResult result = cutter.Cut(text, end, limit, rows_max);
  std::string out;
  for (uint32_t row = 0; row < cutter.rows().count; ++row) {
    out += Concat(cutter.rows().begins[row], ":", cutter.line(row), " ");
    EXPECT_LE(cutter.rows().ends[row], result.consumed);
  }
  constexpr const char* kStops[] = {"max", "limit", "more", "bad"};
  return out + Concat("| ", result.consumed, " ", kStops[static_cast<int>(result.stop)]);
}

TEST(LineCutter, LinesEndWithEitherEnd) {
  EXPECT_EQ(Cut("a\nbc\r\n\nd", BlockEnd::kAreAll), "0:a 2:bc 6: 7:d | 8 limit");
  EXPECT_EQ(Cut("a\r\n", BlockEnd::kAreAll), "0:a | 3 limit");
  EXPECT_EQ(Cut("a\rb\n", BlockEnd::kAreAll), "0:a\rb | 4 limit");
  EXPECT_EQ(Cut("", BlockEnd::kAreAll), "| 0 limit");
  EXPECT_EQ(Cut("\n", BlockEnd::kAreAll), "0: | 1 limit");
}
TEST(LineCutter, ALineWithoutAnEndWaitsForIt) {
  EXPECT_EQ(Cut("a\nbc", BlockEnd::kMoreFollow), "0:a | 2 more");
  EXPECT_EQ(Cut("", BlockEnd::kMoreFollow), "| 0 more");
}
TEST(LineCutter, EmptyLinesMayBeSkipped) {
  EXPECT_EQ(Cut("\na\n \t\r\n\nb\n\n", BlockEnd::kAreAll, EmptyLines::kAreSkipped),
            "1:a 8:b | 11 limit");
}
TEST(LineCutter, StopsBeforeTheLimitAndAtTheMost) {
  EXPECT_EQ(Cut("a\nb\nc\n", BlockEnd::kAreAll, EmptyLines::kAreRows, 2), "0:a | 2 limit");
  EXPECT_EQ(Cut("a\nb\nc\n", BlockEnd::kAreAll, EmptyLines::kAreRows, 3), "0:a 2:b | 4 limit");
  EXPECT_EQ(Cut("a\nb\nc\n", BlockEnd::kAreAll, EmptyLines::kAreRows, 9, 2), "0:a 2:b | 4 max");
}

}  // namespace
}  // namespace weir::connectors
