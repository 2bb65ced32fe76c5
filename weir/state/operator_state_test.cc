#include "weir/state/operator_state.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::state {
namespace {

using base::SubtaskIndex;
using Items = std::vector<std::string>;

OperatorList Splits(Items items) {
  return {.name = "splits", .redistribution = Redistribution::kSplit, .items = std::move(items)};
}

TEST(DealItems, EachItemGoesToExactlyOneSubtask) {
  for (const uint32_t before : {1u, 2u, 3u, 7u}) {
    std::vector<OperatorList> parts;
    Items all;
    for (uint32_t part = 0; part < before; ++part) {
      Items items;
      for (uint32_t i = 0; i <= part * 2; ++i) {
        items.push_back(std::to_string(part) + "/" + std::to_string(i));
      }
      all.insert(all.end(), items.begin(), items.end());
      parts.push_back(Splits(items));
    }
    for (const uint32_t after : {1u, 2u, 3u, 5u, 7u, 100u}) {
      Items dealt;
      for (uint32_t subtask = 0; subtask < after; ++subtask) {
        const Items items = DealItems(parts, "splits", SubtaskIndex(subtask), after).value();
        EXPECT_LE(items.size(), all.size() / after + 1);
        dealt.insert(dealt.end(), items.begin(), items.end());
      }
      EXPECT_EQ(dealt, all) << before << " to " << after;
    }
  }
}

TEST(DealItems, NothingMovesBetweenEvenParts) {
  const std::vector<OperatorList> parts = {Splits({"a", "b"}), Splits({"c", "d"})};
  EXPECT_EQ(DealItems(parts, "splits", SubtaskIndex(1), 2).value(), (Items{"c", "d"}));
}

TEST(DealItems, UnionGivesAllToAll) {
  std::vector<OperatorList> parts = {Splits({"a"}), Splits({"b"})};
  for (OperatorList& part : parts) part.redistribution = Redistribution::kUnion;
  for (uint32_t subtask = 0; subtask < 3; ++subtask) {
    EXPECT_EQ(DealItems(parts, "splits", SubtaskIndex(subtask), 3).value(), (Items{"a", "b"}));
  }
}

TEST(DealItems, AnUnknownNameHasNoItems) {
  const std::vector<OperatorList> parts = {Splits({"a"})};
  EXPECT_EQ(DealItems(parts, "other", SubtaskIndex(0), 1).value(), Items{});
  EXPECT_EQ(DealItems({}, "splits", SubtaskIndex(0), 1).value(), Items{});
}

TEST(DealItems, PartsThatDisagreeAreDataLoss) {
  std::vector<OperatorList> parts = {Splits({"a"}), Splits({"b"})};
  parts[1].redistribution = Redistribution::kUnion;
  EXPECT_EQ(DealItems(parts, "splits", SubtaskIndex(0), 1).status().code(), StatusCode::kDataLoss);
}

TEST(OperatorList, SurvivesEncoding) {
  const OperatorList list = Splits({"", std::string("\0x", 2), std::string(300, 'y')});
  base::ByteWriter out;
  list.Encode(out);
  base::ByteReader in(out.bytes());
  EXPECT_EQ(OperatorList::Decode(in).value(), list);
  EXPECT_TRUE(in.AtEnd());
  for (size_t length = 0; length < out.size(); ++length) {
    base::ByteReader cut(std::string_view(out.bytes()).substr(0, length));
    EXPECT_EQ(OperatorList::Decode(cut).status().code(), StatusCode::kDataLoss) << length;
  }
}

TEST(OperatorList, UnknownRedistributionIsDataLoss) {
  base::ByteReader in(std::string_view("\1s\3\0", 4));
  EXPECT_EQ(OperatorList::Decode(in).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace weir::state
