#include "weir/testing/picture.h"

#include <gtest/gtest.h>

#include <string>

#include "weir/record/typed_ops.h"

namespace weir::testing {
namespace {

using Kind = PictureElement::Kind;

std::string Refused(std::string_view picture, size_t fields) {
  const auto elements = ParsePicture(picture, fields);
  EXPECT_FALSE(elements.ok());
  return std::string(elements.status().message());
}

TEST(ParsePicture, ReadsRowsAndControl) {
  const auto elements = ParsePicture("+ 1 4 @10 - 2 5 | W 12 | B 3 C 3 E", 2).value();
  ASSERT_EQ(elements.size(), 8u);
  EXPECT_EQ(elements[0].fields, (std::vector<std::string>{"1", "4"}));
  EXPECT_EQ(elements[0].timestamp, 10);
  EXPECT_EQ(elements[1].row_kind, record::RowKind::kDelete);
  EXPECT_EQ(elements[1].timestamp, record::kNoTimestamp);
  EXPECT_EQ(elements[2].kind, Kind::kEndOfBatch);
  EXPECT_EQ(elements[3].kind, Kind::kWatermark);
  EXPECT_EQ(elements[3].timestamp, 12);
  EXPECT_EQ(elements[5].kind, Kind::kBarrier);
  EXPECT_EQ(elements[5].checkpoint, 3u);
  EXPECT_EQ(elements[6].kind, Kind::kComplete);
  EXPECT_EQ(elements[7].kind, Kind::kEndOfInput);
}

TEST(ParsePicture, QuotesHoldSpacesAndNothing) {
  const auto elements = ParsePicture("+ \"a b\" \"\" @-1 +U x \"@2\"", 2).value();
  ASSERT_EQ(elements.size(), 2u);
  EXPECT_EQ(elements[0].fields, (std::vector<std::string>{"a b", ""}));
  EXPECT_EQ(elements[0].timestamp, -1);
  EXPECT_EQ(elements[1].fields[1], "@2");
  EXPECT_EQ(elements[1].row_kind, record::RowKind::kUpdateAfter);
}

TEST(ParsePicture, NamesTheWordThatMakesNoSense) {
  EXPECT_EQ(Refused("* 1", 1), "\"*\" begins no element of a picture");
  EXPECT_EQ(Refused("+ 1", 2), "a row has fewer than 2 fields");
  EXPECT_EQ(Refused("+ 1 2", 1), "\"2\" begins no element of a picture");
  EXPECT_EQ(Refused("+ 1 @x", 1), "\"@x\" is no timestamp");
  EXPECT_EQ(Refused("W", 1), "behind W there is no number");
  EXPECT_EQ(Refused("B x", 1), "behind B there is no number");
  EXPECT_EQ(Refused("+ \"a", 1), "a quote is not closed: \"a");
}

TEST(PicturePrinter, DrawsWhatTheParserReads) {
  record::AnyBatch batch(TypeOpsOf<int64_t>());
  batch.set_size(2);
  batch.AddTimestamps()[1] = 7;
  batch.AddKinds()[1] = record::RowKind::kUpdateBefore;
  PicturePrinter printer;
  printer.AddRow(batch, 0, {"1", "a b"});
  printer.AddRow(batch, 1, {"2", ""});
  printer.AddElement("W 9");
  EXPECT_EQ(std::move(printer).Take(), "+ 1 \"a b\" -U 2 \"\" @7 | W 9");
}

}  // namespace
}  // namespace weir::testing
