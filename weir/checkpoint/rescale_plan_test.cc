#include "weir/checkpoint/rescale_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "weir/checkpoint/example_records.h"

namespace weir::checkpoint {
namespace {

// A checkpoint of "per-page" at `parallelism`, each subtask with a pack for its key groups.
HistoryRecord RecordAt(uint32_t parallelism, uint32_t max_parallelism) {
  HistoryRecord record = CheckpointRecord(2, 1, 2);
  record.max_parallelism = max_parallelism;
  record.checkpoint->packs.clear();
  OperatorSnapshot& op = record.checkpoint->operators[1];
  op.event_times.clear();
  for (uint32_t i = 0; i < parallelism; ++i) {
    PackRef pack = NamedPack(1, 2, i);
    pack.key_groups = base::KeyGroupsOf(base::SubtaskIndex(i), parallelism, max_parallelism);
    op.event_times.push_back({pack.key_groups, 100 + i, true});
    record.checkpoint->packs.push_back(pack);
  }
  return record;
}

TEST(RescalePlan, EveryKeyGroupIsReadOnceByItsOwner) {
  for (const uint32_t max_parallelism : {8u, 128u}) {
    for (const uint32_t from : {1u, 2u, 3u, 5u, 7u, 8u}) {
      for (const uint32_t to : {1u, 2u, 3u, 5u, 7u, 8u}) {
        const auto plan = PlanRestore(RecordAt(from, max_parallelism), "per-page", to);
        ASSERT_EQ(plan.size(), to);
        std::map<uint32_t, int> read;
        for (const OperatorRestore& restore : plan) {
          for (const PackPart& part : restore.packs) {
            for (uint32_t group = part.key_groups.first.number();
                 group < part.key_groups.end.number(); ++group) {
              ++read[group];
              EXPECT_EQ(base::OwnerOf(base::KeyGroup(group), to, max_parallelism), restore.subtask);
              EXPECT_TRUE(part.pack.key_groups.Contains(base::KeyGroup(group)));
            }
          }
        }
        EXPECT_EQ(read.size(), max_parallelism) << from << " to " << to;
        for (const auto& [group, times] : read)
          EXPECT_EQ(times, 1) << from << " to " << to << " group " << group;
      }
    }
  }
}

TEST(RescalePlan, PacksOfOneGroupKeepTheirOrder) {
  HistoryRecord record = RecordAt(1, 8);
  PackRef delta = NamedPack(1, 2, 1);
  delta.key_groups = Groups(0, 8);
  record.checkpoint->packs.push_back(delta);
  for (const OperatorRestore& restore : PlanRestore(record, "per-page", 3)) {
    ASSERT_EQ(restore.packs.size(), 2u);
    EXPECT_EQ(restore.packs[0].pack, record.checkpoint->packs[0]);
    EXPECT_EQ(restore.packs[1].pack, delta);
  }
}

TEST(RescalePlan, WatermarkIsTheMinimumOfTheRangesAndLatenessKeepsThem) {
  const auto plan = PlanRestore(RecordAt(4, 8), "per-page", 2);
  EXPECT_EQ(plan[0].watermark, 100);
  EXPECT_EQ(plan[1].watermark, 102);
  ASSERT_EQ(plan[1].event_times.size(), 2u);
  EXPECT_EQ(plan[1].event_times[0], (EventTimeRange{Groups(4, 6), 102, true}));
  EXPECT_EQ(plan[1].event_times[1], (EventTimeRange{Groups(6, 8), 103, true}));
  EXPECT_TRUE(plan[0].end_of_input_done);
}

TEST(RescalePlan, EndOfInputIsDoneOnlyWhereItIsDoneEverywhere) {
  HistoryRecord record = RecordAt(4, 8);
  record.checkpoint->operators[1].event_times[3].end_of_input_done = false;
  const auto plan = PlanRestore(record, "per-page", 2);
  EXPECT_TRUE(plan[0].end_of_input_done);
  EXPECT_FALSE(plan[1].end_of_input_done);
}

TEST(RescalePlan, WhatIsNotKnownBeginsAnew) {
  HistoryRecord record = RecordAt(4, 8);
  record.checkpoint->operators[1].event_times.pop_back();
  const auto plan = PlanRestore(record, "per-page", 2);
  EXPECT_EQ(plan[1].watermark, kMinTimestamp);
  EXPECT_FALSE(plan[1].end_of_input_done);
  for (const OperatorRestore& restore : PlanRestore(record, "nobody", 3)) {
    EXPECT_TRUE(restore.packs.empty());
    EXPECT_EQ(restore.watermark, kMinTimestamp);
  }
}

TEST(RescalePlan, EachListIsDealtOutEvenly) {
  HistoryRecord record = RecordAt(4, 8);
  OperatorSnapshot& op = record.checkpoint->operators[1];
  for (uint32_t origin = 0; origin < 4; ++origin) {
    for (const char* state : {"a", "b"})
      op.items.push_back({state, state::Redistribution::kSplit, base::SubtaskIndex(origin), "x"});
  }
  for (const OperatorRestore& restore : PlanRestore(record, "per-page", 2)) {
    for (const char* state : {"a", "b"})
      EXPECT_EQ(std::ranges::count(restore.items, state, &ListItem::state), 2);
  }
}

TEST(RescalePlan, WhoHasNoInputAnyMoreGetsNoItems) {
  HistoryRecord record = RecordAt(2, 8);
  OperatorSnapshot& op = record.checkpoint->operators[1];
  op.event_times[0].end_of_input_done = true;
  op.event_times[1].end_of_input_done = false;
  for (int i = 0; i < 6; ++i)
    op.items.push_back({"buffer", state::Redistribution::kSplit, base::SubtaskIndex(1), "x"});
  size_t items = 0;
  for (const OperatorRestore& restore : PlanRestore(record, "per-page", 4)) {
    EXPECT_EQ(restore.items.size(), restore.end_of_input_done ? 0u : 3u);
    items += restore.items.size();
  }
  EXPECT_EQ(items, 6u);
  op.event_times[1].end_of_input_done = true;
  EXPECT_EQ(PlanRestore(record, "per-page", 3)[2].items.size(), 2u);
}

TEST(RescalePlan, SplitItemsAndCommittablesGoToOneSubtaskUnionItemsToAll) {
  HistoryRecord record = RecordAt(4, 8);
  OperatorSnapshot& op = record.checkpoint->operators[1];
  for (uint32_t origin = 0; origin < 4; ++origin) {
    op.items.push_back(
        {"buffer", state::Redistribution::kSplit, base::SubtaskIndex(origin), Concat(origin)});
    op.items.push_back(
        {"rules", state::Redistribution::kUnion, base::SubtaskIndex(origin), Concat(origin)});
    for (const uint64_t closed : {2u, 1u}) {
      op.pending_commits.push_back(
          {base::SubtaskIndex(origin), base::Lineage(7), base::CheckpointId(closed), ""});
    }
  }
  for (const uint32_t to : {1u, 2u, 3u, 4u, 7u}) {
    std::multiset<std::string> split;
    size_t pending = 0;
    for (const OperatorRestore& restore : PlanRestore(record, "per-page", to)) {
      size_t rules = 0;
      for (const ListItem& item : restore.items) {
        if (item.redistribution == state::Redistribution::kUnion) ++rules;
        if (item.redistribution == state::Redistribution::kSplit) split.insert(item.payload);
      }
      EXPECT_EQ(rules, 4u);
      base::CheckpointId last;
      for (const PendingCommit& commit : restore.pending_commits) {
        EXPECT_EQ(commit.origin.number() % to, restore.subtask.number());
        EXPECT_GE(commit.checkpoint, last);  // oldest first
        last = commit.checkpoint;
        ++pending;
      }
    }
    EXPECT_EQ(split, (std::multiset<std::string>{"0", "1", "2", "3"})) << to;
    EXPECT_EQ(pending, 8u) << to;
  }
}

}  // namespace
}  // namespace weir::checkpoint
