#include "weir/api/values.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>

namespace weir::api {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

template <class T>
std::string Refused(const StatusOr<T>& value) {
  EXPECT_FALSE(value.ok());
  EXPECT_EQ(value.status().code(), StatusCode::kInvalidArgument);
  return std::string(value.status().message());
}

TEST(ParseInteger, ReadsWholeNumbersOf64Bits) {
  EXPECT_EQ(ParseInteger("0").value(), 0);
  EXPECT_EQ(ParseInteger("-12").value(), -12);
  EXPECT_EQ(ParseInteger("9223372036854775807").value(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(ParseInteger("-9223372036854775808").value(), std::numeric_limits<int64_t>::min());
}

TEST(ParseInteger, RefusesAnythingElse) {
  EXPECT_EQ(Refused(ParseInteger("12,5O")), "\"12,5O\" is not an integer of 64 bits");
  for (const char* text : {"", " 1", "1 ", "+1", "1.0", "0x10", "9223372036854775808"}) {
    EXPECT_FALSE(ParseInteger(text).ok()) << text;
  }
}

TEST(ParseDouble, ReadsFiniteNumbers) {
  EXPECT_EQ(ParseDouble("1.5").value(), 1.5);
  EXPECT_EQ(ParseDouble("-2e-3").value(), -2e-3);
  EXPECT_EQ(Refused(ParseDouble("nan")), "\"nan\" is not a number");
  for (const char* text : {"", "inf", "1.5x", "1e999"})
    EXPECT_FALSE(ParseDouble(text).ok()) << text;
}

TEST(ParseBool, IsStrict) {
  EXPECT_TRUE(ParseBool("true").value());
  EXPECT_FALSE(ParseBool("false").value());
  EXPECT_EQ(Refused(ParseBool("yes")), "\"yes\" is neither true nor false");
}

TEST(ParseDuration, ReadsEveryUnit) {
  EXPECT_EQ(ParseDuration("7ns").value(), Duration(7));
  EXPECT_EQ(ParseDuration("7 us").value(), microseconds(7));
  EXPECT_EQ(ParseDuration("200ms").value(), milliseconds(200));
  EXPECT_EQ(ParseDuration("5 s").value(), seconds(5));
  EXPECT_EQ(ParseDuration("1.5 min").value(), seconds(90));
  EXPECT_EQ(ParseDuration("2h").value(), hours(2));
  EXPECT_EQ(ParseDuration("1 d").value(), hours(24));
  EXPECT_EQ(ParseDuration("0").value(), Duration(0));
}

TEST(ParseDuration, RefusesAnythingElse) {
  EXPECT_EQ(Refused(ParseDuration("5")),
            "\"5\" is not a duration (a number and one of ns, us, ms, s, min, h, d: \"200 ms\")");
  EXPECT_EQ(Refused(ParseDuration("300000 d")), "\"300000 d\" is above 292 years");
  for (const char* text : {"", "s", "-1 s", "5 m", "5 sec", "5 s ", "nan s"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(FormatDuration, IsShortAndReadsBack) {
  EXPECT_EQ(FormatDuration(milliseconds(200)), "200 ms");
  EXPECT_EQ(FormatDuration(seconds(90)), "90 s");
  EXPECT_EQ(FormatDuration(minutes(10)), "10 min");
  EXPECT_EQ(FormatDuration(Duration(1'000'001)), "1000001 ns");
  EXPECT_EQ(FormatDuration(Duration(0)), "0 s");
  for (Duration duration : {Duration(1), Duration(1500), Duration(milliseconds(1500))}) {
    EXPECT_EQ(ParseDuration(FormatDuration(duration)).value(), duration);
  }
}

}  // namespace
}  // namespace weir::api
