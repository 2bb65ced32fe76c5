#include "weir/cluster/split_ledger.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::cluster {
namespace {

using runtime::Split;

runtime::Discovery Found(std::vector<std::string> ids, bool final = true) {
  runtime::Discovery discovery;
  for (std::string& id : ids) discovery.splits.push_back({id, "0"});
  discovery.final = final;
  return discovery;
}

std::string Ids(const std::vector<Split>& splits) {
  std::string out;
  for (const Split& split : splits) out += split.id + "@" + split.position + " ";
  return out;
}

std::string Next(SplitLedger& ledger, uint32_t reader = 0) { return Ids(ledger.Assign(base::SubtaskIndex(reader))); }

TEST(SplitLedger, AssignsInOrderOfDiscovery) {
  SplitLedger ledger;
  ledger.OnDiscovered(Found({"a", "b"}, /*final=*/false));
  ledger.OnDiscovered(Found({"c"}));
  EXPECT_EQ(Next(ledger) + Next(ledger) + Next(ledger) + Next(ledger), "a@0 b@0 c@0 ");
  EXPECT_TRUE(ledger.NoMore());
}

TEST(SplitLedger, KnownSplitsAreIgnored) {
  SplitLedger ledger({.discovery_final = false, .unassigned = {{"b", "7"}}, .finished = {"a"}});
  ledger.OnDiscovered(Found({"a", "b", "c", "c"}));
  EXPECT_EQ(Next(ledger) + Next(ledger) + Next(ledger), "b@7 c@0 ");
}

TEST(SplitLedger, NothingIsSaidToBeTheLastBeforeDiscoveryIsFinal) {
  SplitLedger ledger;
  EXPECT_FALSE(ledger.NoMore());
  ledger.OnDiscovered(Found({}, /*final=*/false));
  EXPECT_FALSE(ledger.NoMore());
  ledger.OnDiscovered(Found({}));
  EXPECT_TRUE(ledger.NoMore());
}

TEST(SplitLedger, ClosesWhenThePartsAddUp) {
  SplitLedger ledger;
  ledger.OnDiscovered(Found({"a", "b", "c"}));
  Next(ledger), Next(ledger, 1);
  const auto trigger = ledger.Capture();
  Next(ledger);  // assigned behind the trigger: still unassigned for this checkpoint
  const auto books = SplitLedger::Close(trigger, {{.unfinished = {}, .finished = {"a"}}, {.unfinished = {{"b", "40"}}, .finished = {}}});
  ASSERT_TRUE(books.ok()) << books.status();
  EXPECT_EQ(Ids(books->unassigned), "b@40 c@0 ");
  EXPECT_EQ(books->finished, std::vector<std::string>{"a"});
}

TEST(SplitLedger, ALostSplitStopsTheCheckpoint) {
  SplitLedger ledger;
  ledger.OnDiscovered(Found({"a"}));
  Next(ledger);
  EXPECT_EQ(SplitLedger::Close(ledger.Capture(), {{}}).status().code(), StatusCode::kInternal);
}

TEST(SplitLedger, ADoubledSplitStopsTheCheckpoint) {
  SplitLedger ledger;
  ledger.OnDiscovered(Found({"a"}));
  Next(ledger);
  const SplitLedger::ReaderPart part = {.unfinished = {{"a", "1"}}, .finished = {}};
  EXPECT_EQ(SplitLedger::Close(ledger.Capture(), {part, part}).status().code(), StatusCode::kInternal);
}

TEST(SplitLedger, Regression43RestartBeforeAnyCheckpointFindsEverythingAgain) {
  SplitLedger first;
  first.OnDiscovered(Found({"a", "b"}));
  Next(first);
  SplitLedger second;  // no checkpoint was completed: the books are empty and discovery runs again
  second.OnDiscovered(Found({"a", "b"}));
  EXPECT_EQ(Next(second) + Next(second), "a@0 b@0 ");
}

}  // namespace
}  // namespace weir::cluster
