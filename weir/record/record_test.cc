#include "weir/record/record.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

struct InNoNamespace {
  int32_t a = 1;
  uint64_t b = 2;
};
WEIR_RECORD(InNoNamespace, a, b);

namespace weir::record {
namespace {

constexpr base::HashSeed kSeed = 0x0123456789ABCDEF;

struct Click {
  std::string user;
  std::string page;
  int64_t at = 0;
};
WEIR_RECORD(Click, user, page, at);

struct Outer {
  struct Inner {
    float x = 0;
  };
  Inner inner;
};
WEIR_RECORD(Outer::Inner, x);
WEIR_RECORD(Outer, inner);

template <class T>
struct Box {
  T content{};
};
template <class T>
WEIR_RECORD(Box<T>, content);

struct Derived : Click {};  // has no WEIR_RECORD of its own

struct Sum {
  int64_t key = 0;
  int64_t sum = 0;
};
WEIR_RECORD(Sum, key, sum);
struct Swapped {
  int64_t key = 0;
  int64_t sum = 0;
};
WEIR_RECORD(Swapped, sum, key);
struct Padded {
  int32_t key = 0;
  int64_t sum = 0;
};
WEIR_RECORD(Padded, key, sum);
struct Grown : Sum {  // no standard layout: members in two classes
  int64_t more = 0;
};
WEIR_RECORD(Grown, key, sum, more);

class Account {  // private members, its own constructors
 public:
  Account() = default;
  explicit Account(int64_t number) : id(number) {}
  int64_t id = 0;

 private:
  [[maybe_unused]] int64_t cached_ = 0;
};
WEIR_RECORD(Account, id);

struct Wide {  // as many fields as a record can have
  uint8_t a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7;
  uint8_t c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7;
  uint8_t e0, e1, e2, e3, e4, e5, e6, e7, f0, f1, f2, f3, f4, f5, f6, f7;
  uint8_t g0, g1, g2, g3, g4, g5, g6, g7, h0, h1, h2, h3, h4, h5, h6, h7;
};
WEIR_RECORD(Wide, a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7, c0, c1, c2, c3,
            c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7, e0, e1, e2, e3, e4, e5, e6, e7, f0, f1,
            f2, f3, f4, f5, f6, f7, g0, g1, g2, g3, g4, g5, g6, g7, h0, h1, h2, h3, h4, h5, h6, h7);

struct User {
  int64_t id = 0;
  std::string name;
};
WEIR_RECORD(User, id, name);

struct Order {  // the worked example of docs/formats/record.md
  std::string customer;
  uint16_t item = 0;
  bool gift = false;
  std::optional<std::string> note;
  std::vector<float> prices;
};
WEIR_RECORD(Order, customer, item, gift, note, prices);

template <class T>
std::string SchemaOf() {
  return TypeTraits<T>::MakeSchema().ToString();
}

TEST(Record, IsFoundInEveryNamespaceAndClassAndTemplate) {
  EXPECT_EQ(SchemaOf<InNoNamespace>(), "InNoNamespace{a: int32, b: uint64}");
  EXPECT_EQ(SchemaOf<Click>(), "Click{user: string, page: string, at: int64}");
  EXPECT_EQ(SchemaOf<Outer>(), "Outer{inner: Outer::Inner{x: float}}");
  EXPECT_EQ(SchemaOf<Box<std::vector<Click>>>(),
            "Box<T>{content: list<Click{user: string, page: string, at: int64}>}");
  EXPECT_EQ(SchemaOf<Account>(), "Account{id: int64}");
}

TEST(Record, OfABaseClassDoesNotCount) {
  EXPECT_TRUE(FieldType<Click>);
  EXPECT_FALSE(FieldType<Derived>);
  EXPECT_FALSE(FieldType<std::vector<Derived>>);
}

TEST(Record, TypesThatWeirDoesNotKnowAreNoFields) {
  EXPECT_FALSE(FieldType<char>);
  EXPECT_FALSE(FieldType<int*>);
  EXPECT_FALSE(FieldType<std::string_view>);
  EXPECT_FALSE((FieldType<std::map<int, char>>));
  EXPECT_FALSE((FieldType<std::variant<int, std::monostate>>));
}

TEST(Record, LiesAsEncodedOnlyInOrderAndWithoutPadding) {
  EXPECT_TRUE(TypeTraits<Sum>::kEncodedAsLies);
  EXPECT_TRUE(TypeTraits<Box<Sum>>::kEncodedAsLies);
  EXPECT_FALSE(TypeTraits<Swapped>::kEncodedAsLies);
  EXPECT_TRUE(TypeTraits<Swapped>::kFlat);
  EXPECT_FALSE(TypeTraits<Padded>::kEncodedAsLies);
  EXPECT_FALSE(TypeTraits<Grown>::kEncodedAsLies);
  EXPECT_FALSE(TypeTraits<Account>::kEncodedAsLies);
  EXPECT_FALSE(TypeTraits<Box<bool>>::kEncodedAsLies);
  EXPECT_FALSE(TypeTraits<Click>::kFlat);
}

TEST(Record, EncodesFieldsInTheOrderOfTheirNames) {
  base::ByteWriter out;
  TypeTraits<Swapped>::Encode({.key = 1, .sum = 2}, out);
  EXPECT_EQ(out.bytes(), std::string("\2\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 16));
}

TEST(Record, GoldenBytes) {
  base::ByteWriter out;
  TypeTraits<Order>::Encode({"bob", 513, true, std::nullopt, {1.5f}}, out);
  EXPECT_EQ(out.bytes(), std::string("\3bob\1\2\1\0\1\0\0\xc0\x3f", 13));
}

TEST(Record, LeavingFieldsOutIsSeen) {
  EXPECT_TRUE((LeavesFieldsOut<Sum, 1>));
  EXPECT_FALSE((LeavesFieldsOut<Sum, 2>));
  EXPECT_TRUE((LeavesFieldsOut<Click, 2>));
  EXPECT_FALSE((LeavesFieldsOut<Click, 3>));
  EXPECT_TRUE((LeavesFieldsOut<Outer, 0>));
  EXPECT_FALSE((LeavesFieldsOut<Outer, 1>));
  EXPECT_FALSE((LeavesFieldsOut<Account, 1>));  // no aggregate
}

TEST(Record, CanHave64Fields) {
  EXPECT_EQ(TypeTraits<Wide>::FieldNames().size(), 64u);
  EXPECT_TRUE(TypeTraits<Wide>::kEncodedAsLies);
  EXPECT_EQ(TypeTraits<Wide>::MakeSchema().field_names.back(), "h7");
}

TEST(Record, ExchangeKeepsBothCapacities) {
  Click from{.user = std::string(100, 'f'), .page = "p", .at = 1};
  Click to{.user = std::string(200, 't'), .page = "", .at = 2};
  TypeTraits<Click>::Exchange(from, to);
  EXPECT_TRUE(TypeTraits<Click>::Equal(to, {.user = std::string(100, 'f'), .page = "p", .at = 1}));
  EXPECT_GE(from.user.capacity(), 200u);
}

TEST(Record, PrintsAsOneJsonObject) {
  EXPECT_EQ(ToJson(Click{"bob", "/\"x\"", -1}), R"({"user":"bob","page":"/\"x\"","at":-1})");
  EXPECT_EQ(ToJson(Box<std::optional<int64_t>>{}), R"({"content":null})");
  EXPECT_EQ(ToJson(Box<std::map<std::string, int64_t>>{{{"a", 1}, {"b", 2}}}),
            R"({"content":{"a":1,"b":2}})");
  EXPECT_EQ(ToJson(Box<std::map<int64_t, bool>>{{{1, true}}}), R"({"content":{"1":true}})");
  EXPECT_EQ(ToJson(Box<std::map<double, bool>>{{{0.5, true}, {1, false}}}),
            R"({"content":[[0.5,true],[1,false]]})");
  EXPECT_EQ(ToJson(Box<std::vector<Outer::Inner>>{{{1.5f}, {0.1f}}}),
            R"({"content":[{"x":1.5},{"x":0.1}]})");
  EXPECT_EQ(ToJson(Box<std::variant<int64_t, std::string>>{"v"}), R"({"content":"v"})");
}

TEST(CsvColumns, AreTheFields) {
  const auto columns = CsvColumns<Click>();
  ASSERT_EQ(columns.size(), 3u);
  EXPECT_EQ(columns[0].name, "user");
  EXPECT_EQ(columns[2].expected, "an integer");
  Click click;
  EXPECT_TRUE(columns[0].parse("bob", click));
  EXPECT_TRUE(columns[2].parse("12", click));
  EXPECT_FALSE(columns[2].parse("12 ", click));
  EXPECT_EQ(click.user, "bob");
  EXPECT_EQ(click.at, 12);
  std::string text;
  columns[2].append(click, text);
  EXPECT_EQ(text, "12");
}

TEST(CsvColumns, OfAScalarAreOne) {
  ASSERT_EQ(CsvColumns<int64_t>().size(), 1u);
  EXPECT_EQ(CsvColumns<int64_t>()[0].name, "value");
  EXPECT_EQ(CsvColumns<std::optional<bool>>()[0].expected, "true or false");
}

TEST(CsvColumns, AreNoneWhereCsvHasNoPlace) {
  EXPECT_TRUE(CsvColumns<Outer>().empty());
  EXPECT_TRUE(CsvColumns<Box<std::vector<int>>>().empty());
  EXPECT_TRUE(CsvColumns<std::vector<int>>().empty());
  EXPECT_TRUE((CsvColumns<Box<std::optional<std::optional<int>>>>().empty()));
}

TEST(CsvColumns, AnEmptyFieldIsAnAbsentValue) {
  std::optional<int64_t> number = 5;
  EXPECT_FALSE(TypeTraits<std::optional<int64_t>>::ParseCsv("x", number));
  EXPECT_TRUE(TypeTraits<std::optional<int64_t>>::ParseCsv("", number));
  EXPECT_EQ(number, std::nullopt);
  EXPECT_TRUE(TypeTraits<std::optional<int64_t>>::ParseCsv("-7", number));
  EXPECT_EQ(number, -7);
}

// The worked examples of docs/formats/key-hash.md, computed with the xxHash library.
TEST(KeyHash, GoldenValuesOfTypes) {
  EXPECT_EQ(TypeTraits<int64_t>::Hash(kSeed, 42), 0xBCEA5640F79D5702u);
  EXPECT_EQ(TypeTraits<int64_t>::Hash(kSeed, std::numeric_limits<int64_t>::min()),
            0x8CB9DF8BF77DF33Du);
  EXPECT_EQ(TypeTraits<bool>::Hash(kSeed, true), 0x62DA9B4ECF9E94BCu);
  EXPECT_EQ(TypeTraits<double>::Hash(kSeed, 1.5), 0x00F242E8AE01B88Eu);
  EXPECT_EQ(TypeTraits<std::string>::Hash(kSeed, "account-17"), 0x14769FF1DD833465u);
  EXPECT_EQ(TypeTraits<User>::Hash(kSeed, {7, "x"}), 0x46BF5FAB779BC126u);
  EXPECT_EQ(TypeTraits<std::optional<std::string>>::Hash(kSeed, "x"), 0xE7FE29DD937D66BEu);
  EXPECT_EQ(TypeTraits<std::vector<int64_t>>::Hash(kSeed, {1, 2}), 0x099BBE5BBA275E17u);
}

TEST(KeyHash, OfAnIntegerDoesNotDependOnItsWidth) {
  const uint64_t minus_one = TypeTraits<int64_t>::Hash(kSeed, -1);
  EXPECT_EQ(TypeTraits<int8_t>::Hash(kSeed, -1), minus_one);
  EXPECT_EQ(TypeTraits<int16_t>::Hash(kSeed, -1), minus_one);
  EXPECT_EQ(TypeTraits<int32_t>::Hash(kSeed, -1), minus_one);
  EXPECT_EQ(TypeTraits<uint8_t>::Hash(kSeed, 200), TypeTraits<uint64_t>::Hash(kSeed, 200));
  EXPECT_EQ(TypeTraits<uint32_t>::Hash(kSeed, 7), TypeTraits<int64_t>::Hash(kSeed, 7));
}

TEST(KeyHash, OfARecordWithOneFieldIsTheFields) {
  EXPECT_EQ(TypeTraits<Box<int64_t>>::Hash(kSeed, {7}), TypeTraits<int64_t>::Hash(kSeed, 7));
}

TEST(KeyHash, ZeroHasOneSignAndNanIsNoKey) {
  EXPECT_EQ(TypeTraits<double>::Hash(kSeed, -0.0), TypeTraits<double>::Hash(kSeed, 0.0));
  EXPECT_EQ(TypeTraits<float>::Hash(kSeed, -0.0f), TypeTraits<double>::Hash(kSeed, 0.0));
  EXPECT_TRUE(TypeTraits<double>::Equal(-0.0, 0.0));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(TypeTraits<double>::ValidKey(0));
  EXPECT_FALSE(TypeTraits<double>::ValidKey(nan));
  EXPECT_FALSE(TypeTraits<float>::ValidKey(std::numeric_limits<float>::quiet_NaN()));
  EXPECT_FALSE(TypeTraits<Box<double>>::ValidKey({nan}));
  EXPECT_FALSE(TypeTraits<std::optional<double>>::ValidKey(nan));
  EXPECT_TRUE(TypeTraits<std::optional<double>>::ValidKey(std::nullopt));
  EXPECT_FALSE(TypeTraits<std::vector<double>>::ValidKey({1, nan}));
  EXPECT_FALSE((TypeTraits<std::map<int, double>>::ValidKey({{1, nan}})));
  EXPECT_FALSE((TypeTraits<std::variant<int, double>>::ValidKey(nan)));
}

TEST(Containers, RefuseCountsThatTheBytesCannotHold) {
  for (const uint64_t count :
       {uint64_t{2}, uint64_t{1} << 40, std::numeric_limits<uint64_t>::max()}) {
    base::ByteWriter out;
    out.Varint(count);
    out.U64(0);  // one element
    base::ByteReader in(out.bytes());
    std::vector<int64_t> list;
    TypeTraits<std::vector<int64_t>>::Decode(in, list);
    EXPECT_FALSE(in.ok());
    EXPECT_LE(list.capacity(), 1u);
  }
}

TEST(Containers, RefuseAKeyTwiceAndAnUnknownAlternative) {
  base::ByteReader twice(std::string_view("\2\1a\1\1a\0", 7));
  std::map<std::string, bool> map;
  TypeTraits<std::map<std::string, bool>>::Decode(twice, map);
  EXPECT_FALSE(twice.ok());
  base::ByteReader unknown(std::string_view("\2\0", 2));
  std::variant<bool, std::string> variant;
  TypeTraits<std::variant<bool, std::string>>::Decode(unknown, variant);
  EXPECT_FALSE(unknown.ok());
}

TEST(Bool, IsOneByteAndNothingBut0And1) {
  for (int byte = 0; byte < 256; ++byte) {
    const char raw = static_cast<char>(byte);
    base::ByteReader in(std::string_view(&raw, 1));
    bool value = false;
    TypeTraits<bool>::Decode(in, value);
    EXPECT_EQ(in.ok(), byte <= 1);
    EXPECT_EQ(value, byte == 1);
  }
}

}  // namespace
}  // namespace weir::record
