#include "weir/drawing/job_outline.h"

#include <gtest/gtest.h>

#include "weir/drawing/drawn_jobs.h"

namespace weir::drawing {
namespace {

const OperatorOutline& Find(const JobOutline& outline, const std::string& uid) {
  for (const ChainOutline& chain : outline.chains) {
    for (const OperatorOutline& op : chain.operators) {
      if (op.uid == uid) return op;
    }
  }
  ADD_FAILURE() << "no operator " << uid;
  return outline.chains.front().operators.front();
}

std::vector<std::string> LabelsOf(DrawnJob job) {
  const JobOutline outline = OutlineOf(job.graph()).value();
  std::vector<std::string> labels;
  for (const EdgeOutline& edge : outline.edges) labels.push_back(outline.LabelOf(edge));
  return labels;
}

TEST(JobOutline, HasTheStatesThatOperatorsDeclare) {
  const JobOutline outline = OutlineOf(Clicks().graph()).value();
  const OperatorOutline& op = Find(outline, "per-page");
  ASSERT_EQ(op.states.size(), 2u);
  EXPECT_EQ(op.states[0].name, "clicks");
  EXPECT_EQ(op.states[0].kind, "value");
  EXPECT_EQ(op.states[0].type, "int64");
  EXPECT_EQ(op.states[0].key, "string");
}

TEST(JobOutline, CountsTheSourceAmongTheOperators) {
  const JobOutline outline = OutlineOf(Clicks().graph()).value();
  EXPECT_EQ(outline.chains[0].operators.size(), 3u);
  EXPECT_EQ(outline.edges[0].from_operator, 2u);
  EXPECT_EQ(outline.subtasks, 4u);
}

TEST(JobOutline, SinkThatCommitsIsExactlyOnce) {
  const JobOutline outline = OutlineOf(Clicks().graph()).value();
  EXPECT_EQ(Find(outline, "csv-sink").guarantee, Guarantee::kExactlyOnce);
  EXPECT_EQ(outline.end_to_end(), Guarantee::kExactlyOnce);
}

TEST(JobOutline, TheWeakestSinkIsThePromiseOfTheJob) {
  const JobOutline outline = OutlineOf(Shop().graph()).value();
  EXPECT_EQ(Find(outline, "accepted").guarantee, Guarantee::kExactlyOnce);
  EXPECT_EQ(Find(outline, "refused").guarantee, Guarantee::kAtLeastOnce);
  EXPECT_EQ(outline.end_to_end(), Guarantee::kAtLeastOnce);
}

TEST(JobOutline, ASourceThatCannotReplayWeakensWhatItReaches) {
  DrawnJob job("sockets");
  const DrawnJob::Chain socket = job.Source("socket", 1, /*can_replay=*/false);
  const DrawnJob::Chain file = job.Source("file");
  using enum runtime::Partitioning;
  const DrawnJob::Chain both = job.Behind(socket, kRebalance, "", {.kind = "map"});
  job.Join(file, both, kForward);
  job.Behind(both, kForward, "committed", {.kind = "csv-sink", .outputs = 0, .commits = true});
  job.Behind(both, kForward, "printed", {.kind = "print-sink", .outputs = 0});
  job.Behind(file, kForward, "copy", {.kind = "csv-sink", .outputs = 0, .commits = true});
  const JobOutline outline = OutlineOf(job.graph()).value();
  EXPECT_EQ(Find(outline, "committed").guarantee, Guarantee::kAtMostOnce);
  EXPECT_EQ(Find(outline, "printed").guarantee, Guarantee::kNone);
  EXPECT_EQ(Find(outline, "copy").guarantee, Guarantee::kExactlyOnce);
  EXPECT_EQ(outline.end_to_end(), Guarantee::kNone);
}

TEST(JobOutline, LabelsSayPortsWhereThereAreSeveral) {
  EXPECT_EQ(LabelsOf(Clicks()), std::vector<std::string>{"hash"});
  EXPECT_EQ(LabelsOf(Shop()),
            (std::vector<std::string>{"rebalance", "rebalance", "in 1: hash", "in 2: broadcast",
                                      "forward", "out 2: rebalance", "rebalance"}));
}

TEST(JobOutline, AnEdgeFromWithinAChainNamesItsOperator) {
  DrawnJob job("side");
  const DrawnJob::Chain read = job.Source("csv-source");
  job.Add(read, "windows", {.kind = "window", .outputs = 2});
  const DrawnJob::Chain late = job.New();
  job.Add(late, "late", {.kind = "csv-sink", .outputs = 0});
  job.Join(read, late, runtime::Partitioning::kForward, /*from_port=*/1);
  job.Add(read, "sums", {.kind = "csv-sink", .outputs = 0});
  EXPECT_EQ(LabelsOf(job), std::vector<std::string>{"out 2 of windows: forward"});
}

TEST(JobOutline, AnOperatorThatCannotBeOpenedIsNamed) {
  DrawnJob job("wrong");
  job.Add(job.New(), "nameless-state", {.kind = "keyed-process", .states = {""}});
  const auto outline = OutlineOf(job.graph());
  ASSERT_FALSE(outline.ok());
  EXPECT_EQ(outline.status().message(),
            "nameless-state: a state of \"nameless-state\" has no name");
}

}  // namespace
}  // namespace weir::drawing
