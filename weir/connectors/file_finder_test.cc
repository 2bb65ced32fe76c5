#include "weir/connectors/file_finder.h"

#include <gtest/gtest.h>

#include "weir/connectors/machine_test.h"

namespace weir::connectors {
namespace {

TEST(MatchesPattern, StarsStandForAnyBytesAndQuestionMarksForOne) {
  EXPECT_TRUE(MatchesPattern("a.txt", "*.txt"));
  EXPECT_TRUE(MatchesPattern("a.txt", "a.txt"));
  EXPECT_TRUE(MatchesPattern("2026-01-02.txt", "2026-*-0?.*"));
  EXPECT_TRUE(MatchesPattern("aXbXc", "a*b*c"));
  EXPECT_TRUE(MatchesPattern("aaab", "*aab"));
  EXPECT_TRUE(MatchesPattern("a", "a***"));
  EXPECT_FALSE(MatchesPattern("a.txt", "*.tx"));
  EXPECT_FALSE(MatchesPattern("a.txt", "?.tx"));
  EXPECT_FALSE(MatchesPattern("a", "a?"));
  EXPECT_FALSE(MatchesPattern("", "?"));
  EXPECT_FALSE(MatchesPattern("ab", ""));
  EXPECT_FALSE(MatchesPattern("acb", "a*b*c"));
}
TEST(MatchesPattern, HiddenNamesAreMatchedByHiddenPatterns) {
  EXPECT_FALSE(MatchesPattern(".a.txt", "*.txt"));
  EXPECT_TRUE(MatchesPattern(".a.txt", ".*.txt"));
}
TEST(MatchesPattern, ManyStarsEnd) {
  EXPECT_FALSE(MatchesPattern(std::string(2000, 'a'), "a*a*a*a*a*a*a*a*a*a*a*b"));
}

class FileFinderTest : public ::testing::Test {
 protected:
  FileFinderTest() {
    WEIR_CHECK(machine.files().MakeDirectories("in/deeper.txt").ok());
    for (const std::string name : {"a.txt", "b.txt", "b.csv", ".c.txt", "x*.txt"})
      machine.Write("in/" + name, name);
  }
  // The names found, or the error.
  std::string Found(const std::string& input, std::string_view name_end = ".txt") {
    const auto found = FindFiles(machine.files(), input, name_end);
    if (!found.ok()) return std::string(found.status().message());
    std::string names;
    for (const FoundFile& file : *found) {
      EXPECT_EQ(file.bytes, file.name.size());
      names += env::JoinPath(file.directory, file.name) + " ";
    }
    return names;
  }
  std::string PathOf(const std::string& input, const std::string& name) {
    const auto path = PathOfFile(machine.files(), input, name);
    return path.ok() ? *path : std::string(path.status().message());
  }
  Machine machine;
};

TEST_F(FileFinderTest, AFileADirectoryOrAPattern) {
  EXPECT_EQ(Found("in/b.csv"), "in/b.csv ");
  EXPECT_EQ(Found("in/.c.txt"), "in/.c.txt ");
  EXPECT_EQ(Found("in"), "in/a.txt in/b.txt in/x*.txt ");
  EXPECT_EQ(Found("in/b.*"), "in/b.csv in/b.txt ");
  EXPECT_EQ(Found("in/?.txt"), "in/a.txt in/b.txt ");
}
TEST_F(FileFinderTest, ANameThatLooksLikeAPatternIsAName) {
  EXPECT_EQ(Found("in/x*.txt"), "in/x*.txt ");
}
TEST_F(FileFinderTest, WhatIsNotThereIsOneSentence) {
  EXPECT_EQ(Found("none"), "no file or directory none; give the path of what is to be read");
  EXPECT_EQ(Found("in", ".jsonl"),
            "no *.jsonl file in directory in; give the path of what is to be read");
  EXPECT_EQ(Found("in/y*"), "no file matches in/y*; give the path of what is to be read");
  EXPECT_EQ(Found("none/*"), "no directory none; give the path of what is to be read");
  EXPECT_EQ(Found("i?/a.txt"),
            "no file or directory i?/a.txt; '*' and '?' stand for letters of the names of files "
            "only, not of directories");
}
TEST_F(FileFinderTest, AFileIsFoundAgainWhereTheInputIsNow) {
  EXPECT_EQ(PathOf("in", "a.txt"), "in/a.txt");
  EXPECT_EQ(PathOf("in/a.txt", "a.txt"), "in/a.txt");
  EXPECT_EQ(PathOf("in/*.txt", "a.txt"), "in/a.txt");
  EXPECT_EQ(PathOf("gone/*.txt", "a.txt"), "gone/a.txt");
  const std::string refused =
      "the checkpoint is in the middle of a.txt, but the input is in/*.csv now; give the same "
      "input again, or start anew with --fresh";
  EXPECT_EQ(PathOf("in/*.csv", "a.txt"), refused);
}

}  // namespace
}  // namespace weir::connectors
