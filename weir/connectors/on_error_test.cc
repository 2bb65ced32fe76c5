// Sources that go on behind rows that are no records.
#include <gtest/gtest.h>

#include <map>

#include "weir/base/limits.h"
#include "weir/connectors/csv_source.h"
#include "weir/connectors/file_reading_test.h"
#include "weir/connectors/json_source.h"
#include "weir/connectors/text_source.h"

namespace weir::connectors {

struct Reading {
  int64_t id;
  std::string what;
};
WEIR_RECORD(Reading, id, what);

namespace {

constexpr FileReading::Format kCsv = {.source = &NewCsvSource<Reading>, .form = RowForm::kCsv};
constexpr FileReading::Format kJson = {.source = &NewJsonSource<Reading>, .form = RowForm::kJson};
constexpr FileReading::Format kText = {.source = &NewTextSource, .form = RowForm::kText};

FileSourceOptions Skipping(uint64_t split_bytes, uint64_t rate = 0) {
  return {.path = "in/t.csv", .split_bytes = split_bytes, .rate = rate, .on_error = OnError::kSkip};
}

constexpr std::string_view kSomeCsv =
    "id,what\n"
    "1,one\n"
    "x,no number\n"
    "2\n"
    "3,three\n"
    "\"4\"4,text behind a quote\n"
    "5,a,b,c\n"
    "6,six\n"
    "y,last";
const Rows kSomeCsvRows = {"1,one", "3,three", "6,six"};

constexpr std::string_view kSomeJson =
    "{\"id\":1,\"what\":\"\"}\n"
    "{\"id\":\n"
    "{}\n"
    "{\"id\":2,\"what\":\"\"}\n"
    "{\"id\":2.5,\"what\":\"\"}\n"
    "\xff\n"
    "{\"id\":3,\"what\":\"\"}";
const Rows kSomeJsonRows = {R"({"id":1,"what":""})", R"({"id":2,"what":""})",
                            R"({"id":3,"what":""})"};

TEST(OnError, RowsThatAreNoRecordsAreSkippedAndCounted) {
  for (uint64_t bytes = 0; bytes <= kSomeCsv.size(); ++bytes) {
    FileReading csv(kCsv, kSomeCsv, Skipping(bytes));
    EXPECT_EQ(*csv.ReadAll(), kSomeCsvRows) << bytes;
    EXPECT_EQ(csv.reader().rows_skipped(), 5u) << bytes;
  }
  for (uint64_t bytes = 0; bytes <= kSomeJson.size(); ++bytes) {
    FileReading json(kJson, kSomeJson, Skipping(bytes));
    EXPECT_EQ(*json.ReadAll(), kSomeJsonRows) << bytes;
    EXPECT_EQ(json.reader().rows_skipped(), 4u) << bytes;
  }
}

TEST(OnError, OtherwiseTheFirstOneFailsTheJob) {
  FileReading csv(kCsv, kSomeCsv, {.path = "in/t.csv"});
  EXPECT_TRUE(csv.ErrorOf(csv.ReadAll(), StatusCode::kInvalidArgument).starts_with("in/t.csv:3: "));
}

// Restored before every few polls, also within a row that is skipped.
TEST(OnError, EachRecordOnceWhereverItIsRestored) {
  const auto read = [](const FileReading::Format& format, std::string_view text, uint64_t bytes,
                       uint32_t polls) {
    FileReading reading(format, text, Skipping(bytes, /*rate=*/1000));
    WEIR_CHECK(reading.Discover().ok());
    Rows rows;
    for (int restores = 0; restores < 1000; ++restores) {
      const auto splits = reading.reader().Snapshot(base::CheckpointId(1));
      if (splits.empty()) break;
      WEIR_CHECK(reading.Restore(splits).ok());
      for (uint32_t poll = 0; poll < polls; ++poll) {
        const auto more = reading.Read(1);
        WEIR_CHECK(more.ok());
        rows.insert(rows.end(), more->begin(), more->end());
      }
    }
    return rows;
  };
  for (const uint64_t bytes : {0u, 1u, 7u, 30u}) {
    for (const uint32_t polls : {6u, 7u, 8u, 9u, 11u}) {
      EXPECT_EQ(read(kCsv, kSomeCsv, bytes, polls), kSomeCsvRows) << bytes << " " << polls;
      EXPECT_EQ(read(kJson, kSomeJson, bytes, polls), kSomeJsonRows) << bytes << " " << polls;
    }
  }
}

TEST(OnError, ARowThatIsTooLongIsSkipped) {
  const std::string endless(limits::kValueBytesMax + 10'000'000, 'x');
  FileReading text(kText, Concat("a\n", endless, "\nb\n", endless), Skipping(0));
  EXPECT_EQ(*text.ReadAll(), (Rows{"a", "b"}));
  EXPECT_EQ(text.reader().rows_skipped(), 2u);
}

TEST(OnError, AQuoteThatIsNeverClosedTakesItsLineAlone) {
  std::string text = "id,what\n1,a\n2,\"b\n";
  const std::string row = "3," + std::string(1'000, 'c') + "\n";
  const size_t rows = limits::kValueBytesMax / row.size() + 1'000;
  for (size_t i = 0; i < rows; ++i) text += row;
  FileReading csv(kCsv, text, Skipping(0));
  EXPECT_EQ(csv.ReadAll()->size(), rows + 1);
  EXPECT_EQ(csv.reader().rows_skipped(), 1u);
}

TEST(OnError, ManyThatAreNoRecordsInARow) {
  std::string text = "id,what\n";
  for (int i = 0; i < 50'000; ++i) text += Concat(i % 10 == 0 ? "" : "x", i, ",a\n");
  FileReading csv(kCsv, text, Skipping(100'000));
  EXPECT_EQ(csv.ReadAll()->size(), 5000u);
  EXPECT_EQ(csv.reader().rows_skipped(), 45'000u);
}

FileSourceOptions Diverting(uint64_t split_bytes, uint64_t rate = 0) {
  return {.path = "in/t.csv",
          .split_bytes = split_bytes,
          .rate = rate,
          .on_error = OnError::DeadLetter("rejected")};
}

// "3: x,no number", in the order of lines.
Rows Shown(const std::vector<DeadLetter>& letters) {
  std::map<uint64_t, std::string> lines;
  for (const DeadLetter& letter : letters) {
    EXPECT_EQ(letter.file, "in/t.csv");
    EXPECT_FALSE(letter.reason.empty());
    EXPECT_TRUE(lines.emplace(letter.line, letter.text).second) << "twice: " << letter.line;
  }
  Rows rows;
  for (const auto& [line, text] : lines) rows.push_back(Concat(line, ": ", text));
  return rows;
}

const Rows kSomeCsvLetters = {"3: x,no number", "4: 2", "6: \"4\"4,text behind a quote",
                              "7: 5,a,b,c", "9: y,last"};
const Rows kSomeJsonLetters = {"2: {\"id\":", "3: {}", "5: {\"id\":2.5,\"what\":\"\"}", "6: \xff"};

TEST(DeadLetters, NameFileLineTextAndReason) {
  FileReading csv(kCsv, kSomeCsv, Diverting(0));
  EXPECT_EQ(*csv.ReadAll(), kSomeCsvRows);
  ASSERT_EQ(csv.letters().size(), 5u);
  EXPECT_EQ(ToJson(csv.letters()[0]), R"({"file":"in/t.csv","line":3,"text":"x,no number",)"
                                      R"("reason":"column 1 \"id\": \"x\" is not an integer"})");
}

TEST(DeadLetters, OneForEachRowThatIsNoRecordHoweverItIsSplit) {
  for (uint64_t bytes = 0; bytes <= kSomeCsv.size(); ++bytes) {
    FileReading csv(kCsv, kSomeCsv, Diverting(bytes));
    EXPECT_EQ(*csv.ReadAll(), kSomeCsvRows) << bytes;
    EXPECT_EQ(Shown(csv.letters()), kSomeCsvLetters) << bytes;
    EXPECT_EQ(csv.reader().rows_skipped(), 5u) << bytes;
  }
  for (uint64_t bytes = 0; bytes <= kSomeJson.size(); ++bytes) {
    FileReading json(kJson, kSomeJson, Diverting(bytes));
    EXPECT_EQ(*json.ReadAll(), kSomeJsonRows) << bytes;
    EXPECT_EQ(Shown(json.letters()), kSomeJsonLetters) << bytes;
  }
}

TEST(DeadLetters, OneForEachWhereverItIsRestored) {
  sim::Options world = sim::CalmOptions(1);
  world.disk.short_read = 0.5;
  for (const uint64_t bytes : {0u, 1u, 7u, 30u}) {
    for (const uint32_t polls : {6u, 7u, 8u, 9u, 11u}) {
      FileReading csv(kCsv, kSomeCsv, Diverting(bytes, /*rate=*/1000), world);
      ASSERT_TRUE(csv.Discover().ok());
      for (;;) {
        const auto splits = csv.reader().Snapshot(base::CheckpointId(1));
        if (splits.empty()) break;
        ASSERT_TRUE(csv.Restore(splits).ok());
        for (uint32_t poll = 0; poll < polls; ++poll) ASSERT_TRUE(csv.Read(1).ok());
      }
      EXPECT_EQ(Shown(csv.letters()), kSomeCsvLetters) << bytes << " " << polls;
    }
  }
}

TEST(DeadLetters, LinesAreCountedInFrontOfARangeToo) {
  std::string text = "id,what\n";
  Rows letters;
  for (int i = 0; i < 300'000; ++i) {
    const bool bad = i % 50'000 == 49'999;
    text += Concat(bad ? "x" : "", i, ",abc\n");
    if (bad) letters.push_back(Concat(i + 2, ": x", i, ",abc"));
  }
  for (const uint64_t bytes : {0u, 1'000'000u, 100'000u}) {
    FileReading csv(kCsv, text, Diverting(bytes));
    EXPECT_EQ(csv.ReadAll()->size(), 299'994u);
    EXPECT_EQ(Shown(csv.letters()), letters) << bytes;
  }
}

TEST(DeadLetters, ARowThatIsTooLongIsCut) {
  const std::string endless(limits::kValueBytesMax + 10'000'000, 'x');
  FileReading text(kText, Concat("a\n", endless, "\nb\n", endless), Diverting(0));
  EXPECT_EQ(*text.ReadAll(), (Rows{"a", "b"}));
  ASSERT_EQ(text.letters().size(), 2u);
  EXPECT_EQ(text.letters()[0].line, 2u);
  EXPECT_EQ(text.letters()[1].line, 4u);
  for (const DeadLetter& letter : text.letters()) {
    EXPECT_EQ(letter.text.size(), limits::kDeadLetterTextBytesMax);
    EXPECT_EQ(letter.reason, "a row of more than 67,108,864 bytes");
  }
}

TEST(DeadLetters, ManyInARow) {
  std::string text = "id,what\n";
  for (int i = 0; i < 50'000; ++i) text += Concat(i % 10 == 0 ? "" : "x", i, ",a\n");
  FileReading csv(kCsv, text, Diverting(100'000));
  EXPECT_EQ(csv.ReadAll()->size(), 5000u);
  EXPECT_EQ(Shown(csv.letters()).size(), 45'000u);
}

TEST(OnError, AFileThatIsNotWhatItShouldBeFailsInAnyCase) {
  FileReading csv(kCsv, "other,header\n1,2\n", Skipping(0));
  EXPECT_EQ(csv.Discover().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace weir::connectors
