#include "weir/base/quoted.h"

#include <gtest/gtest.h>

#include "weir/base/status.h"

namespace weir::base {
namespace {

TEST(QuotedForMessage, IsShortAndPrintable) {
  EXPECT_EQ(QuotedForMessage("12,5O"), "\"12,5O\"");
  EXPECT_EQ(QuotedForMessage(""), "\"\"");
  EXPECT_EQ(QuotedForMessage(std::string_view("a\n\0\x7f", 4)), "\"a\\x0a\\x00\\x7f\"");
  EXPECT_EQ(QuotedForMessage(std::string(40, 'x')), Concat("\"", std::string(40, 'x'), "\""));
  EXPECT_EQ(QuotedForMessage(std::string(41, 'x')), Concat("\"", std::string(40, 'x'), "…\""));
  EXPECT_EQ(QuotedForMessage(Concat(std::string(39, 'x'), "é")),
            Concat("\"", std::string(39, 'x'), "…\""));
}

TEST(ShortForMessage, IsCutBetweenTwoLetters) {
  EXPECT_EQ(ShortForMessage("äöü", 3), "ä…");
  EXPECT_EQ(ShortForMessage("äöü", 6), "äöü");
}

}  // namespace
}  // namespace weir::base
