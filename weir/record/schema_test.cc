#include "weir/record/schema.h"

#include <gtest/gtest.h>

#include <string>

#include "weir/base/limits.h"

namespace weir::record {
namespace {

Schema Click() {
  return {.kind = TypeKind::kRecord,
          .name = "Click",
          .field_names = {"user", "at"},
          .children = {{.kind = TypeKind::kString},
                       {.kind = TypeKind::kOptional, .children = {{.kind = TypeKind::kInt64}}}}};
}

// A list of lists of … of int8, `depth` kinds in all.
Schema Nested(uint32_t depth) {
  Schema schema = {.kind = TypeKind::kInt8};
  for (uint32_t i = 1; i < depth; ++i)
    schema = {.kind = TypeKind::kList, .children = {std::move(schema)}};
  return schema;
}

std::string Encoded(const Schema& schema) {
  base::ByteWriter out;
  schema.Encode(out);
  return out.Take();
}

StatusOr<Schema> Decoded(std::string_view bytes) {
  base::ByteReader in(bytes);
  return Schema::Decode(in);
}

TEST(Schema, IsPrintedAsOneLine) {
  EXPECT_EQ(Click().ToString(), "Click{user: string, at: optional<int64>}");
  const Schema map = {.kind = TypeKind::kMap, .children = {{.kind = TypeKind::kUInt16}, Click()}};
  EXPECT_EQ(map.ToString(), "map<uint16, Click{user: string, at: optional<int64>}>");
  const Schema variant = {.kind = TypeKind::kVariant,
                          .children = {{.kind = TypeKind::kBool}, {.kind = TypeKind::kDouble}}};
  EXPECT_EQ(variant.ToString(), "variant<bool, double>");
  EXPECT_EQ((Schema{.kind = TypeKind::kOpaque, .name = "decimal(18, 2)"}).ToString(),
            "decimal(18, 2)");
}

TEST(Schema, NamesOfRecordsAreForPeople) {
  Schema renamed = Click();
  renamed.name = "PageClick";
  EXPECT_EQ(renamed, Click());
  renamed.field_names[0] = "who";
  EXPECT_NE(renamed, Click());
  EXPECT_NE((Schema{.kind = TypeKind::kOpaque, .name = "a"}),
            (Schema{.kind = TypeKind::kOpaque, .name = "b"}));
}

TEST(Schema, GoldenBytes) {  // the worked example of docs/formats/schema.md
  EXPECT_EQ(Encoded(Click()), std::string("\x10\x05"
                                          "Click"
                                          "\x02\x04"
                                          "user"
                                          "\x0c\x02"
                                          "at"
                                          "\x0d\x05"));
}

TEST(Schema, SurvivesEncoding) {
  for (const Schema& schema : {Click(), Nested(1), Nested(limits::kSchemaDepthMax)}) {
    const StatusOr<Schema> decoded = Decoded(Encoded(schema));
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(*decoded, schema);
    EXPECT_EQ(decoded->ToString(), schema.ToString());
  }
}

TEST(Schema, CutShortAnywhereIsDataLoss) {
  const std::string bytes = Encoded(Click());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(Decoded(std::string_view(bytes).substr(0, size)).status().code(),
              StatusCode::kDataLoss)
        << size;
  }
}

TEST(Schema, WithAnUnknownKindIsDataLoss) {
  EXPECT_FALSE(Decoded(std::string(1, '\0')).ok());
  EXPECT_TRUE(Decoded("\x01").ok());
  EXPECT_FALSE(Decoded("\x13").ok());
  EXPECT_FALSE(Decoded("\xff").ok());
}

TEST(Schema, TooDeepIsDataLoss) {
  EXPECT_FALSE(Decoded(Encoded(Nested(limits::kSchemaDepthMax + 1))).ok());
  EXPECT_FALSE(Decoded(std::string(1'000'000, '\x0e')).ok());
}

TEST(Schema, CountsAreNotBelieved) {
  EXPECT_FALSE(Decoded(std::string("\x11\xff\xff\xff\xff\x0f\x01", 7))
                   .ok());  // a variant of 2^32 alternatives
}

}  // namespace
}  // namespace weir::record
