#include "weir/cli/help.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "weir/api/config.h"

namespace weir::cli {
namespace {

std::string HelpOf(const CommandSpec& command) {
  const std::vector<OptionSpec> program = {
      {.name = "--input", .value = "TEXT", .help = "where to read", .default_value = "a.csv"}};
  return CommandHelp("./clicks", command, "clicks", program);
}

// A line that begins with a word, two columns in.
bool HasLine(const std::string& help, const std::string& word) {
  const size_t at = help.find("\n  " + word);
  if (at == std::string::npos) return false;
  const char behind = help[at + 3 + word.size()];
  return behind == ' ' || behind == '\n';
}

TEST(Help, NamesEveryOptionWordSettingAndCode) {
  for (const CommandSpec& command : Commands()) {
    const std::string help = HelpOf(command);
    SCOPED_TRACE(help);
    for (const OptionSpec& option : command.options) {
      EXPECT_TRUE(HasLine(help, option.name)) << option.name;
      EXPECT_NE(help.find(option.help), std::string::npos) << option.name;
      for (const std::string& choice : option.choices)
        EXPECT_NE(option.help.find(choice), std::string::npos) << option.name << ' ' << choice;
    }
    EXPECT_TRUE(HasLine(help, "--input"));
    for (const WordSpec& word : command.words) EXPECT_TRUE(HasLine(help, word.name)) << word.name;
    const bool settings =
        std::ranges::find(command.options, "-D", &OptionSpec::name) != command.options.end();
    for (const api::ConfigKey& key : api::ConfigKeys())
      EXPECT_EQ(HasLine(help, std::string(key.name)), settings) << key.name;
    for (const HelpLine& code : command.exit_codes) EXPECT_TRUE(HasLine(help, code.what));
  }
}

TEST(Help, EveryCommandHasAllSections) {
  for (const CommandSpec& command : Commands()) {
    EXPECT_FALSE(command.summary.empty()) << command.name;
    EXPECT_FALSE(command.synopsis.empty()) << command.name;
    EXPECT_TRUE(command.description.ends_with(".\n")) << command.name;
    EXPECT_FALSE(command.exit_codes.empty()) << command.name;
    EXPECT_FALSE(command.examples.empty()) << command.name;
    for (const HelpLine& example : command.examples)
      EXPECT_TRUE(example.what.starts_with(command.name)) << example.what;
  }
}

TEST(Help, ExamplesUseOptionsThatThereAre) {
  for (const CommandSpec& command : Commands()) {
    for (const HelpLine& example : command.examples) {
      const std::string line = example.what.substr(0, example.what.find_first_of("|>&"));
      std::istringstream words(line);
      for (std::string word; words >> word;) {
        if (!word.starts_with("-")) continue;
        EXPECT_NE(std::ranges::find(command.options, word, &OptionSpec::name),
                  command.options.end())
            << example.what;
      }
    }
  }
}

TEST(Help, FitsATerminal) {
  for (const CommandSpec& command : Commands()) {
    std::istringstream lines(HelpOf(command));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
  }
}

TEST(Help, OfAllCommandsNamesEachWithItsWords) {
  const std::string help = MainHelp("./clicks");
  for (const CommandSpec& command : Commands()) {
    EXPECT_TRUE(!command.words.empty() || HasLine(help, command.name)) << command.name;
    for (const WordSpec& word : command.words)
      EXPECT_TRUE(HasLine(help, command.name + " " + word.name)) << word.name;
  }
}

}  // namespace
}  // namespace weir::cli
