#include "weir/cluster/plan_states.h"

#include <gtest/gtest.h>

#include "weir/checkpoint/example_records.h"

namespace weir::cluster {
namespace {

// A program that claims everything of the example record.
std::vector<PlannedChain> ClaimsAll() {
  PlannedOperator source, counts, sink;
  source.uid = "csv-source";
  counts.uid = "per-page";
  counts.keyed.key = record::Schema{record::TypeKind::kString};
  counts.keyed.states = {{.name = "count", .value = record::Schema{record::TypeKind::kInt64}}};
  sink.uid = "csv-sink";
  return {{source}, {counts, sink}};
}

TEST(CheckRestorable, WhatIsClaimedAsItWasIsFine) {
  EXPECT_EQ(CheckRestorable(checkpoint::CheckpointRecord(2, 1, 5), ClaimsAll(), {}), OkStatus());
}

TEST(CheckRestorable, AKindOfStateThatIsNotKnownIsNotTakenForAnother) {
  checkpoint::HistoryRecord record = checkpoint::CheckpointRecord(2, 1, 5);
  record.checkpoint->operators[1].states[0].kind = "bitmap";
  EXPECT_EQ(CheckRestorable(record, ClaimsAll(), {}),
            FailedPreconditionError(
                "state \"per-page.count\" of checkpoint 5 is of a kind that this version of Weir "
                "does not know: bitmap; run the version that wrote it"));
}

TEST(CheckRestorable, AnOperatorThatIsGoneNeedsALeave) {
  std::vector<PlannedChain> plan = ClaimsAll();
  plan[1].erase(plan[1].begin());
  const checkpoint::HistoryRecord record = checkpoint::CheckpointRecord(2, 1, 5);
  EXPECT_EQ(CheckRestorable(record, plan, {}).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(CheckRestorable(record, plan, std::vector<std::string>{"per-page.count"}), OkStatus());
}

TEST(CheckRestorable, AListThatNobodyDeclaresNeedsALeaveAndIsLeftOut) {
  checkpoint::HistoryRecord record = checkpoint::CheckpointRecord(2, 1, 5);
  record.checkpoint->operators[1].items = {
      {"buffer", state::Redistribution::kSplit, base::SubtaskIndex(0), "x"}};
  const checkpoint::ListItem& item = record.checkpoint->operators[1].items[0];
  std::vector<PlannedChain> plan = ClaimsAll();
  plan[1][0].lists.emplace();
  EXPECT_EQ(CheckRestorable(record, plan, {}),
            FailedPreconditionError(
                "state \"per-page.buffer\" of checkpoint 5 is not declared by this program: "
                "declare it again, or drop it with --allow-dropped-state per-page.buffer"));
  EXPECT_EQ(CheckRestorable(record, plan, std::vector<std::string>{"per-page.buffer"}), OkStatus());
  EXPECT_FALSE(plan[1][0].Takes(item));
  plan[1][0].lists->insert("buffer");
  EXPECT_EQ(CheckRestorable(record, plan, {}), OkStatus());
  EXPECT_TRUE(plan[1][0].Takes(item));
}

// A source with two subtasks, of which one had ended, before a chain that is counted in it.
class CheckEndsTest : public ::testing::Test {
 protected:
  CheckEndsTest() {
    for (checkpoint::OperatorSnapshot& op : record_.checkpoint->operators) {
      op.event_times = {{checkpoint::Groups(0, 4), 5, false},
                        {checkpoint::Groups(4, 8), kMaxTimestamp, true}};
    }
  }
  Status Check(uint32_t sources, uint32_t sinks, runtime::Partitioning partitioning,
               const std::vector<PlannedChain>& plan = ClaimsAll()) {
    runtime::JobGraph graph;
    graph.chains.resize(2);
    graph.chains[0].name = "[csv-source]";
    graph.chains[0].parallelism = sources;
    graph.chains[1].name = "[csv-sink]";
    graph.chains[1].parallelism = sinks;
    graph.edges.push_back({.from = base::ChainIndex(0),
                           .from_operator = runtime::Edge::kFromSource,
                           .from_port = {},
                           .to = base::ChainIndex(1),
                           .to_port = {},
                           .partitioning = partitioning});
    return CheckEnds(record_, graph, plan);
  }
  checkpoint::HistoryRecord record_ = checkpoint::CheckpointRecord(2, 1, 5);
};

TEST_F(CheckEndsTest, WhatEndedTogetherEndsTogetherAtAnyParallelism) {
  for (const uint32_t parallelism : {1u, 2u, 4u, 8u})
    EXPECT_EQ(Check(parallelism, parallelism, runtime::Partitioning::kForward), OkStatus());
}

TEST_F(CheckEndsTest, WhatHadEndedGetsNoRowsAgain) {
  EXPECT_EQ(Check(1, 2, runtime::Partitioning::kHash),
            FailedPreconditionError(
                "a part of [csv-sink] had ended in checkpoint 5, and would get rows again from "
                "[csv-source]: go on with the parallelism that both had, until the job has ended, "
                "or start anew with --fresh"));
  EXPECT_EQ(Check(2, 1, runtime::Partitioning::kHash), OkStatus());
}

// An operator that the checkpoint does not know says nothing of where its chain had come.
TEST_F(CheckEndsTest, ANewOperatorHasNoEndOfItsOwn) {
  for (checkpoint::OperatorSnapshot& op : record_.checkpoint->operators)
    op.event_times = {{checkpoint::Groups(0, 8), kMaxTimestamp, true}};
  std::vector<PlannedChain> plan = ClaimsAll();
  PlannedOperator added;
  added.uid = "added";
  plan[0].push_back(added);
  EXPECT_EQ(Check(2, 2, runtime::Partitioning::kHash, plan), OkStatus());
  plan[0].erase(plan[0].begin());  // a chain of new operators alone, which has no input here
  EXPECT_EQ(Check(2, 2, runtime::Partitioning::kHash, plan), OkStatus());
}

}  // namespace
}  // namespace weir::cluster
