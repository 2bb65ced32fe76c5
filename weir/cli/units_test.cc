#include "weir/cli/units.h"

#include <gtest/gtest.h>

#include "weir/cli/table.h"

namespace weir::cli {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""us;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""ns;
using std::chrono_literals::operator""h;

TEST(FormatBytes, HasThreeDigitsAtMost) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1'000), "1.0 kB");
  EXPECT_EQ(FormatBytes(3'100'000), "3.1 MB");
  EXPECT_EQ(FormatBytes(182'300'000), "182 MB");
  EXPECT_EQ(FormatBytes(999'600'000), "1.0 GB");
}

TEST(FormatCount, SeparatesThousands) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1'000), "1,000");
  EXPECT_EQ(FormatCount(1'203'400), "1,203,400");
}

TEST(FormatMillis, IsInMillisecondsWhateverTheLength) {
  EXPECT_EQ(FormatMillis(0ns), "0.0 ms");
  EXPECT_EQ(FormatMillis(300us), "0.3 ms");
  EXPECT_EQ(FormatMillis(9'949us), "9.9 ms");
  EXPECT_EQ(FormatMillis(9'960us), "10 ms");
  EXPECT_EQ(FormatMillis(48ms), "48 ms");
  EXPECT_EQ(FormatMillis(61'234ms), "61234 ms");
}

TEST(FormatAge, GrowsCoarserWithAge) {
  EXPECT_EQ(FormatAge(-5s), "0.0 s");
  EXPECT_EQ(FormatAge(900ms), "0.9 s");
  EXPECT_EQ(FormatAge(2s), "2 s");
  EXPECT_EQ(FormatAge(119s), "119 s");
  EXPECT_EQ(FormatAge(5min), "5 min");
  EXPECT_EQ(FormatAge(21h), "21 h");
  EXPECT_EQ(FormatAge(72h), "3 d");
}

TEST(FormatElapsed, HasHoursMinutesAndSeconds) {
  EXPECT_EQ(FormatElapsed(0s), "00:00:00");
  EXPECT_EQ(FormatElapsed(4min + 12s), "00:04:12");
  EXPECT_EQ(FormatElapsed(100h), "100:00:00");
}

TEST(FormatWhen, LeavesOutTheDateOfToday) {
  const int64_t noon = 1'740'830'400'000;
  EXPECT_EQ(FormatWhen(noon, noon).size(), std::string("10:14:07").size());
  EXPECT_EQ(FormatWhen(noon - 72 * 3'600'000, noon).size(), std::string("2025-03-01 10:14").size());
}

TEST(Table, ColumnsAreAsWideAsTheyNeedToBe) {
  Table table({{"id", Table::Align::kRight}, {"kind"}, {"base", Table::Align::kRight}});
  table.Add({"251", "checkpoint", "250"});
  table.Add({"9", "savepoint v1", "–"});
  EXPECT_EQ(table.ToString(),
            " id   kind           base\n"
            "251   checkpoint      250\n"
            "  9   savepoint v1      –\n");
}

TEST(Table, WithoutTitlesHasNoTitleLine) {
  Table table({{""}, {""}});
  table.Add({"kind", "checkpoint"});
  EXPECT_EQ(table.ToString(), "kind   checkpoint\n");
}

TEST(FormatRate, HasThreeDigits) {
  EXPECT_EQ(FormatRate(0), "0/s");
  EXPECT_EQ(FormatRate(999), "999/s");
  EXPECT_EQ(FormatRate(999.6), "1.00 k/s");
  EXPECT_EQ(FormatRate(27'146), "27.1 k/s");
  EXPECT_EQ(FormatRate(183'400), "183 k/s");
  EXPECT_EQ(FormatRate(1'203'400), "1.20 M/s");
  EXPECT_EQ(FormatRate(9.99e8), "999 M/s");
  EXPECT_EQ(FormatRate(2.5e12), "2500 G/s");
}

}  // namespace
}  // namespace weir::cli
