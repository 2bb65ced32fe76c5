#include "weir/base/nearest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::base {
namespace {

TEST(EditDistance, CountsInsertionsRemovalsReplacementsAndExchanges) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("abc", ""), 3u);
  EXPECT_EQ(EditDistance("input", "imput"), 1u);
  EXPECT_EQ(EditDistance("input", "nput"), 1u);
  EXPECT_EQ(EditDistance("input", "inputs"), 1u);
  EXPECT_EQ(EditDistance("input", "inptu"), 1u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

TEST(NearestName, IsTheOneWithTheFewestEdits) {
  const std::vector<std::string> known = {"input", "output", "out"};
  EXPECT_EQ(NearestName("imput", known), "input");
  EXPECT_EQ(NearestName("outputs", known), "output");
  EXPECT_EQ(NearestName("ot", known), "out");
}

TEST(NearestName, FindsAWordLeftShort) {
  const std::vector<std::string> known = {"parallelism.default",
                                          "execution.checkpointing.interval"};
  EXPECT_EQ(NearestName("execution.checkpoint.interval", known),
            "execution.checkpointing.interval");
}

TEST(NearestName, IsEmptyWhenNothingIsNear) {
  const std::vector<std::string> known = {"input", "out"};
  EXPECT_EQ(NearestName("frequency", known), "");
  EXPECT_EQ(NearestName("x", {}), "");
}

TEST(NearestName, ForgivesOneEditOfAShortName) {
  const std::vector<std::string> known = {"n"};
  EXPECT_EQ(NearestName("m", known), "n");
  EXPECT_EQ(NearestName("mm", known), "");
}

TEST(DidYouMean, IsTheEndOfASentenceOrNothing) {
  const std::vector<std::string> known = {"input"};
  EXPECT_EQ(DidYouMean("imput", known), "; did you mean \"input\"?");
  EXPECT_EQ(DidYouMean("frequency", known), "");
}

}  // namespace
}  // namespace weir::base
