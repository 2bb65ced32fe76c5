#include "weir/connectors/json_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weir/base/limits.h"
#include "weir/connectors/file_reading_test.h"
#include "weir/connectors/input_file.h"

namespace weir::connectors {

struct Event {
  int64_t id;
  std::string what;
  std::optional<double> price;
};
WEIR_RECORD(Event, id, what, price);

namespace {

constexpr std::string_view kSome =
    "{\"id\":1,\"what\":\"a\\nb\"}\n\n"
    "{\"what\":\"two\",\"x\":[{}],\"price\":2.5,\"id\":2}\r\n"
    " \t\n"
    "{\"id\":3,\"what\":\"\",\"price\":null}";
const Rows kSomeRows = {R"({"id":1,"what":"a\nb","price":null})",
                        R"({"id":2,"what":"two","price":2.5})",
                        R"({"id":3,"what":"","price":null})"};

class Reading : public FileReading {
 public:
  explicit Reading(std::string_view text, JsonSourceOptions options = {.path = "in/t.jsonl"},
                   sim::Options world = sim::CalmOptions(1))
      : FileReading({.source = &NewJsonSource<Event>, .form = RowForm::kJson}, "",
                    std::move(options), std::move(world)) {
    machine().Write("in/t.jsonl", text);
  }
};

std::string Numbered(int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) text += Concat("{\"id\":", i, ",\"what\":\"n", i, "\"}\n");
  return text;
}

TEST(JsonSource, ALineIsARecord) {
  const auto rows = Reading(kSome).ReadAll();
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(*rows, kSomeRows);
}

TEST(JsonSource, AnEmptyFileHasNoRecords) {
  EXPECT_EQ(*Reading("").ReadAll(), Rows{});
  EXPECT_EQ(*Reading("\n\n").ReadAll(), Rows{});
  EXPECT_EQ(*Reading(kByteOrderMark).ReadAll(), Rows{});
}

TEST(JsonSource, AByteOrderMarkIsSkipped) {
  EXPECT_EQ(*Reading(Concat(kByteOrderMark, kSome)).ReadAll(), kSomeRows);
}

TEST(JsonSource, EachRecordOnceWhateverTheSplits) {
  for (uint64_t bytes = 1; bytes <= kSome.size() + 1; ++bytes) {
    Reading reading(kSome, {.path = "in/t.jsonl", .split_bytes = bytes});
    EXPECT_EQ(*reading.ReadAll(), kSomeRows) << "splits of " << bytes;
  }
}

// Killed and restored before every few polls: each record comes once, whatever the splits.
TEST(JsonSource, EachRecordOnceWhereverItIsRestored) {
  for (const uint64_t bytes : {0u, 1u, 5u, 13u, 40u}) {
    Reading reading(kSome, {.path = "in/t.jsonl", .split_bytes = bytes, .rate = 1000});
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

TEST(JsonSource, Regression35_ShortReadsAreContinued) {
  sim::Options world = sim::CalmOptions(3);
  world.disk.short_read = 0.9;
  Reading reading(Numbered(3000), {.path = "in/t.jsonl", .split_bytes = 5000}, world);
  const auto rows = reading.ReadAll();
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 3000u);
  EXPECT_EQ(rows->back(), R"({"id":2999,"what":"n2999","price":null})");
  EXPECT_GT(reading.machine().world().hits("disk.short_read"), 10u);
}

TEST(JsonSource, ALineThatIsNoRecordIsNamed) {
  const auto refused = [](const std::string& line) {
    Reading reading(Concat(Numbered(4000), line, "\n"),
                    {.path = "in/t.jsonl", .split_bytes = 3000});
    const std::string error = reading.ErrorOf(reading.ReadAll(), StatusCode::kInvalidArgument);
    const std::string place = "in/t.jsonl:4,001: ";
    EXPECT_TRUE(error.starts_with(place) && error.ends_with(kBadRowCure)) << error;
    return error.substr(place.size(), error.size() - place.size() - kBadRowCure.size());
  };
  EXPECT_EQ(refused(R"({"id":"7","what":""})"), "field \"id\": \"7\" is not an integer");
  EXPECT_EQ(refused(R"({"id":7})"), "field \"what\" is missing");
  EXPECT_EQ(refused(R"({"id":7,"what":"","price":true})"), "field \"price\": true is not a number");
  EXPECT_EQ(refused(R"({"id":9223372036854775808,"what":""})"),
            "field \"id\": 9223372036854775808 is not between -9223372036854775808 and "
            "9223372036854775807");
  EXPECT_EQ(refused(R"({"id":7,"id":8,"what":""})"), "field \"id\": 8 stands there twice");
  EXPECT_EQ(refused(R"({"id":7,"what":"no end})"),
            R"({"id":7,"what":"no end} is not JSON: a text in it has no closing quote)");
  EXPECT_EQ(refused("{\"id\":7,\"what\":\"\xff\"}"),
            "{\"id\":7,\"what\":\"\xff\"} is not JSON: it holds bytes that are not UTF-8");
  EXPECT_EQ(refused(R"({"id":7,"what":""} {})"), "{} stands behind the value: one value a line");
  EXPECT_EQ(refused("[" + std::string(100, '1') + "]"), "[ is not an object");
}

TEST(JsonSource, DeepNestingIsSteppedOver) {
  const std::string nested = std::string(10'000, '[') + std::string(10'000, ']');
  EXPECT_EQ(*Reading(Concat(R"({"id":1,"x":)", nested, R"(,"what":"a"})")).ReadAll(),
            Rows{R"({"id":1,"what":"a","price":null})"});
}

TEST(JsonSource, LinesMayBeLongButNotEndless) {
  const std::string text(20 << 20, 'x');
  EXPECT_EQ(
      *Reading(Concat(R"({"id":1,"what":")", text, "\"}\n", R"({"id":2,"what":"a"})")).ReadAll(),
      (Rows{Concat(R"({"id":1,"what":")", text, R"(","price":null})"),
            R"({"id":2,"what":"a","price":null})"}));
  Reading longer(Concat(R"({"id":1,"what":")", std::string(100'000'000, 'x'), "\"}\n"));
  EXPECT_EQ(longer.ErrorOf(longer.ReadAll(), StatusCode::kInvalidArgument),
            "in/t.jsonl:1: a row of more than 67,108,864 bytes");
}

TEST(JsonSource, AFileThatIsCutWhileItIsReadIsRefused) {
  const std::string text = Numbered(100'000);
  Reading reading(text);
  ASSERT_TRUE(reading.Discover().ok());
  ASSERT_TRUE(reading.Read(2).ok());
  reading.machine().Write("in/t.jsonl", text.substr(0, 1000));
  EXPECT_THAT(reading.ErrorOf(reading.Read(), StatusCode::kFailedPrecondition),
              ::testing::StartsWith("in/t.jsonl has shrunk while it was read"));
}

TEST(JsonSource, ADirectoryIsItsJsonLines) {
  Reading reading("{\"id\":2,\"what\":\"\"}", {.path = "in"});
  reading.machine().Write("in/a.jsonl", "{\"id\":1,\"what\":\"\"}");
  EXPECT_EQ(reading.ReadAll()->size(), 2u);
}

}  // namespace
}  // namespace weir::connectors
