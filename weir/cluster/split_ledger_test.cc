#include "weir/cluster/split_ledger.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::cluster {
namespace {

using runtime::Split;

runtime::Discovery Found(const std::vector<std::string>& ids, bool final = true) {
  runtime::Discovery discovery;
  for (const std::string& id : ids) discovery.splits.push_back({id, "0"});
  discovery.final = final;
  return discovery;
}

// The next `count` assignments.
std::string Next(SplitLedger& ledger, int count = 1) {
  std::string out;
  while (count-- > 0) {
    for (const Split& split : ledger.Assign()) out += split.id + "@" + split.position + " ";
  }
  return out;
}

// "b c +a | d": unassigned b and c, finished a, with readers d.
std::string Books(const SplitLedger& ledger) {
  const checkpoint::SourceAtTrigger trigger = ledger.Capture("source");
  std::string out;
  for (const auto& split : trigger.snapshot.splits)
    out += (split.finished ? "+" : "") + split.id + " ";
  out += "|";
  for (const std::string& id : trigger.assigned) out += " " + id;
  return out;
}

TEST(SplitLedger, AssignsInOrderOfDiscovery) {
  SplitLedger ledger;
  ledger.OnDiscovered(Found({"a", "b"}, /*final=*/false));
  ledger.OnDiscovered(Found({"c"}));
  EXPECT_EQ(Next(ledger, 4), "a@0 b@0 c@0 ");
  EXPECT_TRUE(ledger.NoMore());
}

TEST(SplitLedger, KnownSplitsAreIgnored) {
  checkpoint::SourceSnapshot books;
  books.splits = {{.id = "b", .position = "7", .finished = false, .watermark_state = {}},
                  {.id = "a", .position = {}, .finished = true, .watermark_state = {}}};
  SplitLedger ledger(books);
  ledger.OnDiscovered(Found({"a", "b", "c", "c"}));
  EXPECT_EQ(Next(ledger, 3), "b@7 c@0 ");
}

TEST(SplitLedger, NothingIsSaidToBeTheLastBeforeDiscoveryIsFinal) {
  SplitLedger ledger;
  EXPECT_FALSE(ledger.NoMore());
  ledger.OnDiscovered(Found({}, /*final=*/false));
  EXPECT_FALSE(ledger.NoMore());
  ledger.OnDiscovered(Found({}));
  EXPECT_TRUE(ledger.NoMore());
}

TEST(SplitLedger, EverySplitIsInTheBooksOnce) {
  checkpoint::SourceSnapshot restored;
  restored.splits = {{.id = "a", .position = {}, .finished = true, .watermark_state = {}}};
  SplitLedger ledger(restored);
  ledger.OnDiscovered(Found({"b", "c", "d"}));
  EXPECT_EQ(Books(ledger), "b c d +a |");
  Next(ledger);
  EXPECT_EQ(Books(ledger), "c d +a | b");
}

TEST(SplitLedger, Regression43RestartBeforeAnyCheckpointFindsEverythingAgain) {
  SplitLedger first;
  first.OnDiscovered(Found({"a", "b"}));
  Next(first);
  SplitLedger second;  // no checkpoint was completed: the books are empty and discovery runs again
  second.OnDiscovered(Found({"a", "b"}));
  EXPECT_EQ(Next(second, 2), "a@0 b@0 ");
}

}  // namespace
}  // namespace weir::cluster
