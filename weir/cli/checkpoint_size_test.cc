#include "weir/cli/checkpoint_size.h"

#include <gtest/gtest.h>

namespace weir::cli {
namespace {

using checkpoint::HistoryRecord;
using checkpoint::PackIndex;

// A checkpoint of one operator with two states, whose packs are named.
HistoryRecord Checkpoint(uint64_t id, const std::vector<std::pair<std::string, uint64_t>>& packs) {
  HistoryRecord record;
  record.checkpoint.emplace();
  record.checkpoint->id = base::CheckpointId(id);
  checkpoint::OperatorSnapshot op;
  op.uid = "per-page";
  op.states = {{.name = "clicks", .kind = "value"}, {.name = "last", .kind = "value"}};
  record.checkpoint->operators = {op};
  for (const auto& [name, bytes] : packs)
    record.checkpoint->packs.push_back({.name = name, .bytes = bytes, .operators = {"per-page"}});
  return record;
}

PackIndex Index(uint64_t clicks, uint64_t last) {
  PackIndex index;
  index.states = {{"per-page", "clicks"}, {"per-page", "last"}};
  index.entries = {{.state = 0, .bytes = clicks}, {.state = 1, .bytes = last}};
  return index;
}

TEST(CheckpointSize, PartsAreStatesAndTheIndex) {
  const CheckpointSizes sizes =
      SizesOf({Checkpoint(7, {{"data/a", 100}, {"data/b", 50}})}, {{Index(60, 20), Index(30, 0)}});
  ASSERT_EQ(sizes.checkpoints.size(), 1u);
  EXPECT_EQ(sizes.checkpoints[0].parts,
            (std::vector<PartSize>{{"per-page", "clicks", PartSize::Kind::kKeyedState, 90},
                                   {"per-page", "last", PartSize::Kind::kKeyedState, 20},
                                   {"", "", PartSize::Kind::kIndex, 40}}));
  EXPECT_EQ(sizes.checkpoints[0].own_bytes, 150u);
  EXPECT_EQ(sizes.total_bytes, 150u);
}

TEST(CheckpointSize, WhatIsSharedCountsOnce) {
  const CheckpointSizes sizes =
      SizesOf({Checkpoint(7, {{"data/a", 100}}), Checkpoint(8, {{"data/a", 100}, {"data/b", 10}})},
              {{Index(90, 0)}, {Index(90, 0), Index(4, 0)}});
  EXPECT_EQ(sizes.checkpoints[0].own_bytes, 0u);
  EXPECT_EQ(sizes.checkpoints[0].shared_bytes, 100u);
  EXPECT_EQ(sizes.checkpoints[1].own_bytes, 10u);
  EXPECT_EQ(sizes.checkpoints[1].shared_bytes, 100u);
  EXPECT_EQ(sizes.total_bytes, 110u);
}

TEST(CheckpointSize, PacksInRecordsAreNeverShared) {
  const CheckpointSizes sizes = SizesOf({Checkpoint(7, {{"", 100}}), Checkpoint(8, {{"", 100}})},
                                        {{Index(90, 0)}, {Index(90, 0)}});
  EXPECT_EQ(sizes.checkpoints[0].own_bytes, 100u);
  EXPECT_EQ(sizes.total_bytes, 200u);
}

TEST(CheckpointSize, CountsWhatLiesInTheRecord) {
  HistoryRecord record = Checkpoint(7, {});
  checkpoint::OperatorSnapshot& op = record.checkpoint->operators[0];
  op.states.clear();
  op.items = {{.state = "offsets", .payload = "12345"}};
  op.source.emplace();
  op.source->splits = {{.id = "a.csv", .position = "10"}};
  op.pending_commits = {{base::SubtaskIndex(0), base::Lineage(1), base::CheckpointId(7), "abc"}};
  const CheckpointSizes sizes = SizesOf({record}, {{}});
  EXPECT_EQ(sizes.checkpoints[0].parts,
            (std::vector<PartSize>{{"per-page", "", PartSize::Kind::kListState, 5},
                                   {"per-page", "", PartSize::Kind::kSplits, 7},
                                   {"per-page", "", PartSize::Kind::kCommits, 3}}));
  EXPECT_EQ(sizes.total_bytes, 15u);
}

TEST(CheckpointSize, AsText) {
  EXPECT_EQ(SizesText(SizesOf({Checkpoint(7, {{"data/a", 1000}}),
                               Checkpoint(18, {{"data/a", 1000}, {"data/b", 500}})},
                              {{Index(900, 0)}, {Index(900, 0), Index(200, 200)}})),
            R"(  id    bytes   its own   shared   packs
  18   1.5 kB     500 B   1.0 kB       2
   7   1.0 kB       0 B   1.0 kB       1
 all   1.5 kB

checkpoint 18
  operator   state               bytes   share
  per-page   clicks             1.1 kB    73 %
  per-page   last                200 B    13 %
             (index of packs)    200 B    13 %
)");
}

TEST(CheckpointSize, AsJson) {
  EXPECT_EQ(SizesJson("clicks", SizesOf({Checkpoint(7, {{"data/a", 100}})}, {{Index(100, 0)}})),
            R"({
  "job": "clicks",
  "total_bytes": 100,
  "checkpoints": [
    {
      "id": 7,
      "bytes": 100,
      "own_bytes": 100,
      "shared_bytes": 0,
      "packs": 1,
      "parts": [
        {
          "kind": "keyed-state",
          "operator": "per-page",
          "state": "clicks",
          "bytes": 100
        },
        {
          "kind": "keyed-state",
          "operator": "per-page",
          "state": "last",
          "bytes": 0
        }
      ]
    }
  ]
}
)");
}

}  // namespace
}  // namespace weir::cli
