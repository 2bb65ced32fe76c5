#include "weir/record/scalar_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "weir/record/type_traits.h"

namespace weir::record {
namespace {

std::string Json(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

std::string Csv(std::string_view text) {
  std::string out;
  AppendCsvString(text, out);
  return out;
}

template <class T>
bool Parses(std::string_view text) {
  T value{};
  return TypeTraits<T>::ParseCsv(text, value);
}

TEST(JsonNumber, KeepsTheExtremesOfIntegersAsPlainNumbers) {
  EXPECT_EQ(ToJson(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(ToJson(std::numeric_limits<int64_t>::max()), "9223372036854775807");
  EXPECT_EQ(ToJson(std::numeric_limits<uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(ToJson(int8_t{-128}), "-128");
  EXPECT_EQ(ToJson(uint8_t{65}), "65");
}

TEST(JsonNumber, IsTheShortestThatReadsBack) {
  EXPECT_EQ(ToJson(0.1), "0.1");
  EXPECT_EQ(ToJson(0.1f), "0.1");
  EXPECT_EQ(ToJson(1.0), "1");
  EXPECT_EQ(ToJson(-0.0), "-0");
  EXPECT_EQ(ToJson(1e300), "1e+300");
  EXPECT_EQ(ToJson(std::numeric_limits<double>::denorm_min()), "5e-324");
  EXPECT_EQ(ToJson(std::nextafter(0.1, 1.0)), "0.10000000000000002");
}

TEST(JsonNumber, IsAStringWhereJsonHasNoNumber) {
  EXPECT_EQ(ToJson(std::numeric_limits<double>::quiet_NaN()), "\"NaN\"");
  EXPECT_EQ(ToJson(std::numeric_limits<double>::infinity()), "\"Infinity\"");
  EXPECT_EQ(ToJson(-std::numeric_limits<float>::infinity()), "\"-Infinity\"");
}

TEST(JsonString, EscapesQuotesAndControlCharacters) {
  EXPECT_EQ(Json(""), R"("")");
  EXPECT_EQ(Json("a\"b\\c/"), R"("a\"b\\c/")");
  EXPECT_EQ(Json("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(Json(std::string_view("\0\x01\x1f\x7f", 4)), R"("\u0000\u0001\u001f\u007f")");
}

TEST(JsonString, KeepsUtf8) {
  for (const std::string text : {"é", "€", "𝄞", "\uD7FF", "\uE000", "\U0010FFFF"})
    EXPECT_EQ(Json(text), '"' + text + '"');
}

TEST(JsonString, ReplacesEachByteThatIsNotUtf8) {
  EXPECT_EQ(Json("a\xFFz"), R"("a\ufffdz")");
  EXPECT_EQ(Json("\x80"), R"("\ufffd")");                      // continuation without lead
  EXPECT_EQ(Json("\xC3"), R"("\ufffd")");                      // cut short
  EXPECT_EQ(Json("\xE2\x82"), R"("\ufffd\ufffd")");            // cut short
  EXPECT_EQ(Json("\xC0\x80"), R"("\ufffd\ufffd")");            // too long a form
  EXPECT_EQ(Json("\xE0\x80\x80"), R"("\ufffd\ufffd\ufffd")");  // too long a form
  EXPECT_EQ(Json("\xED\xA0\x80"), R"("\ufffd\ufffd\ufffd")");  // a surrogate
  EXPECT_EQ(Json("\xF4\x90\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")");  // above U+10FFFF
  EXPECT_EQ(Json("\xF5\x80\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")");
}

TEST(BareString, StaysOneLine) {
  std::string out;
  AppendBareString("say \"é\"\n\\", out);
  EXPECT_EQ(out, "say \"é\"\\n\\");
}

TEST(CsvString, IsQuotedWhenItMust) {
  EXPECT_EQ(Csv("plain text"), "plain text");
  EXPECT_EQ(Csv("a,b"), "\"a,b\"");
  EXPECT_EQ(Csv("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(Csv("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(Csv("\r"), "\"\r\"");
  EXPECT_EQ(Csv(""), "\"\"");
}

TEST(ParseInteger, KnowsTheRangeOfEachWidth) {
  EXPECT_TRUE(Parses<int8_t>("-128"));
  EXPECT_TRUE(Parses<int8_t>("127"));
  EXPECT_FALSE(Parses<int8_t>("128"));
  EXPECT_FALSE(Parses<int8_t>("-129"));
  EXPECT_TRUE(Parses<uint16_t>("65535"));
  EXPECT_FALSE(Parses<uint16_t>("65536"));
  EXPECT_FALSE(Parses<uint16_t>("-1"));
  EXPECT_TRUE(Parses<int64_t>("-9223372036854775808"));
  EXPECT_FALSE(Parses<int64_t>("9223372036854775808"));
  EXPECT_TRUE(Parses<uint64_t>("18446744073709551615"));
  EXPECT_FALSE(Parses<uint64_t>("18446744073709551616"));
}

TEST(ParseInteger, WantsTheWholeField) {
  for (const char* text : {"", " 1", "1 ", "+1", "1.0", "0x1", "one", "1,000", "--1"})
    EXPECT_FALSE(Parses<int64_t>(text)) << text;
  EXPECT_TRUE(Parses<int64_t>("007"));
}

TEST(ParseNumber, WantsTheWholeField) {
  for (const char* text : {"", " 1", "1 ", "+1", "1e", "1,5", "0x1p3", "1e999", "-"})
    EXPECT_FALSE(Parses<double>(text)) << text;
  for (const char* text : {"1", "-1.5", "1e3", ".5", "inf", "nan"})
    EXPECT_TRUE(Parses<double>(text)) << text;
  EXPECT_FALSE(Parses<float>("1e39"));
}

TEST(ParseBool, KnowsTwoWords) {
  EXPECT_TRUE(Parses<bool>("true"));
  EXPECT_TRUE(Parses<bool>("false"));
  for (const char* text : {"", "True", "1", "yes", "true "})
    EXPECT_FALSE(Parses<bool>(text)) << text;
}

TEST(Parse, LeavesTheValueAloneWhenItFails) {
  int64_t integer = 5;
  EXPECT_FALSE(TypeTraits<int64_t>::ParseCsv("x", integer));
  EXPECT_EQ(integer, 5);
  double number = 0.5;
  EXPECT_FALSE(TypeTraits<double>::ParseCsv("1e999", number));
  EXPECT_EQ(number, 0.5);
}

}  // namespace
}  // namespace weir::record
