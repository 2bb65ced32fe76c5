#include "weir/cli/arguments.h"

#include <gtest/gtest.h>

namespace weir::cli {
namespace {

using enum OptionSpec::Takes;

const std::vector<OptionSpec> kKnown = {{"--from", "WHICH", "where to start"},
                                        {"--parallelism", "N", "subtasks", "all cores"},
                                        {.name = "-D", .value = "KEY=VALUE", .takes = kValues},
                                        {.name = "--fresh", .takes = kFlag}};

StatusOr<Arguments> Parse(const std::vector<std::string>& line) {
  return ParseArguments(line, kKnown, Unknown::kError);
}

std::string MessageOf(const std::vector<std::string>& line) {
  return std::string(Parse(line).status().message());
}

TEST(Arguments, ValuesAreBehindASpaceOrAnEqualsSign) {
  EXPECT_EQ(Parse({"--from", "7"})->Value("--from"), "7");
  EXPECT_EQ(Parse({"--from=7"})->Value("--from"), "7");
  EXPECT_EQ(Parse({"--from="})->Value("--from"), "");
  EXPECT_EQ(Parse({"--from", "-7"})->Value("--from"), "-7");
  EXPECT_EQ(Parse({})->Value("--from"), std::nullopt);
}

TEST(Arguments, ShortOptionsTakeTheirValueWithOrWithoutASpace) {
  const auto arguments = Parse({"-D", "a=1", "-Db=2"});
  EXPECT_EQ(arguments->Values("-D"), (std::vector<std::string>{"a=1", "b=2"}));
}

TEST(Arguments, FlagsAreGivenAndTakenBack) {
  EXPECT_TRUE(Parse({"--fresh"})->Flag("--fresh"));
  EXPECT_TRUE(Parse({"--fresh=true"})->Flag("--fresh"));
  EXPECT_FALSE(Parse({"--fresh=false"})->Flag("--fresh"));
  EXPECT_FALSE(Parse({})->Flag("--fresh"));
  EXPECT_EQ(Parse({"--fresh", "true"})->words, std::vector<std::string>{"true"});
}

TEST(Arguments, WordsMayStandAnywhere) {
  EXPECT_EQ(Parse({"show", "--from", "1", "7"})->words, (std::vector<std::string>{"show", "7"}));
  EXPECT_EQ(Parse({"--", "--from"})->words, std::vector<std::string>{"--from"});
  EXPECT_EQ(Parse({"-"})->words, std::vector<std::string>{"-"});
}

TEST(Arguments, AnUnknownOptionNamesTheNearest) {
  EXPECT_EQ(MessageOf({"--paralelism", "2"}),
            "unknown option \"--paralelism\"; did you mean \"--parallelism\"?");
  EXPECT_EQ(MessageOf({"--zzzzzzzz"}), "unknown option \"--zzzzzzzz\"");
}

TEST(Arguments, MistakesAreNamed) {
  EXPECT_EQ(MessageOf({"--from"}), "--from needs a value; write --from WHICH");
  EXPECT_EQ(MessageOf({"--from", "--fresh"}), "--from needs a value; write --from WHICH");
  EXPECT_EQ(MessageOf({"--from", "1", "--from=2"}), "--from is given twice");
  EXPECT_EQ(MessageOf({"--fresh=yes"}), "--fresh takes no value, or true or false, not \"yes\"");
}

TEST(Arguments, UnknownOptionsCanBePassedOver) {
  const std::vector<std::string> line = {"--input", "a.csv", "--from", "7", "--out=b"};
  const auto arguments = ParseArguments(line, kKnown, Unknown::kSkip);
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->Value("--from"), "7");
}

TEST(Arguments, HelpHasOneLineForShortOptionsAndTwoForLongOnes) {
  const std::vector<OptionSpec> options = {{"--from", "WHICH", "where to start", "latest"},
                                           {"--a-rather-long-name", "SOMETHING", "what it does"}};
  EXPECT_EQ(DescribeOptions(options),
            "  --from WHICH               where to start (latest)\n"
            "  --a-rather-long-name SOMETHING\n"
            "                             what it does\n");
}

}  // namespace
}  // namespace weir::cli
