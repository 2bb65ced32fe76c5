#include "weir/connectors/text_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weir/base/limits.h"
#include "weir/connectors/file_reading_test.h"

namespace weir::connectors {
namespace {

constexpr std::string_view kSome = "one\n\n two, too\r\n\xff\xfe\n\"\nlast";
const Rows kSomeRows = {"one", "", " two, too", "\xff\xfe", "\"", "last"};

class Reading : public FileReading {
 public:
  explicit Reading(std::string_view text, TextSourceOptions options = {.path = "in/t.txt"},
                   sim::Options world = sim::CalmOptions(1))
      : FileReading({.source = &NewTextSource, .form = RowForm::kText}, "account\n",
                    std::move(options), std::move(world)) {
    machine().Write("in/t.txt", text);
  }
};

std::string Numbered(int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) text += Concat("line ", i, "\n");
  return text;
}

TEST(TextSource, ALineIsItsBytes) {
  const auto rows = Reading(kSome).ReadAll();
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(*rows, kSomeRows);
}

TEST(TextSource, AnEmptyFileHasNoLines) {
  EXPECT_EQ(*Reading("").ReadAll(), Rows{});
  EXPECT_EQ(*Reading("\n").ReadAll(), Rows{""});
}

TEST(TextSource, AByteOrderMarkIsSkipped) {
  const std::string text = Concat(kByteOrderMark, "a\nb\n");
  for (uint64_t bytes = 0; bytes <= text.size(); ++bytes) {
    EXPECT_EQ(*Reading(text, {.path = "in/t.txt", .split_bytes = bytes}).ReadAll(),
              (Rows{"a", "b"}))
        << bytes;
  }
  EXPECT_EQ(*Reading(kByteOrderMark).ReadAll(), Rows{});
}

TEST(TextSource, EachLineOnceWhateverTheSplits) {
  for (uint64_t bytes = 1; bytes <= kSome.size() + 1; ++bytes) {
    Reading reading(kSome, {.path = "in/t.txt", .split_bytes = bytes});
    EXPECT_EQ(*reading.ReadAll(), kSomeRows) << "splits of " << bytes;
  }
}

// Killed and restored before every poll: each line comes once, whatever the splits.
TEST(TextSource, EachLineOnceWhereverItIsRestored) {
  for (const uint64_t bytes : {0u, 1u, 5u, 13u}) {
    Reading reading(kSome, {.path = "in/t.txt", .split_bytes = bytes, .rate = 1000});
    ASSERT_TRUE(reading.Discover().ok());
    Rows rows;
    for (int restores = 0; restores < 1000; ++restores) {
      const auto splits = reading.reader().Snapshot(base::CheckpointId(1));
      if (splits.empty()) break;
      ASSERT_TRUE(reading.Restore(splits).ok());
      for (int polls = 0; polls < 3; ++polls) {
        const auto more = reading.Read(1);
        ASSERT_TRUE(more.ok()) << more.status();
        rows.insert(rows.end(), more->begin(), more->end());
      }
    }
    EXPECT_EQ(rows, kSomeRows) << "splits of " << bytes;
  }
}

TEST(TextSource, Regression35_ShortReadsAreContinued) {
  sim::Options world = sim::CalmOptions(3);
  world.disk.short_read = 0.9;
  Reading reading(Numbered(3000), {.path = "in/t.txt", .split_bytes = 5000}, world);
  const auto rows = reading.ReadAll();
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 3000u);
  EXPECT_EQ(rows->back(), "line 2999");
  EXPECT_GT(reading.machine().world().hits("disk.short_read"), 10u);
}

TEST(TextSource, ADirectoryIsItsTextFiles) {
  Reading reading("b\n", {.path = "in"});
  reading.machine().Write("in/a.txt", "a\n");
  EXPECT_EQ(*reading.ReadAll(), (Rows{"a", "b"}));
  EXPECT_EQ(*Reading("b\n", {.path = "in/*"}).ReadAll(), (Rows{"account", "b"}));  // any name
}

TEST(TextSource, AFileThatIsGoneIsRefused) {
  Reading reading(kSome);
  ASSERT_TRUE(reading.Discover().ok());
  ASSERT_TRUE(reading.machine().files().Remove("in/t.txt").ok());
  EXPECT_EQ(reading.ErrorOf(reading.Read(), StatusCode::kFailedPrecondition),
            "in/t.txt is gone: the job has read it up to byte 0; put the file back as it was, or "
            "start anew with --fresh");
}

TEST(TextSource, AFileThatShrankIsRefused) {
  Reading reading(kSome);
  ASSERT_TRUE(reading.Discover().ok());
  reading.machine().Write("in/t.txt", kSome.substr(0, 4));
  EXPECT_EQ(reading.ErrorOf(reading.Read(), StatusCode::kFailedPrecondition),
            "in/t.txt has shrunk since the job found it, from 25 to 4 bytes; put the file back as "
            "it was, or start anew with --fresh");
}

TEST(TextSource, AFileThatIsCutWhileItIsReadIsRefused) {
  const std::string text = Numbered(100'000);
  Reading reading(text);
  ASSERT_TRUE(reading.Discover().ok());
  ASSERT_TRUE(reading.Read(2).ok());
  reading.machine().Write("in/t.txt", text.substr(0, 1000));
  EXPECT_THAT(reading.ErrorOf(reading.Read(), StatusCode::kFailedPrecondition),
              ::testing::StartsWith("in/t.txt has shrunk while it was read, from 1,088,890 to "));
}

TEST(TextSource, LinesAppendedLaterAreNotRead) {
  Reading reading("a\nb\n");
  ASSERT_TRUE(reading.Discover().ok());
  reading.machine().Write("in/t.txt", "a\nb\nc\n");
  EXPECT_EQ(*reading.Read(), (Rows{"a", "b"}));
}

TEST(TextSource, AFileThatGrewWithinItsLastLineIsRefused) {
  Reading reading("a\nb");
  ASSERT_TRUE(reading.Discover().ok());
  reading.machine().Write("in/t.txt", "a\nbc\n");
  EXPECT_THAT(reading.ErrorOf(reading.Read(), StatusCode::kFailedPrecondition),
              ::testing::HasSubstr("its last row had no line end then"));
}

TEST(TextSource, LinesMayBeLongButNotEndless) {
  const std::string line(limits::kValueBytesMax - 1, 'x');
  EXPECT_EQ(*Reading(line + "\ny").ReadAll(), (Rows{line, "y"}));
  Reading longer("a\n" + line + "yz\n");
  EXPECT_EQ(longer.ErrorOf(longer.ReadAll(), StatusCode::kInvalidArgument),
            "in/t.txt:2: a row of more than 67,108,864 bytes");
}

}  // namespace
}  // namespace weir::connectors
