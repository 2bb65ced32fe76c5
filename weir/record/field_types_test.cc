// Every type that may be a field, a key, a value or a record, through everything that the engine
// does with it.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "weir/record/batch_codec.h"
#include "weir/record/typed_ops.h"

namespace weir::record {
namespace {

struct Point {
  int32_t x = 0;
  int32_t y = 0;
};
WEIR_RECORD(Point, x, y);

struct Flagged {  // flat, but not as it lies: a bool and padding
  int64_t id = 0;
  bool on = false;
};
WEIR_RECORD(Flagged, id, on);

struct Order {
  std::string customer;
  Point at;
  std::optional<std::string> note;
  std::vector<Flagged> items;
  std::map<std::string, double> prices;
  std::variant<int64_t, std::string> payment;
};
WEIR_RECORD(Order, customer, at, note, items, prices, payment);

template <class A, class B>
struct Pair {
  A first{};
  B second{};
};
template <class A, class B>
WEIR_RECORD((Pair<A, B>), first, second);

class Fixed2 {  // a type that joins by its own trait
 public:
  Fixed2() = default;
  explicit Fixed2(int64_t hundredths) : hundredths_(hundredths) {}
  int64_t hundredths() const { return hundredths_; }
  bool operator==(const Fixed2&) const = default;

 private:
  int64_t hundredths_ = 0;
};

}  // namespace
}  // namespace weir::record

template <>
struct weir::TypeTraits<weir::record::Fixed2> : weir::OwnType<weir::record::Fixed2> {
  using Fixed2 = weir::record::Fixed2;
  static weir::record::Schema MakeSchema() {
    return {.kind = weir::record::TypeKind::kOpaque, .name = "fixed2"};
  }
  static void Encode(const Fixed2& v, weir::base::ByteWriter& out) {
    out.SignedVarint(v.hundredths());
  }
  static void Decode(weir::base::ByteReader& in, Fixed2& v) { v = Fixed2(in.SignedVarint()); }
  static void AppendJson(const Fixed2& v, std::string& out) {
    weir::record::AppendNumber(static_cast<double>(v.hundredths()) / 100, out);
  }
};

namespace weir::record {
namespace {

std::string LongText() { return std::string(100, 'x'); }

// Values of each type that differ from each other; the first of a number are its extremes.
template <class T>
struct Samples {
  static std::vector<T> Make() {
    using Limits = std::numeric_limits<T>;
    return {Limits::lowest(), Limits::max(), T{1}, T{2}, T{42}};
  }
};
template <>
struct Samples<bool> {
  static std::vector<bool> Make() { return {false, true}; }
};
template <>
struct Samples<double> {
  static std::vector<double> Make() {
    using Limits = std::numeric_limits<double>;
    return {Limits::lowest(),   Limits::max(),      0.0, 0.1, Limits::denorm_min(),
            Limits::infinity(), -Limits::infinity()};
  }
};
template <>
struct Samples<std::string> {
  static std::vector<std::string> Make() {
    return {
        "",        "a", std::string("\0\xFF\n\"", 4), "exactly15 bytes", "and these are 22 bytes",
        LongText()};
  }
};
template <class T>
struct Samples<std::optional<T>> {
  static std::vector<std::optional<T>> Make() {
    std::vector<std::optional<T>> all = {std::nullopt};
    for (const T& value : Samples<T>::Make()) all.emplace_back(value);
    return all;
  }
};
template <class T>
struct Samples<std::vector<T>> {
  static std::vector<std::vector<T>> Make() {
    const std::vector<T> all = Samples<T>::Make();
    return {{}, {all[0]}, {all[1], all[0]}, all};
  }
};
template <>
struct Samples<std::map<std::string, int64_t>> {
  static std::vector<std::map<std::string, int64_t>> Make() {
    return {{}, {{"a", 1}}, {{"a", 2}}, {{"b", 1}, {LongText(), -1}}};
  }
};
template <>
struct Samples<std::map<int32_t, std::vector<std::string>>> {
  static std::vector<std::map<int32_t, std::vector<std::string>>> Make() {
    return {{}, {{-1, {}}}, {{-1, {"x"}}, {1, {LongText(), ""}}}};
  }
};
template <>
struct Samples<std::variant<int64_t, std::string, bool>> {
  static std::vector<std::variant<int64_t, std::string, bool>> Make() {
    return {int64_t{7}, "7", LongText(), true, false};
  }
};
template <>
struct Samples<std::variant<int32_t, float>> {
  static std::vector<std::variant<int32_t, float>> Make() { return {1, 1.0f, -1}; }
};
template <>
struct Samples<Point> {
  static std::vector<Point> Make() { return {{0, 0}, {1, 2}, {2, 1}, {-1, 7}}; }
};
template <>
struct Samples<Flagged> {
  static std::vector<Flagged> Make() { return {{1, true}, {1, false}, {-1, false}}; }
};
template <>
struct Samples<Order> {
  static std::vector<Order> Make() {
    return {{},
            {"bob", {1, 2}, "by door", {{1, true}, {2, false}}, {{"a", 0.5}}, "cash"},
            {LongText(), {}, LongText(), {}, {}, 12}};
  }
};
template <>
struct Samples<Pair<std::string, Point>> {
  static std::vector<Pair<std::string, Point>> Make() { return {{"", {1, 2}}, {LongText(), {}}}; }
};
template <>
struct Samples<Fixed2> {
  static std::vector<Fixed2> Make() { return {Fixed2(0), Fixed2(-150), Fixed2(12345)}; }
};

template <class T>
std::string Encoded(const T& value) {
  base::ByteWriter out;
  TypeTraits<T>::Encode(value, out);
  return out.Take();
}

template <class T>
bool Decodes(std::string_view bytes, T& value) {
  base::ByteReader in(bytes);
  TypeTraits<T>::Decode(in, value);
  return in.Check("value", base::ByteReader::Rest::kMustBeEmpty).ok();
}

template <class T>
BatchPtr BatchOf(const std::vector<T>& values) {
  BatchPtr batch = std::make_unique<AnyBatch>(TypeOpsOf<T>());
  uint32_t row = 0;
  for (const T& value : values) batch->Rows<T>()[row++] = value;
  batch->set_size(row);
  return batch;
}

template <class T>
::testing::AssertionResult Holds(const AnyBatch& batch, const std::vector<T>& values) {
  if (batch.size() != values.size())
    return ::testing::AssertionFailure() << batch.size() << " rows, not " << values.size();
  for (uint32_t i = 0; i < batch.size(); ++i) {
    if (TypeTraits<T>::Equal(batch.Rows<T>()[i], values[i])) continue;
    return ::testing::AssertionFailure() << "row " << i << " is " << ToJson(batch.Rows<T>()[i]);
  }
  return ::testing::AssertionSuccess();
}

template <class T>
class FieldTypes : public ::testing::Test {};

using AllTypes = ::testing::Types<
    bool, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, long long,
    float, double, std::string, std::optional<int64_t>, std::optional<std::string>,
    std::optional<std::optional<bool>>, std::vector<int32_t>, std::vector<bool>,
    std::vector<std::string>, std::vector<std::vector<Point>>, std::map<std::string, int64_t>,
    std::map<int32_t, std::vector<std::string>>, std::variant<int64_t, std::string, bool>,
    std::variant<int32_t, float>, Point, Flagged, Order, Pair<std::string, Point>, Fixed2>;
TYPED_TEST_SUITE(FieldTypes, AllTypes);

TYPED_TEST(FieldTypes, SurviveEncodingWhateverWasThereBefore) {
  using T = TypeParam;
  for (const T& value : Samples<T>::Make()) {
    for (T decoded : Samples<T>::Make()) {
      ASSERT_TRUE(Decodes(Encoded(value), decoded));
      ASSERT_TRUE(TypeTraits<T>::Equal(decoded, value))
          << ToJson(decoded) << " is not " << ToJson(value);
    }
  }
}

TYPED_TEST(FieldTypes, EqualAndHashTellSamplesApart) {
  using T = TypeParam;
  const std::vector<T> samples = Samples<T>::Make();
  for (size_t i = 0; i < samples.size(); ++i) {
    for (size_t j = 0; j < samples.size(); ++j) {
      const T& a = samples[i];
      const T& b = samples[j];
      EXPECT_EQ(TypeTraits<T>::Equal(a, b), i == j);
      EXPECT_EQ(TypeTraits<T>::Hash(7, a) == TypeTraits<T>::Hash(7, b), i == j)
          << ToJson(a) << " and " << ToJson(b);
      EXPECT_NE(TypeTraits<T>::Hash(7, a), TypeTraits<T>::Hash(8, a));
      EXPECT_TRUE(TypeTraits<T>::ValidKey(a));
    }
  }
}

TYPED_TEST(FieldTypes, EncodingsCutShortAnywhereAreRefused) {
  using T = TypeParam;
  for (const T& value : Samples<T>::Make()) {
    const std::string bytes = Encoded(value);
    EXPECT_GE(bytes.size(), TypeTraits<T>::kBytesMin);
    for (size_t size = 0; size < bytes.size(); ++size) {
      T decoded{};
      EXPECT_FALSE(Decodes(std::string_view(bytes).substr(0, size), decoded))
          << size << " of " << bytes.size();
    }
  }
}

TYPED_TEST(FieldTypes, CorruptEncodingsDecodeToSomeValueOrAreRefused) {
  using T = TypeParam;
  for (const T& value : Samples<T>::Make()) {
    const std::string right = Encoded(value);
    for (size_t bit = 0; bit < 8 * right.size(); ++bit) {
      std::string bytes = right;
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
      T decoded{};
      const bool accepted = Decodes(bytes, decoded);
      EXPECT_TRUE(!accepted || Encoded(decoded).size() == bytes.size());
    }
  }
}

TYPED_TEST(FieldTypes, LieAsTheyAreEncodedWhenTheySaySo) {
  using T = TypeParam;
  if constexpr (TypeTraits<T>::kEncodedAsLies) {
    static_assert(TypeTraits<T>::kFlat && TypeTraits<T>::kBytesMin == sizeof(T));
    for (const T& value : Samples<T>::Make()) {
      EXPECT_EQ(Encoded(value),
                std::string_view(reinterpret_cast<const char*>(&value), sizeof value));
    }
  }
}

TYPED_TEST(FieldTypes, SurviveCopyAndMoveBetweenBatches) {
  using T = TypeParam;
  const std::vector<T> samples = Samples<T>::Make();
  const auto count = static_cast<uint32_t>(samples.size());
  const TypeOps& ops = TypeOpsOf<T>();
  const BatchPtr batch = BatchOf(samples);
  AnyBatch copy(ops), moved(ops);
  ops.Copy(*batch, 0, count, copy);
  EXPECT_TRUE(Holds(*batch, samples));
  EXPECT_TRUE(Holds(copy, samples));
  ops.Move(copy, 0, count, moved);
  EXPECT_TRUE(Holds(moved, samples));
  EXPECT_EQ(moved.heap_bytes(), ops.HeapBytes(*batch, 0, count));
}

TYPED_TEST(FieldTypes, SurviveScatteringOverOutputs) {
  using T = TypeParam;
  const std::vector<T> samples = Samples<T>::Make();
  const TypeOps& ops = TypeOpsOf<T>();
  const BatchPtr batch = BatchOf(samples);
  AnyBatch even(ops), odd(ops);
  AnyBatch* const outputs[] = {&even, &odd};
  std::vector<uint16_t> destinations;
  std::vector<T> expected[2];
  for (const T& value : samples) {
    const auto destination = static_cast<uint16_t>(destinations.size() % 2);
    expected[destination].push_back(value);
    destinations.push_back(destination);
  }
  EXPECT_EQ(ops.Scatter(*batch, 0, destinations, outputs), batch->size());
  EXPECT_TRUE(Holds(even, expected[0]));
  EXPECT_TRUE(Holds(odd, expected[1]));
}

TYPED_TEST(FieldTypes, SurviveARunOfRows) {
  using T = TypeParam;
  const std::vector<T> samples = Samples<T>::Make();
  const BatchPtr batch = BatchOf(samples);
  AnyBatch decoded(TypeOpsOf<T>());
  for (uint32_t row = 0; row < batch->size();) {  // one row a run
    base::ByteWriter out;
    row = EncodeRows(*batch, row, 0, out);
    base::ByteReader in(out.bytes());
    ASSERT_TRUE(DecodeRows(in, decoded).ok());
    EXPECT_TRUE(in.AtEnd());
  }
  EXPECT_TRUE(Holds(decoded, samples));
}

TYPED_TEST(FieldTypes, SchemasSurviveEncoding) {
  const Schema schema = TypeTraits<TypeParam>::MakeSchema();
  base::ByteWriter out;
  schema.Encode(out);
  base::ByteReader in(out.bytes());
  const StatusOr<Schema> decoded = Schema::Decode(in);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, schema);
  EXPECT_EQ(decoded->ToString(), schema.ToString());
}

TYPED_TEST(FieldTypes, CsvReadsWhatItWrote) {
  using T = TypeParam;
  if constexpr (TypeTraits<T>::kCsvField) {
    for (const T& value : Samples<T>::Make()) {
      std::string text;
      TypeTraits<T>::AppendCsv(value, text);
      if (text.starts_with('"')) continue;  // quotes are the reader's work
      T parsed{};
      EXPECT_TRUE(TypeTraits<T>::ParseCsv(text, parsed)) << text;
      EXPECT_TRUE(TypeTraits<T>::Equal(parsed, value)) << text;
    }
  }
}

}  // namespace
}  // namespace weir::record
