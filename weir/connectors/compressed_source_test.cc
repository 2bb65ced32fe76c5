// Sources of compressed files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weir/base/limits.h"
#include "weir/connectors/compression.h"
#include "weir/connectors/csv_source.h"
#include "weir/connectors/file_reading_test.h"
#include "weir/connectors/json_source.h"
#include "weir/connectors/text_source.h"

namespace weir::connectors {

struct Entry {
  int64_t id;
  std::string what;
};
WEIR_RECORD(Entry, id, what);

namespace {

constexpr Compression kBoth[] = {Compression::kGzip, Compression::kZstd};

std::string Compressed(Compression compression, std::string_view text) {
  const auto compressor = Compressor::New(compression);
  std::string out;
  compressor->Add(text, out);
  compressor->Finish(out);
  return out;
}

std::string Numbered(int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) text += Concat("line ", i, "\n");
  return text;
}

// A source of text that reads one compressed file.
class Reading : public FileReading {
 public:
  explicit Reading(std::string_view bytes, const std::string& path = "in/t.txt.gz",
                   uint64_t rate = 0, sim::Options world = sim::CalmOptions(1))
      : FileReading({.source = &NewTextSource, .form = RowForm::kText}, "",
                    {.path = path, .split_bytes = 10, .rate = rate}, std::move(world)) {
    machine().Write(path, bytes);
  }
};

TEST(CompressedSource, TextCsvAndJson) {
  for (const Compression compression : kBoth) {
    const std::string end(NameEndOf(compression));
    EXPECT_EQ(*Reading(Compressed(compression, "a\n\nb"), "in/t.txt" + end).ReadAll(),
              (Rows{"a", "", "b"}));
    FileReading csv({.source = &NewCsvSource<Entry>, .form = RowForm::kCsv}, "",
                    {.path = "in/x.csv" + end});
    csv.machine().Write("in/x.csv" + end,
                        Compressed(compression, "what,id\n\"two\nlines\",2\nx,3\n"));
    EXPECT_EQ(*csv.ReadAll(), (Rows{"2,\"two\nlines\"", "3,x"}));
    FileReading json({.source = &NewJsonSource<Entry>, .form = RowForm::kJson}, "",
                     {.path = "in/x.jsonl" + end});
    json.machine().Write("in/x.jsonl" + end,
                         Compressed(compression, Concat(kByteOrderMark, R"({"what":"a","id":1})")));
    EXPECT_EQ(*json.ReadAll(), (Rows{R"({"id":1,"what":"a"})"}));
  }
}

TEST(CompressedSource, AFileIsOneSplitAndSplitsAreOfBytesOnDisk) {
  const std::string bytes = Compressed(Compression::kGzip, Numbered(1000));
  Reading reading(bytes);
  ASSERT_TRUE(reading.Discover().ok());
  const auto splits = reading.reader().Snapshot(base::CheckpointId(1));
  ASSERT_EQ(splits.size(), 1u);
  EXPECT_EQ(splits[0].id, Concat("t.txt.gz:0-", bytes.size()));
  EXPECT_EQ(reading.Read()->size(), 1000u);
}

TEST(CompressedSource, AFileOfNothingHasNoRows) {
  EXPECT_EQ(*Reading("").ReadAll(), Rows{});
  EXPECT_EQ(*Reading(Compressed(Compression::kGzip, "")).ReadAll(), Rows{});
}

TEST(CompressedSource, ADirectoryHasThemBesideOthers) {
  Reading reading(Compressed(Compression::kGzip, "b\n"));
  reading.machine().Write("in/a.txt", "a\n");
  reading.machine().Write("in/c.txt.zst", Compressed(Compression::kZstd, "c\n"));
  reading.machine().Write("in/d.csv.gz", Compressed(Compression::kGzip, "d\n"));
  reading.options() = {.path = "in"};
  ASSERT_TRUE(reading.Restore({}).ok());
  EXPECT_EQ(*reading.ReadAll(), (Rows{"a", "c", "b"}));
}

// Restored before every poll, in the middle of an archive and at its end.
TEST(CompressedSource, Regression49_ARestoreWithinAnArchiveReadsEachRowOnce) {
  for (const std::string_view text : {"one\ntwo\n\nfour\nlast", "one\ntwo\n\nfour\nlast\n"}) {
    for (const Compression compression : kBoth) {
      Reading reading(Compressed(compression, text), Concat("in/t.txt", NameEndOf(compression)),
                      /*rate=*/1000);
      ASSERT_TRUE(reading.Discover().ok());
      Rows rows;
      for (int restores = 0; restores < 1000; ++restores) {
        const auto splits = reading.reader().Snapshot(base::CheckpointId(1));
        if (splits.empty()) break;
        ASSERT_TRUE(reading.Restore(splits).ok());
        for (int polls = 0; polls < 5; ++polls) {
          const auto more = reading.Read(1);
          ASSERT_TRUE(more.ok()) << more.status();
          rows.insert(rows.end(), more->begin(), more->end());
        }
      }
      EXPECT_EQ(rows, (Rows{"one", "two", "", "four", "last"}));
    }
  }
}

TEST(CompressedSource, Regression49_SoDoesOneWithinALargeArchive) {
  const std::string text = Numbered(200'000);
  for (const Compression compression : kBoth) {
    const std::string path = Concat("in/t.txt", NameEndOf(compression));
    for (const uint32_t polls : {3u, 50u, 160u}) {
      Reading reading(Compressed(compression, text), path);
      ASSERT_TRUE(reading.Discover().ok());
      Rows rows = *reading.Read(polls);
      ASSERT_TRUE(reading.Restore(reading.reader().Snapshot(base::CheckpointId(1))).ok());
      const Rows rest = *reading.Read();
      EXPECT_GT(rest.size(), 0u);
      rows.insert(rows.end(), rest.begin(), rest.end());
      ASSERT_EQ(rows.size(), 200'000u) << polls;
      for (size_t i = 0; i < rows.size(); ++i) ASSERT_EQ(rows[i], Concat("line ", i));
    }
  }
}

TEST(CompressedSource, Regression35_ShortReadsAreContinued) {
  sim::Options world = sim::CalmOptions(3);
  world.disk.short_read = 0.9;
  Reading reading(Compressed(Compression::kZstd, Numbered(30'000)), "in/t.txt.zst", /*rate=*/0,
                  world);
  EXPECT_EQ(reading.ReadAll()->size(), 30'000u);
  EXPECT_GT(reading.machine().world().hits("disk.short_read"), 5u);
}

TEST(CompressedSource, AnArchiveThatIsCutOffIsNamedBehindTheRowsItHolds) {
  const std::string bytes = Compressed(Compression::kGzip, Numbered(100'000));
  Reading reading(bytes.substr(0, bytes.size() / 2));
  EXPECT_THAT(reading.ErrorOf(reading.ReadAll(), StatusCode::kInvalidArgument),
              ::testing::MatchesRegex("in/t.txt.gz is cut off: its gzip data ends within an "
                                      "archive, behind [0-9,]+ bytes of what it holds; put a whole "
                                      "copy in its place and start anew with --fresh"));
}

TEST(CompressedSource, ADamagedArchiveIsNamed) {
  std::string bytes = Compressed(Compression::kZstd, Numbered(100'000));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  Reading reading(bytes, "in/t.txt.zst");
  EXPECT_THAT(
      reading.ErrorOf(reading.ReadAll(), StatusCode::kInvalidArgument),
      ::testing::StartsWith("in/t.txt.zst is damaged: its zstd data cannot be read behind "));
  Reading none("no archive", "in/t.txt.gz");
  EXPECT_EQ(none.ErrorOf(none.ReadAll(), StatusCode::kInvalidArgument),
            "in/t.txt.gz is damaged: its gzip data cannot be read behind 0 bytes of what it holds "
            "(incorrect header check); put a whole copy in its place and start anew with --fresh");
}

TEST(CompressedSource, ARowThatIsBadIsNamedByItsLine) {
  FileReading json({.source = &NewJsonSource<Entry>, .form = RowForm::kJson}, "",
                   {.path = "in/x.jsonl.gz"});
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += "{\"id\":1,\"what\":\"a\"}\n";
  json.machine().Write("in/x.jsonl.gz", Compressed(Compression::kGzip, text + "{\"id\":1}\n"));
  EXPECT_THAT(json.ErrorOf(json.ReadAll(), StatusCode::kInvalidArgument),
              ::testing::StartsWith("in/x.jsonl.gz:50,001: field \"what\" is missing"));
}

TEST(CompressedSource, AFileThatChangedIsRefusedAlsoWhenItIsAsLong) {
  const std::string bytes = Compressed(Compression::kGzip, "aaaa\n");
  const std::string other = Compressed(Compression::kGzip, "bbbb\n");
  ASSERT_EQ(bytes.size(), other.size());
  Reading reading(bytes);
  ASSERT_TRUE(reading.Discover().ok());
  reading.machine().Write("in/t.txt.gz", other);
  EXPECT_EQ(reading.ErrorOf(reading.Read(), StatusCode::kFailedPrecondition),
            "in/t.txt.gz is another file since the job found it; put the file back as it was, or "
            "start anew with --fresh");
}

TEST(CompressedSource, ArchivesAppendedLaterAreNotRead) {
  const std::string bytes = Compressed(Compression::kGzip, "a\nb");
  Reading reading(bytes);
  ASSERT_TRUE(reading.Discover().ok());
  reading.machine().Write("in/t.txt.gz", bytes + Compressed(Compression::kGzip, "c\n"));
  EXPECT_EQ(*reading.Read(), (Rows{"a", "b"}));
}

TEST(CompressedSource, AFewBytesThatHoldAnEndlessRowAreRefused) {
  Reading reading(Compressed(Compression::kZstd, std::string(limits::kValueBytesMax + 1, 'x')),
                  "in/t.txt.zst");
  EXPECT_EQ(reading.ErrorOf(reading.ReadAll(), StatusCode::kInvalidArgument),
            "in/t.txt.zst:1: a row of more than 67,108,864 bytes");
}

TEST(CompressedSource, LettersNameTheLinesOfWhatItHoldsWhereverItIsRestored) {
  std::string text = "what,id\n";
  for (int i = 0; i < 3000; ++i) text += Concat("x,", i % 100 == 50 ? "no number" : "1", "\n");
  for (const Compression compression : kBoth) {
    const std::string path = Concat("in/x.csv", NameEndOf(compression));
    FileReading csv({.source = &NewCsvSource<Entry>, .form = RowForm::kCsv}, "",
                    {.path = path, .rate = 5000, .on_error = OnError::DeadLetter("rejected")});
    csv.machine().Write(path, Compressed(compression, text));
    ASSERT_TRUE(csv.Discover().ok());
    for (;;) {
      const auto splits = csv.reader().Snapshot(base::CheckpointId(1));
      if (splits.empty()) break;
      ASSERT_TRUE(csv.Restore(splits).ok());
      ASSERT_TRUE(csv.Read(40).ok());
    }
    ASSERT_EQ(csv.letters().size(), 30u);
    for (size_t i = 0; i < 30; ++i) {
      EXPECT_EQ(csv.letters()[i].file, path);
      EXPECT_EQ(csv.letters()[i].line, 100 * i + 52);
      EXPECT_EQ(csv.letters()[i].text, "x,no number");
    }
  }
}

}  // namespace
}  // namespace weir::connectors
