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

// What reader 0 gets when it asks `count` times.
std::string Next(SplitLedger& ledger, int count = 1) {
  std::string out;
  while (count-- > 0) {
    ledger.OnWanted(base::SubtaskIndex(0));
    const auto assignment = ledger.Assign();
    if (!assignment) continue;
    out += assignment->split ? assignment->split->id + "@" + assignment->split->position : "end";
    out += " ";
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
  EXPECT_EQ(Next(ledger, 4), "a@0 b@0 c@0 end ");
}

TEST(SplitLedger, KnownSplitsAreIgnored) {
  checkpoint::SourceSnapshot books;
  books.splits = {{.id = "b", .position = "7", .finished = false, .watermark_state = {}},
                  {.id = "a", .position = {}, .finished = true, .watermark_state = {}}};
  SplitLedger ledger(books);
  ledger.OnDiscovered(Found({"a", "b", "c", "c"}));
  EXPECT_EQ(Next(ledger, 3), "b@7 c@0 end ");
}

TEST(SplitLedger, NothingIsSaidToBeTheLastBeforeDiscoveryIsFinal) {
  SplitLedger ledger;
  EXPECT_EQ(Next(ledger), "");
  ledger.OnDiscovered(Found({}, /*final=*/false));
  EXPECT_EQ(Next(ledger), "");
  ledger.OnDiscovered(Found({}));
  EXPECT_EQ(Next(ledger), "end ");
}

// "0:a 2:b": who got what, until nobody waits or nothing is left for now.
std::string Given(SplitLedger& ledger, const std::vector<uint32_t>& asking) {
  for (const uint32_t reader : asking) ledger.OnWanted(base::SubtaskIndex(reader));
  std::string out;
  while (const auto assignment = ledger.Assign()) {
    out += std::to_string(assignment->reader.number()) + ":" +
           (assignment->split ? assignment->split->id : "end") + " ";
  }
  return out;
}

TEST(SplitLedger, ASplitGoesToTheWaitingReaderThatWasGivenTheFewest) {
  SplitLedger ledger;  // of an endless source, whose readers always want one more
  EXPECT_EQ(Given(ledger, {0, 1, 2}), "");
  ledger.OnDiscovered(Found({"a"}, /*final=*/false));
  EXPECT_EQ(Given(ledger, {}), "0:a ");
  ledger.OnDiscovered(Found({"b"}, /*final=*/false));
  EXPECT_EQ(Given(ledger, {0}), "1:b ");
  ledger.OnDiscovered(Found({"c", "d"}, /*final=*/false));
  EXPECT_EQ(Given(ledger, {1}), "2:c 0:d ");
}

TEST(SplitLedger, AReaderThatAsksTwiceWaitsOnce) {
  SplitLedger ledger;
  EXPECT_EQ(Given(ledger, {0, 0}), "");
  ledger.OnDiscovered(Found({"a", "b"}));
  EXPECT_EQ(Given(ledger, {}), "0:a ");
}

TEST(SplitLedger, WhatTheEnumeratorMustKnowIsInTheBooksWithTheSplits) {
  SplitLedger ledger;
  runtime::Discovery found = Found({"a"}, /*final=*/false);
  found.state = "looked once";
  ledger.OnDiscovered(found);
  const checkpoint::SourceSnapshot books = ledger.Capture("source").snapshot;
  EXPECT_EQ(books.enumerator_state, "looked once");
  EXPECT_EQ(SplitLedger(books).enumerator_state(), "looked once");
}

TEST(SplitLedger, WatermarkStateStaysWithItsSplit) {
  checkpoint::SourceSnapshot books;
  books.splits = {{.id = "a", .position = "7", .finished = false, .watermark_state = "w5"}};
  SplitLedger ledger(books);
  EXPECT_EQ(ledger.Capture("source").snapshot.splits, books.splits);
  ledger.OnWanted(base::SubtaskIndex(0));
  EXPECT_EQ(ledger.Assign()->split->watermark_state, "w5");
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
