#include "weir/cli/checkpoint_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::cli {
namespace {

using testing::HasSubstr;

checkpoint::HistoryRecord Checkpoint(uint64_t id, uint64_t base) {
  checkpoint::HistoryRecord record;
  record.kind = checkpoint::RecordKind::kCheckpoint;
  record.number = base::HistoryNumber(id + 1);
  record.job = "clicks";
  record.written_unix_ms = 1'740'830'400'000 + static_cast<int64_t>(id) * 1000;
  record.checkpoint.emplace();
  record.checkpoint->id = base::CheckpointId(id);
  record.checkpoint->base.checkpoint = base::CheckpointId(base);
  record.checkpoint->duration = std::chrono::milliseconds(48);
  record.checkpoint->bytes_written = 3'100'000;
  record.checkpoint->state_bytes = 182'000'000;
  return record;
}

TEST(CheckpointList, HasTheNewestFirst) {
  std::vector<checkpoint::HistoryRecord> records = {Checkpoint(250, 0), Checkpoint(251, 250)};
  records[0].savepoint = "v1";
  const std::string list = CheckpointList(records, records[1].written_unix_ms + 1000);
  const std::string first = list.substr(list.find('\n') + 1);
  EXPECT_THAT(list, HasSubstr("  id   when       age   kind"));
  EXPECT_THAT(first, testing::StartsWith(" 251   "));
  EXPECT_THAT(list, HasSubstr("   1 s   checkpoint     48 ms          3.1 MB   182 MB    250\n"));
  EXPECT_THAT(list, HasSubstr("   2 s   savepoint v1   48 ms          3.1 MB   182 MB      –\n"));
}

TEST(CheckpointListJson, HasOneObjectForEach) {
  const std::string json = CheckpointListJson({Checkpoint(250, 0), Checkpoint(251, 250)});
  EXPECT_THAT(json, HasSubstr("\"id\": 251"));
  EXPECT_THAT(json, HasSubstr("\"base\": 250"));
  EXPECT_LT(json.find("\"id\": 251"), json.find("\"id\": 250"));
  EXPECT_EQ(CheckpointListJson({}), "[]\n");
}

TEST(CheckpointDetails, ShowsOperatorsSplitsCommitsAndPacks) {
  checkpoint::HistoryRecord record = Checkpoint(251, 0);
  checkpoint::OperatorSnapshot source;
  source.uid = "csv-source";
  source.kind = "csv-source";
  source.source.emplace();
  source.source->splits = {{.id = "a.csv:0", .position = "1234"},
                           {.id = "a.csv:1", .finished = true},
                           {.id = "a.csv:2"}};
  source.source->discovery_final = true;
  checkpoint::OperatorSnapshot sink;
  sink.uid = "csv-sink";
  sink.kind = "csv-sink";
  sink.commits = true;
  sink.pending_commits = {{base::SubtaskIndex(1), base::Lineage(0xabc), base::CheckpointId(251),
                           std::string("\x01\x02", 2)}};
  record.checkpoint->operators = {source, sink};
  record.checkpoint->packs = {{.name = "data/p.pack", .bytes = 100, .operators = {"per-page"}}};
  const std::string text = CheckpointDetails(record, record.written_unix_ms);
  EXPECT_THAT(text, HasSubstr("checkpoint 251 of clicks\n"));
  EXPECT_THAT(text, HasSubstr("splits: 3, 1 finished\n"));
  EXPECT_THAT(text, HasSubstr("a.csv:0  at 1234\n"));
  EXPECT_THAT(text, HasSubstr("a.csv:1  finished\n"));
  EXPECT_THAT(text, HasSubstr("a.csv:2  not begun\n"));
  EXPECT_THAT(text, HasSubstr("subtask 1, lineage 0000000000000abc: 0x0102\n"));
  EXPECT_THAT(text, HasSubstr("data/p.pack"));
}

TEST(Readable, IsTextHexadecimalOrShortened) {
  EXPECT_EQ(Readable("part-0.csv"), "part-0.csv");
  EXPECT_EQ(Readable(std::string("\x00\xff", 2)), "0x00ff");
  EXPECT_THAT(Readable(std::string(100, 'a')), HasSubstr("… (100 bytes)"));
}

}  // namespace
}  // namespace weir::cli
