#include "weir/connectors/watched_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "weir/base/limits.h"
#include "weir/connectors/file_source.h"
#include "weir/connectors/machine_test.h"
#include "weir/connectors/text_source.h"

namespace weir::connectors {
namespace {

using Names = std::vector<std::string>;

// "a 3, b 5": the names and sizes that a look finds. Returns the names taken.
std::string Look(WatchedFiles& watched, const std::vector<std::pair<std::string, uint64_t>>& now) {
  std::vector<FoundFile> found;
  for (const auto& [name, bytes] : now) found.push_back({"in", name, bytes});
  std::string taken;
  for (const FoundFile& file : watched.Look(found)) taken += file.name + " ";
  return taken;
}

TEST(WatchedFiles, AFileIsTakenOnceWhenItNoLongerGrows) {
  WatchedFiles watched;
  EXPECT_EQ(Look(watched, {{"a", 1}}), "");
  EXPECT_EQ(Look(watched, {{"a", 2}, {"b", 5}}), "");
  EXPECT_EQ(Look(watched, {{"a", 2}, {"b", 5}}), "a b ");
  EXPECT_EQ(Look(watched, {{"a", 2}, {"b", 5}}), "");
  EXPECT_EQ(Look(watched, {{"a", 9}, {"b", 5}}), "");
  EXPECT_EQ(Look(watched, {{"a", 9}, {"b", 5}}), "");
}

// Whoever opened it is about to write into it.
TEST(WatchedFiles, AFileWithoutBytesIsNotTakenYet) {
  WatchedFiles watched;
  for (int look = 0; look < 5; ++look) EXPECT_EQ(Look(watched, {{"a", 0}}), "");
  EXPECT_EQ(Look(watched, {{"a", 3}}), "");
  EXPECT_EQ(Look(watched, {{"a", 3}}), "a ");
}

TEST(WatchedFiles, AFileThatIsGoneIsForgotten) {
  WatchedFiles watched;
  Look(watched, {{"a", 1}});
  EXPECT_EQ(Look(watched, {{"a", 1}}), "a ");
  const std::string with_file = watched.Encode();
  EXPECT_EQ(Look(watched, {}), "");
  EXPECT_LT(watched.Encode().size(), with_file.size());
  EXPECT_EQ(Look(watched, {{"a", 1}}), "");
  EXPECT_EQ(Look(watched, {{"a", 1}}), "a ");
}

TEST(WatchedFiles, WhatWasTakenIsKnownAfterAFailure) {
  WatchedFiles watched;
  Look(watched, {{"a", 1}, {"b", 1}});
  EXPECT_EQ(Look(watched, {{"a", 1}, {"b", 2}}), "a ");
  watched.AddSplits(7);
  auto restored = WatchedFiles::Decode(watched.Encode());
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->AddSplits(1), 8u);
  EXPECT_EQ(Look(*restored, {{"a", 1}, {"b", 2}}), "");
  EXPECT_EQ(Look(*restored, {{"a", 1}, {"b", 2}}), "b ");
}

TEST(WatchedFiles, EncodingIsGolden) {
  WatchedFiles watched;
  Look(watched, {{"a", 1}, {"bc", 1}});
  Look(watched, {{"a", 1}, {"bc", 1}, {"d", 1}});
  watched.AddSplits(300);
  const std::string golden(
      "\x01\xac\x02\x02\x01"
      "a\x02"
      "bc",
      9);
  EXPECT_EQ(watched.Encode(), golden);
  EXPECT_EQ(WatchedFiles::Decode(golden)->Encode(), golden);
  for (size_t size = 0; size < golden.size(); ++size) {
    EXPECT_EQ(WatchedFiles::Decode(golden.substr(0, size)).status().code(), StatusCode::kDataLoss);
  }
  EXPECT_EQ(WatchedFiles::Decode(golden + "x").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(WatchedFiles::Decode("\x02" + golden.substr(1)).status().code(),
            StatusCode::kFailedPrecondition);
}

// An enumerator of text files, and the books that ignore splits they know.
class WatchTest : public ::testing::Test {
 protected:
  WatchTest() {
    WEIR_CHECK(machine.files().MakeDirectories("in").ok());
    Begin();
  }
  // A new attempt, which knows what the last look put into the books.
  void Begin() {
    enumerator = NewTextSource(options)->NewEnumerator(machine.env());
    if (!state.empty()) WEIR_CHECK(enumerator->Restore(state).ok());
  }
  // The ids of new splits; or the error.
  std::string Look() {
    std::optional<StatusOr<runtime::Discovery>> answer;
    enumerator->Discover([&](StatusOr<runtime::Discovery> found) { answer = std::move(found); });
    machine.Settle();
    if (!answer->ok()) return std::string(answer->status().message());
    EXPECT_FALSE((*answer)->final);
    state = (*answer)->state;
    std::string ids;
    for (const runtime::Split& split : (*answer)->splits) {
      if (books.insert(split.id).second) ids += split.id + " ";
    }
    return ids;
  }

  Machine machine;
  TextSourceOptions options = {.path = "in", .split_bytes = 4, .watch = true};
  std::unique_ptr<runtime::SplitEnumerator> enumerator;
  std::string state;
  std::set<std::string> books;
};

TEST_F(WatchTest, NewFilesAreFoundWhenTheyAreWhole) {
  EXPECT_EQ(Look(), "");
  machine.Write("in/a.txt", "a\n");
  machine.Write("in/.b.txt", "hidden\n");
  EXPECT_EQ(Look(), "");
  EXPECT_EQ(Look(), "a.txt:0-2 ");
  ASSERT_TRUE(machine.files().Rename("in/.b.txt", "in/b.txt").ok());
  EXPECT_EQ(Look(), "");
  EXPECT_EQ(Look(), "b.txt:0-4 b.txt:4-7 ");
  machine.Write("in/a.txt", "a\nlater\n");
  EXPECT_EQ(Look() + Look() + Look(), "");
}

TEST_F(WatchTest, Regression45_ARestoredJobFindsNewFilesAndNoneTwice) {
  machine.Write("in/a.txt", "a\n");
  EXPECT_EQ(Look() + Look(), "a.txt:0-2 ");
  for (int attempt = 0; attempt < 3; ++attempt) {
    const std::string name = Concat(attempt, ".txt");
    machine.Write("in/" + name, "x\n");
    Look();
    Begin();  // it had been seen once, and is not yet in the books
    EXPECT_EQ(Look(), "");
    EXPECT_EQ(Look(), name + ":0-2 ");
    Begin();
    EXPECT_EQ(Look() + Look() + Look(), "");
  }
}

TEST_F(WatchTest, Regression54_AFileThatIsGoneForAWhileIsNotReadTwice) {
  machine.Write("in/a.txt", "a\n");
  EXPECT_EQ(Look() + Look(), "a.txt:0-2 ");
  ASSERT_TRUE(machine.files().Rename("in/a.txt", "in/.away").ok());
  EXPECT_EQ(Look() + Look(), "");
  ASSERT_TRUE(machine.files().Rename("in/.away", "in/a.txt").ok());
  EXPECT_EQ(Look() + Look() + Look(), "");
}

TEST_F(WatchTest, AJobThatNoLongerWatchesLooksOnceMore) {
  machine.Write("in/a.txt", "a\n");
  EXPECT_EQ(Look() + Look(), "a.txt:0-2 ");
  machine.Write("in/a.txt", "a\nlater\n");
  machine.Write("in/b.txt", "b\n");
  options.watch = false;
  Begin();
  std::optional<StatusOr<runtime::Discovery>> answer;
  enumerator->Discover([&](StatusOr<runtime::Discovery> found) { answer = std::move(found); });
  machine.Settle();
  ASSERT_TRUE(answer->ok()) << answer->status();
  EXPECT_TRUE((*answer)->final);
  ASSERT_EQ((*answer)->splits.size(), 1u);
  EXPECT_EQ((*answer)->splits[0].id, "b.txt:0-2");
}

TEST_F(WatchTest, LooksAreAsFarApartAsAsked) {
  EXPECT_EQ(enumerator->interval(), std::chrono::seconds(1));
  options.watch_interval = std::chrono::seconds(7);
  Begin();
  EXPECT_EQ(enumerator->interval(), std::chrono::seconds(7));
}

TEST_F(WatchTest, APatternMayMatchNothingYet) {
  options.path = "in/x-*.log";
  Begin();
  EXPECT_EQ(Look(), "");
  machine.Write("in/x-1.log", "1\n");
  EXPECT_EQ(Look() + Look(), "x-1.log:0-2 ");
}

TEST_F(WatchTest, WhatCannotBeWatchedIsOneSentence) {
  machine.Write("in/a.txt", "a\n");
  options.path = "in/a.txt";
  Begin();
  EXPECT_EQ(Look(),
            "read text: in/a.txt is a file: new ones are looked for in a directory, or by a "
            "pattern; give one of these, or do not watch");
  options.path = "none";
  Begin();
  EXPECT_EQ(Look(), "read text: no directory none; give the path of what is to be read");
}

TEST_F(WatchTest, ALifeHasSoManySplits) {
  WatchedFiles watched;
  watched.AddSplits(limits::kSplitsMax - 1);
  state = watched.Encode();
  Begin();
  machine.Write("in/a.txt", "a\n");
  EXPECT_EQ(Look() + Look(), "a.txt:0-2 ");
  machine.Write("in/b.txt", "b\n");
  Look();
  EXPECT_THAT(Look(), ::testing::StartsWith("read text: in has had more files, or larger ones, "
                                            "than one job can watch (10000 ranges); "));
}

TEST(FileSource, OneThatWatchesHasNoEnd) {
  EXPECT_TRUE(NewTextSource({})->bounded());
  EXPECT_FALSE(NewTextSource({.watch = true})->bounded());
}

}  // namespace
}  // namespace weir::connectors
