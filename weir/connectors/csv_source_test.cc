#include "weir/connectors/csv_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weir/base/limits.h"
#include "weir/connectors/file_reading_test.h"
#include "weir/connectors/input_file.h"

namespace weir::connectors {

struct Payment {
  int64_t account;
  std::string note;
};
WEIR_RECORD(Payment, account, note);

namespace {

constexpr std::string_view kSome =
    "account,note\n1,one\n\n22,\"two, too\"\r\n333,\n4444,\"q\"\"q\"\n5,last";
const Rows kSomeRows = {"1,one", "22,\"two, too\"", "333,\"\"", "4444,\"q\"\"q\"", "5,last"};

class Reading : public FileReading {
 public:
  explicit Reading(std::string_view text, CsvSourceOptions options = {.path = "in/t.csv"},
                   sim::Options world = sim::CalmOptions(1))
      : FileReading({.source = &NewCsvSource<Payment>, .form = RowForm::kCsv}, text,
                    std::move(options), std::move(world)) {}
};

std::string Numbered(int rows) {
  std::string text = "account,note\n";
  for (int i = 0; i < rows; ++i) text += Concat(i, ",n", i, "\n");
  return text;
}

TEST(CsvSource, ReadsRowsInOrder) {
  Reading reading(kSome);
  const auto rows = reading.ReadAll();
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(*rows, kSomeRows);
}

TEST(CsvSource, ColumnsMayStandInAnyOrder) {
  const auto rows = Reading("note,account\nx,7\n").ReadAll();
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(*rows, Rows{"7,x"});
}

TEST(CsvSource, HeaderAloneIsAnEmptyInput) {
  EXPECT_EQ(*Reading("account,note\n").ReadAll(), Rows{});
  EXPECT_EQ(*Reading("account,note").ReadAll(), Rows{});
}

TEST(CsvSource, EachRowOnceWhateverTheSplits) {
  for (uint64_t bytes = 1; bytes <= kSome.size() + 1; ++bytes) {
    Reading reading(kSome, {.path = "in/t.csv", .split_bytes = bytes});
    const auto rows = reading.ReadAll();
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_EQ(*rows, kSomeRows) << "splits of " << bytes;
    EXPECT_EQ(reading.reader().TakeFinished().size(), (kSome.size() + bytes - 1) / bytes);
  }
}

// A reader that reads at most three rows in its life, then another, for every split size.
TEST(CsvSource, RestoresAtEveryRow) {
  const auto source = NewCsvSource<Payment>({});
  for (const uint64_t bytes : {1u, 7u, 20u, 1000u}) {
    Machine machine;
    machine.Write("t.csv", kSome);
    const auto splits =
        FindFileSplits(machine.files(), {.path = "t.csv", .split_bytes = bytes}, source->format());
    ASSERT_TRUE(splits.ok());
    Rows rows;
    record::AnyBatch batch(TypeOpsOf<Payment>());
    for (runtime::Split split : *splits) {
      for (bool end = false; !end;) {
        auto decoded = DecodeFileSplit(split);
        ASSERT_TRUE(decoded.ok()) << decoded.status();
        auto reader = FileSplitReader::Open({.files = machine.files(),
                                             .path = "t.csv",
                                             .split = *decoded,
                                             .format = source->format()});
        ASSERT_TRUE(reader.ok()) << reader.status();
        auto state = (*reader)->Advance(1);
        while (state.ok() && *state == FileSplitReader::State::kAgain)
          state = (*reader)->Advance(1);
        ASSERT_TRUE(state.ok()) << state.status();
        end = *state == FileSplitReader::State::kEnd;
        if (!end) {
          ASSERT_EQ((*reader)->Take(batch).value(), 1u);
        }
        split = EncodeFileSplit((*reader)->Position());
      }
    }
    for (uint32_t row = 0; row < batch.size(); ++row) {
      ASSERT_TRUE(batch.type().AppendCsv(batch, row, rows.emplace_back()).ok());
    }
    EXPECT_EQ(rows, kSomeRows) << "splits of " << bytes;
  }
}

TEST(CsvSource, SnapshotsGoOnBehindTheLastRow) {
  const std::string text = Numbered(5000);
  Reading whole(text, {.path = "in/t.csv", .split_bytes = 20'000});
  const Rows all = *whole.ReadAll();
  ASSERT_EQ(all.size(), 5000u);
  for (const uint32_t polls : {1u, 2u, 3u, 5u, 8u}) {
    Reading reading(text, {.path = "in/t.csv", .split_bytes = 20'000});
    ASSERT_TRUE(reading.Discover().ok());
    Rows rows = *reading.Read(polls);
    ASSERT_TRUE(reading.Restore(reading.reader().Snapshot(base::CheckpointId(1))).ok());
    const Rows rest = *reading.Read();
    rows.insert(rows.end(), rest.begin(), rest.end());
    EXPECT_EQ(rows, all) << polls;
  }
}

TEST(CsvSource, Regression35_ShortReadsAreContinued) {
  sim::Options world = sim::CalmOptions(3);
  world.disk.short_read = 0.9;
  Reading reading(Numbered(3000), {.path = "in/t.csv", .split_bytes = 5000}, world);
  const auto rows = reading.ReadAll();
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 3000u);
  EXPECT_EQ(rows->back(), "2999,n2999");
  EXPECT_GT(reading.machine().world().hits("disk.short_read"), 10u);
}

TEST(CsvSource, Regression52_NothingReadRestoresToTheSamePlace) {
  Reading reading(kSome, {.path = "in/t.csv", .split_bytes = 9});
  ASSERT_TRUE(reading.Discover().ok());
  const auto fresh = reading.reader().Snapshot(base::CheckpointId(1));
  EXPECT_EQ(reading.reader().Snapshot(base::CheckpointId(1)), fresh);
  ASSERT_TRUE(reading.Restore(fresh).ok());
  EXPECT_EQ(reading.reader().Snapshot(base::CheckpointId(1)), fresh);
  EXPECT_EQ(*reading.Read(1), Rows{});  // a read was done, no row put out yet
  ASSERT_TRUE(reading.Restore(reading.reader().Snapshot(base::CheckpointId(1))).ok());
  EXPECT_EQ(*reading.Read(), kSomeRows);
}

TEST(CsvSource, Regression45_RestoredSplitsAreThoseOfTheCheckpoint) {
  Reading reading(kSome, {.path = "in", .split_bytes = 0});
  ASSERT_TRUE(reading.Discover().ok());
  const auto splits = reading.reader().Snapshot(base::CheckpointId(1));

  reading.machine().Write("in/u.csv", "account,note\n6,new\n");  // not in the checkpoint: not read
  ASSERT_TRUE(reading.Restore(splits).ok());
  EXPECT_EQ(*reading.Read(), kSomeRows);

  ASSERT_TRUE(reading.machine().files().Rename("in/t.csv", "in/renamed.csv").ok());
  ASSERT_TRUE(reading.Restore(splits).ok());
  EXPECT_EQ(reading.ErrorOf(reading.Read(), StatusCode::kFailedPrecondition),
            "in/t.csv is gone: the job has read it up to byte 0; put the file back as it was, or "
            "start anew with --fresh");

  reading.options().path = "in/u.csv";
  ASSERT_TRUE(reading.Restore(splits).ok());
  EXPECT_EQ(
      reading.ErrorOf(reading.Read(), StatusCode::kFailedPrecondition),
      "the checkpoint is in the middle of t.csv, but the input is in/u.csv now; give the same "
      "input again, or start anew with --fresh");
}

TEST(CsvSource, InputMayMoveBetweenTwoRuns) {
  Reading reading(kSome);
  ASSERT_TRUE(reading.Discover().ok());
  const auto splits = reading.reader().Snapshot(base::CheckpointId(1));
  ASSERT_TRUE(reading.machine().files().MakeDirectories("elsewhere").ok());
  ASSERT_TRUE(reading.machine().files().Rename("in/t.csv", "elsewhere/t.csv").ok());
  reading.options().path = "elsewhere/t.csv";
  ASSERT_TRUE(reading.Restore(splits).ok());
  EXPECT_EQ(*reading.Read(), kSomeRows);
}

TEST(CsvSource, AFileThatShrankIsRefused) {
  Reading reading(kSome);
  ASSERT_TRUE(reading.Discover().ok());
  reading.machine().Write("in/t.csv", kSome.substr(0, 20));
  EXPECT_EQ(reading.ErrorOf(reading.Read(), StatusCode::kFailedPrecondition),
            "in/t.csv has shrunk since the job found it, from 58 to 20 bytes; put the file back as "
            "it was, or start anew with --fresh");
}

TEST(CsvSource, AFileThatShrinksWhileItIsReadIsRefused) {
  const std::string text = Numbered(50'000);
  Reading reading(text);
  ASSERT_TRUE(reading.Discover().ok());
  ASSERT_TRUE(reading.Read(2).ok());
  reading.machine().Write("in/t.csv", text.substr(0, 1000));
  const auto rows = reading.Read();
  EXPECT_EQ(rows.status().code(), StatusCode::kFailedPrecondition) << rows.status();
}

TEST(CsvSource, RowsAppendedLaterAreNotRead) {
  Reading reading(Concat(kSome, "\n"));
  ASSERT_TRUE(reading.Discover().ok());
  reading.machine().Write("in/t.csv", Concat(kSome, "\n6,later\n"));
  EXPECT_EQ(*reading.Read(), kSomeRows);
}

TEST(CsvSource, AFileThatGrewWithinItsLastRowIsRefused) {
  Reading reading(kSome);
  ASSERT_TRUE(reading.Discover().ok());
  reading.machine().Write("in/t.csv", Concat(kSome, "ing\n"));
  EXPECT_EQ(reading.ErrorOf(reading.Read(), StatusCode::kFailedPrecondition),
            "in/t.csv has grown since the job found it, and its last row had no line end then; put "
            "the file back as it was, or start anew with --fresh");
}

TEST(CsvSource, ARowThatWasMendedToALongerOneIsRefused) {
  const std::string text = "account,note\n1,x\n2,bad\n3,last\n";
  Reading reading(text);
  ASSERT_TRUE(reading.Discover().ok());
  // By the length of the last row: what the job would read still ends in a line end.
  reading.machine().Write("in/t.csv", "account,note\n1,x\n2,mended 789\n3,last\n");
  EXPECT_EQ(reading.ErrorOf(reading.Read(), StatusCode::kFailedPrecondition),
            "in/t.csv has grown since the job found it, and not by rows at its end: it was 30 "
            "bytes, and is 37; put the file back as it was, or start anew with --fresh");
}

TEST(CsvSource, ARowThatWasMendedInItsPlaceIsRead) {
  Reading reading("account,note\n1,x\n2,bad\n3,last\n");
  ASSERT_TRUE(reading.Discover().ok());
  reading.machine().Write("in/t.csv", "account,note\n1,x\n2,mnd\n3,last\n");
  EXPECT_EQ(*reading.Read(), (Rows{"1,x", "2,mnd", "3,last"}));
}

// Of the same length, so neither size nor tail tells.
TEST(CsvSource, AnotherFileOfTheSameLengthIsRefused) {
  const std::string text = Numbered(5000);
  const auto read_and_replace = [&](const std::string& other) {
    WEIR_CHECK(other.size() == text.size());
    Reading reading(text);
    WEIR_CHECK(reading.Discover().ok() && reading.Read(2)->size() > 1);
    const auto splits = reading.reader().Snapshot(base::CheckpointId(1));
    reading.machine().Write("in/t.csv", other);
    WEIR_CHECK(reading.Restore(splits).ok());
    return reading.ErrorOf(reading.Read(), StatusCode::kFailedPrecondition);
  };
  std::string swapped = text;
  swapped.replace(0, 12, "note,account");
  EXPECT_EQ(read_and_replace(swapped),
            "in/t.csv:1: the first line is not what it was when the job found the file; put the "
            "file back as it was, or start anew with --fresh");
  std::string shifted = text;  // by one byte: the first row is longer, the last one shorter
  shifted.insert(shifted.find("n0"), "n").erase(shifted.size() - 2, 1);
  EXPECT_THAT(read_and_replace(shifted),
              ::testing::HasSubstr("in/t.csv is another file since the job read it up to byte"));
}

TEST(CsvSource, AFieldThatDoesNotParseIsNamed) {
  std::string text = Numbered(5000);
  const size_t at = text.find("\n4321,") + 1;
  text.replace(at, 4, "\"12,5O\"");
  Reading reading(text, {.path = "in/t.csv", .split_bytes = 3000});
  EXPECT_EQ(reading.ErrorOf(reading.ReadAll(), StatusCode::kInvalidArgument),
            "in/t.csv:4,323: column 1 \"account\": \"12,5O\" is not an integer; mend the row "
            "without changing the file's length and run it again, or start anew with --fresh");
  Reading swapped("note,account\nx,\n");
  EXPECT_EQ(swapped.ErrorOf(swapped.ReadAll(), StatusCode::kInvalidArgument),
            Concat("in/t.csv:2: column 2 \"account\": \"\" is not an integer", kBadRowCure));
  Reading large("account,note\n9223372036854775808,x\n");
  EXPECT_EQ(large.ErrorOf(large.ReadAll(), StatusCode::kInvalidArgument),
            Concat("in/t.csv:2: column 1 \"account\": \"9223372036854775808\" is too large or too "
                   "small for int64",
                   kBadRowCure));
}

TEST(CsvSource, ARowThatIsNoCsvIsNamed) {
  Reading reading("account,note\n1,x\n2\n");
  EXPECT_EQ(reading.ErrorOf(reading.ReadAll(), StatusCode::kInvalidArgument),
            Concat("in/t.csv:3: 1 column, the header has 2", kBadRowCure));
}

TEST(CsvSource, QuotedLineEndsNeedOneSplit) {
  const std::string text = "account,note\n1,\"two\nlines\"\n2,x\n";
  Reading split(text, {.path = "in/t.csv", .split_bytes = text.size() - 1});
  EXPECT_EQ(split.ErrorOf(split.ReadAll(), StatusCode::kInvalidArgument),
            "in/t.csv:2: a quoted field that does not end in its line; if quotes in this file hold "
            "line ends, read it in one split (split_bytes = 0) and start anew with --fresh");
  // What counts is the split, also when the program that made it said otherwise.
  ASSERT_TRUE(split.Discover().ok());
  const auto ranges = split.reader().Snapshot(base::CheckpointId(1));
  split.options().split_bytes = 0;
  ASSERT_TRUE(split.Restore(ranges).ok());
  EXPECT_FALSE(split.Read().ok());
  EXPECT_EQ(*Reading(text).ReadAll(), (Rows{"1,\"two\nlines\"", "2,x"}));
  EXPECT_EQ(*Reading(text, {.path = "in/t.csv", .split_bytes = 0}).ReadAll(),
            (Rows{"1,\"two\nlines\"", "2,x"}));
  // Never silently wrong: every split size refuses it.
  for (uint64_t bytes = 1; bytes < text.size(); ++bytes) {
    EXPECT_FALSE(Reading(text, {.path = "in/t.csv", .split_bytes = bytes}).ReadAll().ok()) << bytes;
  }
}

TEST(CsvSource, InputThatIsNotThereIsOneSentence) {
  Reading reading(kSome, {.path = "in/none.csv"});
  EXPECT_EQ(reading.Discover(),
            InvalidArgumentError(
                "no file or directory in/none.csv; give the path of what is to be read"));
  Reading directory(kSome, {.path = "."});
  EXPECT_EQ(
      directory.Discover(),
      InvalidArgumentError("no *.csv file in directory .; give the path of what is to be read"));
  Reading empty("");
  EXPECT_EQ(empty.Discover(),
            InvalidArgumentError(
                "in/t.csv is empty: its first line must name the columns: account,note"));
}

TEST(CsvSource, ADirectoryIsItsVisibleCsvFiles) {
  Reading reading(kSome, {.path = "in"});
  reading.machine().Write("in/a.csv", "account,note\n7,seven\n");
  reading.machine().Write("in/.hidden.csv", "junk");
  reading.machine().Write("in/readme.txt", "junk");
  ASSERT_TRUE(reading.machine().files().MakeDirectories("in/deeper.csv").ok());
  Rows expected = {"7,seven"};
  expected.insert(expected.end(), kSomeRows.begin(), kSomeRows.end());
  EXPECT_EQ(*reading.ReadAll(), expected);
}

TEST(CsvSource, AFileWhoseNameNoCheckpointCanHoldIsRefused) {
  Reading reading(kSome, {.path = "in"});
  reading.machine().Write("in/\xFF.csv", "account,note\n7,seven\n");
  EXPECT_EQ(reading.Discover(),
            InvalidArgumentError("the name of \"in/\xFF.csv\" is not UTF-8: checkpoints could not "
                                 "name it; rename the file"));
}

TEST(CsvSource, SplitsGrowWithTheInput) {
  Reading reading(Numbered(20'000), {.path = "in/t.csv", .split_bytes = 1});
  ASSERT_TRUE(reading.Discover().ok());
  EXPECT_LE(reading.reader().Snapshot(base::CheckpointId(1)).size(), limits::kSplitsMax);
  EXPECT_GT(reading.reader().Snapshot(base::CheckpointId(1)).size(), limits::kSplitsMax / 2);
  EXPECT_EQ(reading.Read()->size(), 20'000u);
}

TEST(CsvSource, RowsMayBeLongerThanTheBuffer) {
  const std::string note(1 << 20, 'x');
  Reading reading(Concat("account,note\n1,", note, "\n2,", note, "\n3,c"),
                  {.path = "in/t.csv", .split_bytes = 300'000});
  const auto rows = reading.ReadAll();
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(*rows, (Rows{"1," + note, "2," + note, "3,c"}));
}

TEST(CsvSource, RowsBeyondTheLimitAreRefused) {
  Reading reading(Concat("account,note\n1,", std::string(limits::kValueBytesMax, 'x'), "\n"));
  EXPECT_EQ(reading.ErrorOf(reading.ReadAll(), StatusCode::kInvalidArgument),
            "in/t.csv:2: a row of more than 67,108,864 bytes");
}

TEST(CsvSource, RateIsKeptWithoutBursts) {
  Reading reading(Numbered(4000), {.path = "in/t.csv", .rate = 2000});
  ASSERT_TRUE(reading.Discover().ok());
  const base::Instant begin = reading.machine().env().clock.Now();
  uint64_t rows = 0;
  for (int polls = 0; polls < 100'000 && rows < 4000; ++polls) {
    if (polls == 50) reading.machine().world().RunFor(std::chrono::seconds(1));  // nobody polls
    const uint64_t more = reading.Read(1)->size();
    EXPECT_LE(more, 41u);  // 20 ms' worth, and the row that is due now
    rows += more;
  }
  EXPECT_EQ(rows, 4000u);
  const Duration took = reading.machine().env().clock.Now() - begin;
  EXPECT_GT(took, std::chrono::milliseconds(2900));
  EXPECT_LT(took, std::chrono::milliseconds(3100));
}

TEST(CsvSource, TheRateIsSharedBySubtasks) {
  const base::Instant start{};
  RateLimit limit(/*rows_per_second=*/1.0, start);
  EXPECT_EQ(limit.Allowed(start), 1u);
  limit.Spend(1);
  EXPECT_EQ(limit.Allowed(start + std::chrono::milliseconds(999)), 0u);
  EXPECT_EQ(limit.Wait(start + std::chrono::milliseconds(400)),
            std::chrono::milliseconds(600) + Duration(1));
  EXPECT_EQ(limit.Allowed(start + std::chrono::seconds(1)), 1u);
  EXPECT_EQ(limit.Allowed(start + std::chrono::seconds(9)), 2u);  // rarer than the burst: one more
}

TEST(CsvSource, EnumeratorAnswersFromThePool) {
  Reading reading(kSome);
  auto source = NewCsvSource<Payment>(reading.options());
  auto enumerator = source->NewEnumerator(reading.machine().env());
  std::optional<StatusOr<runtime::Discovery>> answer;
  enumerator->Discover([&](StatusOr<runtime::Discovery> found) { answer = std::move(found); });
  EXPECT_FALSE(answer.has_value());
  reading.machine().Settle();
  ASSERT_TRUE(answer.has_value() && answer->ok());
  EXPECT_TRUE((*answer)->final);
  ASSERT_EQ((*answer)->splits.size(), 1u);
  EXPECT_EQ((*answer)->splits[0].id, "t.csv:0-58");
}

}  // namespace
}  // namespace weir::connectors
