#include "weir/cli/console.h"

#include <gtest/gtest.h>

namespace weir::cli {
namespace {

std::string Split(std::string_view message) {
  const SentenceAndCure parts = SplitCure(message);
  return Concat(parts.sentence, " | ", parts.cure);
}

TEST(SplitCure, CutsAtTheLastSemicolon) {
  EXPECT_EQ(Split("max is 3; not good; take 4"), "max is 3; not good | take 4");
  EXPECT_EQ(Split("no space left on device"), "no space left on device | ");
}

TEST(SplitCure, LeavesTheNearestNameWithTheSentence) {
  EXPECT_EQ(Split("unknown key \"a\"; did you mean \"b\"?"),
            "unknown key \"a\"; did you mean \"b\"? | ");
}

TEST(SplitCure, DoesNotCutWhatTheUserWrote) {
  EXPECT_EQ(Split("row 3: \"a; b\" is not an integer"), "row 3: \"a; b\" is not an integer | ");
}

TEST(FirstColumns, CountsCharactersAndCutsNone) {
  EXPECT_EQ(FirstColumns("abc", 3), "abc");
  EXPECT_EQ(FirstColumns("abc", 2), "ab");
  EXPECT_EQ(FirstColumns("a–c", 2), "a–");
  EXPECT_EQ(FirstColumns("abc", 0), "");
}

std::string ErrorText(std::string_view sentence, std::string_view cure) {
  testing::internal::CaptureStderr();
  Console({}, Console::Notes::kShown).Error(sentence, cure);
  return testing::internal::GetCapturedStderr();
}

TEST(Console, AnErrorIsASentenceAndIndentedCures) {
  EXPECT_EQ(ErrorText("disk full", "free space"), "error: disk full\n       free space\n");
  EXPECT_EQ(ErrorText("row is bad; fix it", "run again"),
            "error: row is bad\n       fix it\n       run again\n");
  EXPECT_EQ(ErrorText("two\nlines", ""), "error: two\n       lines\n");
}

TEST(Console, TheStatusLineIsTakenAwayForOtherLinesAndDrawnAnew) {
  testing::internal::CaptureStderr();
  {
    Console console({.error_is_terminal = true}, Console::Notes::kShown);
    console.SetStatusLine("status");
    console.Note("note");
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "status\r\x1b[Knote\nstatus\r\x1b[K");
}

TEST(Console, QuietHidesNotesAndNoErrors) {
  testing::internal::CaptureStderr();
  Console console({}, Console::Notes::kHidden);
  console.Note("note");
  console.Error("error");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "error: error\n");
}

}  // namespace
}  // namespace weir::cli
