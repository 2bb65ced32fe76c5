#include "weir/record/json_input.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "weir/record/record.h"

namespace weir::record {

struct Item {
  std::string name;
  int32_t pieces;
};
WEIR_RECORD(Item, name, pieces);

struct Order {
  int64_t id;
  std::optional<std::string> note;
  std::vector<Item> items;
};
WEIR_RECORD(Order, id, note, items);

namespace {

// What was read, as JSON; or "field: text reason".
template <class T>
std::string Read(JsonInput& in, std::string_view text) {
  // Of its own, so that reading beyond the padding is found.
  const auto padded = std::make_unique<char[]>(text.size() + kJsonPaddingBytes);
  text.copy(padded.get(), text.size());
  T value{};
  if (in.Read({padded.get(), text.size()}, &TypeTraits<T>::ParseJson, value)) return ToJson(value);
  const JsonProblem& problem = in.problem();
  return std::string(problem.field)
      .append(": ")
      .append(problem.text)
      .append(" ")
      .append(problem.reason);
}
template <class T>
std::string Read(std::string_view text) {
  JsonInput in;
  return Read<T>(in, text);
}

TEST(JsonInput, FieldsInAnyOrder) {
  const std::string order = R"({"id":7,"note":"x","items":[{"name":"a","pieces":1}]})";
  EXPECT_EQ(Read<Order>(order), order);
  EXPECT_EQ(
      Read<Order>(R"( { "items" : [ { "pieces" : 1 , "name" : "a" } ] , "note":"x", "id":7 } )"),
      order);
}

TEST(JsonInput, OtherFieldsAreSteppedOver) {
  EXPECT_EQ(Read<Item>(R"({"x":[1,{"name":"b"}],"name":"a","y":{"pieces":2},"pieces":1,"z":null})"),
            R"({"name":"a","pieces":1})");
}

TEST(JsonInput, NamesMayBeEscaped) {
  EXPECT_EQ(Read<Item>(R"({"n\u0061me":"a","p\u0069eces":1})"), R"({"name":"a","pieces":1})");
  EXPECT_EQ(Read<Item>(R"({"name\"":"b","name":"a","pieces":1})"), R"({"name":"a","pieces":1})");
}

TEST(JsonInput, OnlyOptionalFieldsMayBeMissing) {
  EXPECT_EQ(Read<Order>(R"({"id":7,"items":[]})"), R"({"id":7,"note":null,"items":[]})");
  EXPECT_EQ(Read<Order>(R"({"id":7,"note":null,"items":[]})"),
            R"({"id":7,"note":null,"items":[]})");
  EXPECT_EQ(Read<Order>(R"({"id":7,"note":"x"})"), "items:  is missing");
  EXPECT_EQ(Read<Order>(R"({"id":7,"items":[{"name":"a","pieces":1},{"name":"b"}]})"),
            "items[1].pieces:  is missing");
  EXPECT_EQ(Read<Order>(R"({"id":null,"items":[]})"), "id: null is not an integer");
}

TEST(JsonInput, WhatTheRecordHeldBeforeIsGone) {
  JsonInput in;
  Order order{.id = 1, .note = "x", .items = {{"a", 1}}};
  const std::string text = R"({"id":2,"items":[]})" + std::string(kJsonPaddingBytes, ' ');
  ASSERT_TRUE(in.Read(text, &TypeTraits<Order>::ParseJson, order));
  EXPECT_EQ(ToJson(order), R"({"id":2,"note":null,"items":[]})");
}

TEST(JsonInput, AFieldThatStandsThereTwiceIsRefused) {
  EXPECT_EQ(Read<Item>(R"({"name":"a","pieces":1,"name":"b"})"), "name: \"b\" stands there twice");
  EXPECT_EQ(Read<Item>(R"({"x":1,"name":"a","x":2,"pieces":1})"), R"({"name":"a","pieces":1})");
}

TEST(JsonInput, IntegersKeepToTheirType) {
  EXPECT_EQ(Read<int64_t>("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(Read<int64_t>("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(Read<int64_t>("9223372036854775808"),
            ": 9223372036854775808 is not between -9223372036854775808 and 9223372036854775807");
  EXPECT_EQ(Read<uint64_t>("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(Read<uint64_t>("18446744073709551616"),
            ": 18446744073709551616 is not between 0 and 18446744073709551615");
  EXPECT_EQ(Read<uint64_t>("-1"), ": -1 is not between 0 and 18446744073709551615");
  EXPECT_EQ(Read<std::vector<int8_t>>("[127,-128]"), "[127,-128]");
  EXPECT_EQ(Read<std::vector<int8_t>>("[127,128]"), "[1]: 128 is not between -128 and 127");
  EXPECT_EQ(Read<int32_t>("1.0"), ": 1.0 is not an integer");
  EXPECT_EQ(Read<int32_t>("1e3"), ": 1e3 is not an integer");
  EXPECT_EQ(Read<int32_t>("01"), ": 01 is not an integer");
  EXPECT_EQ(Read<int32_t>("\"1\""), ": \"1\" is not an integer");
}

TEST(JsonInput, NumbersOfEachKind) {
  EXPECT_EQ(Read<double>("-1.5e3"), "-1500");
  EXPECT_EQ(Read<double>("3"), "3");
  EXPECT_EQ(Read<double>("1e400"), ": 1e400 is too large for this number");
  EXPECT_EQ(Read<float>("1e39"), ": 1e39 is too large for this number");
  EXPECT_EQ(Read<double>("nan"), ": nan is not a number");
  EXPECT_EQ(Read<double>("true"), ": true is not a number");
  EXPECT_EQ(Read<double>("\"NaN\""), "\"NaN\"");
  EXPECT_EQ(Read<std::vector<double>>(R"(["Infinity","-Infinity","x"])"),
            "[2]: \"x\" is not a number");
  EXPECT_EQ(Read<std::vector<double>>(R"(["Infinity","-Infinity"])"),
            R"(["Infinity","-Infinity"])");
  EXPECT_EQ(Read<bool>("true"), "true");
  EXPECT_EQ(Read<bool>("True"), ": True is not true or false");
}

TEST(JsonInput, TextsAreUnescaped) {
  JsonInput in;
  std::vector<std::string> texts;
  const std::string json =
      R"(["","plain","a\"b\\\n","\u00e9\ud83d\ude00","é"])" + std::string(kJsonPaddingBytes, ' ');
  ASSERT_TRUE(in.Read(json, &TypeTraits<std::vector<std::string>>::ParseJson, texts));
  EXPECT_EQ(texts, (std::vector<std::string>{"", "plain", "a\"b\\\n", "é😀", "é"}));
  EXPECT_EQ(Read<std::string>(R"("a\tb")"), R"("a\tb")");
  EXPECT_EQ(Read<std::string>("\"plain\""), "\"plain\"");
  EXPECT_EQ(Read<std::vector<std::string>>(R"(["\x"])"),
            "[0]: \"\\x\" a text in it holds an escape that JSON does not have");
  EXPECT_EQ(Read<std::vector<std::string>>("[1]"), "[0]: 1 is not a text");
}

TEST(JsonInput, MapsByNameAndMapsAsPairs) {
  EXPECT_EQ((Read<std::map<std::string, int>>(R"({"b":2,"a":1})")), R"({"a":1,"b":2})");
  EXPECT_EQ((Read<std::map<int, bool>>(R"({"2":true,"-1":false})")), R"({"-1":false,"2":true})");
  EXPECT_EQ((Read<std::map<int, bool>>(R"({"x":true})")), "x:  has a name that is not an integer");
  EXPECT_EQ((Read<std::map<int, bool>>(R"({"2":1})")), "2: 1 is not true or false");
  EXPECT_EQ((Read<std::map<int, int>>(R"({"2":1,"2":3})")), "2: 3 stands there twice");
  EXPECT_EQ((Read<std::map<bool, int>>("[[true,1],[false,2]]")), "[[false,2],[true,1]]");
  EXPECT_EQ((Read<std::map<bool, int>>("[[true,1,2]]")),
            "[0][2]: 2 is not the end of a pair of key and value");
  EXPECT_EQ((Read<std::map<bool, int>>("[[true]]")), "[0]: true is not a pair of key and value");
}

TEST(JsonInput, WhatIsNoJsonIsRefused) {
  const std::string misplaced =
      " is not JSON: a bracket, comma, colon or value is missing or out of place";
  for (const std::string text :
       {R"({"name":"a","pieces":1)", R"({"name":"a" "pieces":1})", R"({"name":"a",})",
        R"({"name" "a","pieces":1})", R"({name:"a"})"}) {
    EXPECT_EQ(Read<Item>(text), ": " + text + misplaced);
  }
  EXPECT_EQ(Read<Item>(R"({"name":"a)"),
            R"(: {"name":"a is not JSON: a text in it has no closing quote)");
  EXPECT_EQ(Read<Item>("{\"name\":\"a\tb\"}"),
            ": {\"name\":\"a\tb\"} is not JSON: a text in it holds a control character");
  EXPECT_EQ(Read<Item>("{\"name\":\"\xff\"}"),
            ": {\"name\":\"\xff\"} is not JSON: it holds bytes that are not UTF-8");
  EXPECT_EQ(Read<Item>(""), ":  is not JSON: there is nothing");
  EXPECT_EQ(Read<Item>("[]"), ": [ is not an object");
  EXPECT_EQ(Read<std::vector<int>>("{}"), ": { is not an array");
  EXPECT_EQ(Read<Item>("7"), ": 7 is not an object");
}

TEST(JsonInput, OneValueATime) {
  const std::string behind = " stands behind the value: one value a line";
  EXPECT_EQ(Read<Item>(R"({"name":"a","pieces":1}{"name":"b"})"), R"(: {"name":"b"})" + behind);
  EXPECT_EQ(Read<std::vector<int>>("[1][2]"), ": [2]" + behind);
  EXPECT_EQ(Read<int>("1 2"), ": 1 2 is not an integer");
  EXPECT_EQ(Read<double>("1.5 2"), ": 1.5 2 is not a number");
  EXPECT_EQ(Read<std::string>("\"a\" 2"), ": 2" + behind);
}

std::string Nested(size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(JsonInput, DeepNestingNeedsNoStack) {
  // Stepped over.
  EXPECT_EQ(Read<Item>("{\"x\":" + Nested(1'000'000) + ",\"name\":\"a\",\"pieces\":1}"),
            R"({"name":"a","pieces":1})");
  // Where a field is expected.
  EXPECT_EQ(Read<Item>("{\"name\":" + Nested(10'000) + ",\"pieces\":1}"), "name: [ is not a text");
}

TEST(JsonInput, GoesOnAfterATextThatWasRefused) {
  JsonInput in;
  EXPECT_EQ(Read<Item>(in, "{").substr(0, 3), ": {");
  EXPECT_EQ(Read<Item>(in, R"({"name":"a","pieces":1})"), R"({"name":"a","pieces":1})");
  const std::string longer(5 << 20, 'x');
  EXPECT_EQ(Read<std::string>(in, "\"" + longer + "\"").size(), longer.size() + 2);
  EXPECT_EQ(Read<Item>(in, R"({"name":"b","pieces":1})"), R"({"name":"b","pieces":1})");
}

// Every beginning of a text is refused, and no byte behind the padding is looked at.
TEST(JsonInput, NoBeginningOfATextIsTakenForAllOfIt) {
  JsonInput in;
  const std::string order =
      R"({"id":-12,"note":"x\"y","items":[{"name":"a","pieces":1}],"z":[{"q":null},true,1.5e3]})";
  for (size_t size = 0; size < order.size(); ++size) {
    EXPECT_TRUE(Read<Order>(in, order.substr(0, size)).find(" is ") != std::string::npos) << size;
  }
  EXPECT_TRUE(Read<Order>(in, order).starts_with("{\"id\":-12"));
}

static_assert(JsonReadable<Order> && !JsonReadable<std::variant<int, bool>>);

}  // namespace
}  // namespace weir::record
