#include "weir/api/program_options.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>

namespace weir::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Place kHere = std::source_location::current();

// The messages of all errors, joined.
std::string Errors(const ProgramOptions& options) {
  std::string all;
  for (const ProgramError& error : options.errors())
    all += (all.empty() ? "" : " | ") + error.message;
  return all;
}

TEST(ProgramOptions, TypeIsThatOfTheDefault) {
  ProgramOptions options({});
  const std::string text = DeclareOption(options, "input", "clicks.csv", "", kHere);
  const std::string owned = DeclareOption(options, "out", std::string("counts"), "", kHere);
  const int small = DeclareOption(options, "subtasks", 2, "", kHere);
  const int64_t large = DeclareOption(options, "rate", int64_t{250'000}, "", kHere);
  const double ratio = DeclareOption(options, "ratio", 0.5, "", kHere);
  const bool header = DeclareOption(options, "header", true, "", kHere);
  const Duration wait = DeclareOption(options, "wait", seconds(5), "", kHere);
  EXPECT_EQ(text, "clicks.csv");
  EXPECT_EQ(owned, "counts");
  EXPECT_EQ(small, 2);
  EXPECT_EQ(large, 250'000);
  EXPECT_EQ(ratio, 0.5);
  EXPECT_EQ(header, true);
  EXPECT_EQ(wait, seconds(5));
  EXPECT_EQ(Errors(options), "");
}

TEST(ProgramOptions, GivenValueReplacesTheDefault) {
  ProgramOptions options({{"input", "a.csv"},
                          {"rate", "-3"},
                          {"ratio", "1e3"},
                          {"header", "false"},
                          {"wait", "20ms"}});
  EXPECT_EQ(DeclareOption(options, "input", "clicks.csv", "", kHere), "a.csv");
  EXPECT_EQ(DeclareOption(options, "rate", 1, "", kHere), -3);
  EXPECT_EQ(DeclareOption(options, "ratio", 0.5, "", kHere), 1000.0);
  EXPECT_EQ(DeclareOption(options, "header", true, "", kHere), false);
  EXPECT_EQ(DeclareOption(options, "wait", seconds(5), "", kHere), milliseconds(20));
  EXPECT_EQ(Errors(options), "");
}

TEST(ProgramOptions, WrongValueNamesTheOptionAndIsTheDefault) {
  ProgramOptions options(OptionValues{{"rate", "12,5O"}, {"small", "40000"}, {"header", "yes"}});
  EXPECT_EQ(DeclareOption(options, "rate", int64_t{7}, "", kHere), 7);
  EXPECT_EQ(DeclareOption(options, "small", int16_t{8}, "", kHere), 8);
  EXPECT_EQ(DeclareOption(options, "header", true, "", kHere), true);
  EXPECT_EQ(Errors(options),
            "option \"rate\": \"12,5O\" is not an integer of 64 bits | option \"small\": 40000 is "
            "not in the range -32768 to 32767 | option \"header\": \"yes\" is neither true nor "
            "false");
  EXPECT_EQ(options.errors()[0].place.ToString(), kHere.ToString());
}

TEST(ProgramOptions, UnknownNameNamesTheNearest) {
  ProgramOptions options(OptionValues{{"imput", "a.csv"}, {"colour", "red"}});
  DeclareOption(options, "input", "clicks.csv", "", kHere);
  EXPECT_EQ(Errors(options),
            "unknown option \"colour\" | unknown option \"imput\"; did you mean \"input\"?");
}

TEST(ProgramOptions, TwoDeclarationsAreAMistake) {
  ProgramOptions options({});
  DeclareOption(options, "input", "a", "", kHere);
  DeclareOption(options, "input", "b", "", kHere);
  EXPECT_EQ(Errors(options), "option \"input\" is declared at " + kHere.ToString() +
                                 " already: declare it once and keep the value");
}

TEST(ProgramOptions, NameIsOneForACommandLine) {
  ProgramOptions options({});
  for (const char* name : {"", "Input", "in put", "-in", "in_put"})
    DeclareOption(options, name, "", "", kHere);
  EXPECT_EQ(options.errors().size(), 5u);
  EXPECT_EQ(options.errors()[1].message,
            "option \"Input\": write its name with a-z, 0-9 and -, beginning with a letter");
}

TEST(ProgramOptions, DeclaredOnesAreThereForHelp) {
  ProgramOptions options(OptionValues{{"wait", "20ms"}});
  DeclareOption(options, "ratio", 0.1, "how much", kHere);
  DeclareOption(options, "wait", seconds(5), "how long", kHere);
  ASSERT_EQ(options.declared().size(), 2u);
  EXPECT_EQ(options.declared()[0].type, "number");
  EXPECT_EQ(options.declared()[0].default_value, "0.1");
  EXPECT_EQ(options.declared()[1].name, "wait");
  EXPECT_EQ(options.declared()[1].default_value, "5 s");
  EXPECT_EQ(options.declared()[1].help, "how long");
  EXPECT_EQ(options.values(), (OptionValues{{"ratio", "0.1"}, {"wait", "20ms"}}));
}

}  // namespace
}  // namespace weir::api
