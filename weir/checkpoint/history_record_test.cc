#include "weir/checkpoint/history_record.h"

#include <gtest/gtest.h>

#include <functional>

#include "weir/base/checksum.h"
#include "weir/base/limits.h"
#include "weir/checkpoint/example_records.h"
#include "weir/checkpoint/history_record_proto.h"
#include "weir/env/posix_file_system.h"

namespace weir::checkpoint {
namespace {

std::vector<HistoryRecord> Examples() {
  HistoryRecord release = EpochRecord(1);
  release.number = base::HistoryNumber(4);
  release.kind = RecordKind::kRelease;
  release.savepoint = "v1";
  HistoryRecord delta = CheckpointRecord(3, 1, 3, {{Ref(2, 2), "v1"}});
  delta.checkpoint->base = Ref(2, 2);
  return {EpochRecord(1),
          SavepointRecord(2, 1, 2, "v1"),
          delta,
          release,
          EndRecord(5, 1, EndReason::kStopped, {{Ref(3, 3), ""}}),
          EpochRecord(6, Ref(3, 3))};
}

// A file that lies in the repository, from where tests run.
std::string Golden(const std::string& name) {
  env::PosixFileSystem files;
  const auto file = files.Open("docs/formats/golden/" + name);
  if (!file.ok()) return file.status().ToString();
  return env::ReadExactly(**file, 0, static_cast<size_t>((*file)->Size().value())).value();
}

TEST(HistoryRecord, ReadsWhatItWrites) {
  for (const HistoryRecord& record : Examples()) {
    const StatusOr<std::string> bytes = EncodeRecord(record);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    const StatusOr<HistoryRecord> read = DecodeRecord(record.number, *bytes);
    ASSERT_TRUE(read.ok()) << read.status() << "\n" << *bytes;
    EXPECT_EQ(*read, record) << *bytes;
    EXPECT_EQ(EncodeRecord(*read).value(), *bytes);
  }
}

TEST(HistoryRecord, IsTheFormatOfItsPage) {
  EXPECT_EQ(EncodeRecord(EpochRecord(6, Ref(3, 3))).value(), Golden("history-epoch-v1.json"));
  EXPECT_EQ(EncodeRecord(CheckpointRecord(3, 1, 3, {{Ref(2, 2), "v1"}})).value(),
            Golden("history-checkpoint-v1.json"));
}

TEST(HistoryRecord, EveryByteFlippedIsFound) {
  for (const HistoryRecord& record : Examples()) {
    const std::string bytes = EncodeRecord(record).value();
    for (size_t i = 0; i < bytes.size(); ++i) {
      for (const int mask : {0x01, 0x20, 0xFF}) {
        std::string damaged = bytes;
        damaged[i] = static_cast<char>(damaged[i] ^ mask);
        EXPECT_EQ(DecodeRecord(record.number, damaged).status().code(), StatusCode::kDataLoss)
            << "byte " << i;
      }
    }
  }
}

TEST(HistoryRecord, CutShortOrLongerIsFound) {
  const HistoryRecord record = Examples()[2];
  const std::string bytes = EncodeRecord(record).value();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeRecord(record.number, bytes.substr(0, size)).status().code(),
              StatusCode::kDataLoss)
        << size;
  }
  EXPECT_EQ(DecodeRecord(record.number, bytes + "\n").status().code(), StatusCode::kDataLoss);
}

TEST(HistoryRecord, UnderAnotherNumberIsFound) {
  const std::string bytes = EncodeRecord(EpochRecord(1)).value();
  const Status status = DecodeRecord(base::HistoryNumber(2), bytes).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_EQ(status.message(), "history record 2 says that it is number 1");
}

// A record as another program might have written it: the JSON changed, the checksum right again.
Status ReadChanged(const std::string& from, const std::string& to) {
  std::string body = EncodeRecord(CheckpointRecord(3, 1, 3)).value();
  body.resize(body.rfind(",\"checksum\""));
  const size_t place = body.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  if (place == std::string::npos) return {};
  body.replace(place, from.size(), to);
  const std::string sealed =
      Concat(body, ",\"checksum\":\"", ToHex(base::ChecksumOf(body)), "\"}\n");
  return DecodeRecord(base::HistoryNumber(3), sealed).status();
}

TEST(Regression23_RecordsOfTwoFormatVersions, ANewerOneIsRefusedByNameAndNotTakenForDamage) {
  const Status status =
      ReadChanged("\"format_version\":1", "\"format_version\":2,\"invention\":[{}]");
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("newer version of Weir"), std::string::npos) << status;
}

TEST(HistoryRecord, WhatKeepsNoRuleIsRefused) {
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"\"format_version\":1", "\"format_version\":0"},
      {"\"kind\":\"CHECKPOINT\"", "\"kind\":\"EPOCH\""},
      {"\"kind\":\"CHECKPOINT\"", "\"kind\":\"PARTY\""},
      {"\"kind\":\"CHECKPOINT\"", "\"kind\":17"},
      {"\"job\":\"ledger\"", "\"job\":\"../ledger\""},
      {"\"epoch\":\"1\"", "\"epoch\":\"4\""},
      {"\"epoch\":\"1\"", "\"epoch\":\"0\""},
      {"\"lineage\":\"0000000000000007\"", "\"lineage\":\"0000000000000000\""},
      {"\"lineage\":\"0000000000000007\"", "\"lineage\":\"7\""},
      {"\"max_parallelism\":8", "\"max_parallelism\":7"},
      {"\"max_parallelism\":8", "\"max_parallelism\":65536"},
      {"\"highest_checkpoint\":\"3\"", "\"highest_checkpoint\":\"4\""},
      {"\"retained\":[{\"number\":\"3\"", "\"retained\":[{\"number\":\"2\""},
      {"\"id\":\"3\"", "\"id\":\"0\""},
      {"\"attempt\":1", "\"attempt\":0"},
      {"\"parallelism\":2", "\"parallelism\":9"},
      {"\"duration_us\":\"48250\"", "\"duration_us\":\"-1\""},
      {"\"duration_us\":\"48250\"", "\"duration_us\":\"9223372036854775807\""},
      {"\"uid\":\"csv-sink\"", "\"uid\":\"csv-source\""},
      {"\"uid\":\"csv-sink\"", "\"uid\":\"\""},
      {"\"chain\":1", "\"chain\":2"},
      {"\"redistribution\":\"UNION\"", "\"redistribution\":\"UNSPECIFIED\""},
      {"\"id\":\"b.csv:0\"", "\"id\":\"a.csv:0\""},
      {"\"name\":\"data/1", "\"name\":\"../data/1"},
      {"\"operators\":[\"per-page\"]", "\"operators\":[\"nobody\"]"},
      {"\"footer_offset\":\"900\"", "\"footer_offset\":\"1000\""},
      {"{\"first\":4,\"end\":8}", "{\"first\":4,\"end\":9}"},
      {"{\"first\":4,\"end\":8}", "{\"first\":4,\"end\":4}"},
      {"\"encoded\":\"", "\"encoded\":\"////"},
      {"\"checksum\":\"0000000000001234\"", "\"checksum\":\"000000000000123g\""},
      {"\"job\":\"ledger\"", "\"invention\":1"},
      {"\"job\":\"ledger\"", "\"job\":[[[["},
  };
  for (const auto& [from, to] : changes) {
    EXPECT_EQ(ReadChanged(from, to).code(), StatusCode::kDataLoss)
        << to << ": " << ReadChanged(from, to);
  }
  EXPECT_TRUE(ReadChanged("\"job\":\"ledger\"", "\"job\":\"other\"")
                  .ok());  // the tool itself changes nothing else
}

TEST(HistoryRecord, ARecordThatWouldBeWrongIsNotWritten) {
  const auto refused = [](const std::function<void(HistoryRecord&)>& change) {
    HistoryRecord record = CheckpointRecord(3, 1, 3);
    change(record);
    return !EncodeRecord(record).ok();
  };
  EXPECT_FALSE(refused([](HistoryRecord&) {}));
  EXPECT_TRUE(refused([](HistoryRecord& r) { r.checkpoint->operators[0].uid = "\xFF"; }));
  EXPECT_TRUE(refused(
      [](HistoryRecord& r) { r.checkpoint->operators[0].source->splits[0].id = "\xC0\x80"; }));
  EXPECT_TRUE(refused([](HistoryRecord& r) { r.writer = "\xED\xA0\x80"; }));
  EXPECT_TRUE(refused([](HistoryRecord& r) { r.retained.clear(); }));
  EXPECT_TRUE(refused([](HistoryRecord& r) { r.end = EndReason::kFinished; }));
  EXPECT_TRUE(refused([](HistoryRecord& r) { r.base = Ref(1, 1); }));
  EXPECT_TRUE(refused([](HistoryRecord& r) { r.checkpoint->base = Ref(3, 3); }));
  EXPECT_TRUE(refused([](HistoryRecord& r) { r.savepoint = "v1"; }));
}

TEST(HistoryRecord, TooLargeIsSaid) {
  HistoryRecord record = CheckpointRecord(3, 1, 3);
  record.checkpoint->operators[2].items[0].payload.assign(limits::kHistoryRecordBytesMax, 'x');
  EXPECT_EQ(EncodeRecord(record).status().code(), StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace weir::checkpoint
