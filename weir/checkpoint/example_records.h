// Records for tests: whole, right, and with something in every field.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "weir/checkpoint/history_record.h"
#include "weir/checkpoint/job_files.h"
#include "weir/checkpoint/take_over.h"

namespace weir::checkpoint {

/// Epoch record `number` of lineage 7 that starts empty or from `base`, and retains it.
inline HistoryRecord EpochRecord(uint64_t number, CheckpointRef base = {}) {
  HistoryRecord record;
  record.number = base::HistoryNumber(number);
  record.kind = RecordKind::kEpoch;
  record.job = "ledger";
  record.token = 1000 + number;
  record.epoch = base::Epoch(number);
  record.lineage = base::Lineage(7);
  record.hash_seed = 42;
  record.max_parallelism = 8;
  record.plan_digest = "plan";
  record.writer = "host-a, pid 4711";
  record.written_unix_ms = 1'700'000'000'000;
  record.highest_checkpoint = base.checkpoint;
  record.base = base;
  if (base != CheckpointRef()) record.retained = {{base, ""}};
  return record;
}

inline CheckpointRef Ref(uint64_t number, uint64_t checkpoint) {
  return {base::HistoryNumber(number), base::CheckpointId(checkpoint)};
}

inline base::KeyGroupRange Groups(uint32_t first, uint32_t end) {
  return {base::KeyGroup(first), base::KeyGroup(end)};
}

inline PackRef NamedPack(uint64_t epoch, uint64_t checkpoint, uint32_t subtask) {
  PackRef pack;
  pack.name = PackName{base::Epoch(epoch),
                       base::Attempt(1),
                       base::CheckpointId(checkpoint),
                       base::ChainIndex(0),
                       base::SubtaskIndex(subtask),
                       0xC0FFEE}
                  .ToString();
  pack.bytes = 1000;
  pack.checksum = 0x1234;
  pack.footer_offset = 900;
  pack.footer_checksum = 0x5678;
  pack.operators = {"per-page"};
  pack.key_groups = Groups(subtask * 4, subtask * 4 + 4);
  return pack;
}

/// A checkpoint with something in every field.
inline CheckpointBody FullBody(uint64_t epoch, uint64_t checkpoint) {
  CheckpointBody body;
  body.id = base::CheckpointId(checkpoint);
  body.attempt = base::Attempt(1);
  body.trigger_unix_ms = 1'700'000'000'123;
  body.duration = std::chrono::microseconds(48'250);
  body.bytes_written = 2000;
  body.state_bytes = 4000;
  body.chains = {{"[csv-source]", 2}, {"[per-page ▸ csv-sink]", 2}};

  OperatorSnapshot source;
  source.uid = "csv-source";
  source.kind = "csv-source";
  source.source = SourceSnapshot{
      {{"a.csv:0", "\x01\xFF", false, "w"}, {"b.csv:0", "", true, ""}}, true, "found"};

  OperatorSnapshot counts;
  counts.uid = "per-page";
  counts.kind = "keyed-process";
  counts.chain = 1;
  counts.states = {{.name = "count",
                    .kind = "value",
                    .key_schema = record::Schema{record::TypeKind::kString},
                    .value_schema = record::Schema{record::TypeKind::kInt64},
                    .serializer_version = 1}};
  counts.event_times = {{Groups(0, 4), 5, false}, {Groups(4, 8), kMaxTimestamp, true}};

  OperatorSnapshot sink;
  sink.uid = "csv-sink";
  sink.kind = "csv-sink";
  sink.chain = 1;
  sink.commits = true;
  sink.items = {{"buffer", state::Redistribution::kSplit, base::SubtaskIndex(0), "x"},
                {"schema", state::Redistribution::kUnion, base::SubtaskIndex(1), "y"}};
  sink.pending_commits = {
      {base::SubtaskIndex(1), base::Lineage(7), base::CheckpointId(checkpoint), "file-1"}};

  body.operators = {source, counts, sink};
  body.packs = {NamedPack(epoch, checkpoint, 0), NamedPack(epoch, checkpoint, 1)};
  return body;
}

/// Checkpoint record `number` of `epoch`, which retains itself and `older`.
inline HistoryRecord CheckpointRecord(uint64_t number, uint64_t epoch, uint64_t checkpoint,
                                      std::vector<RetainedCheckpoint> older = {}) {
  HistoryRecord record = EpochRecord(epoch);
  record.number = base::HistoryNumber(number);
  record.kind = RecordKind::kCheckpoint;
  record.checkpoint = FullBody(epoch, checkpoint);
  record.highest_checkpoint = record.checkpoint->id;
  record.retained = std::move(older);
  record.retained.push_back({record.ref(), ""});
  return record;
}

/// The same as a savepoint.
inline HistoryRecord SavepointRecord(uint64_t number, uint64_t epoch, uint64_t checkpoint,
                                     std::string name, std::vector<RetainedCheckpoint> older = {}) {
  HistoryRecord record = CheckpointRecord(number, epoch, checkpoint, std::move(older));
  record.kind = RecordKind::kSavepoint;
  record.savepoint = name;
  record.retained.back().savepoint = std::move(name);
  return record;
}

inline HistoryRecord EndRecord(uint64_t number, uint64_t epoch, EndReason reason,
                               std::vector<RetainedCheckpoint> retained = {}) {
  HistoryRecord record = EpochRecord(epoch);
  record.number = base::HistoryNumber(number);
  record.kind = RecordKind::kEnd;
  record.end = reason;
  if (!retained.empty()) record.highest_checkpoint = retained.back().ref.checkpoint;
  record.retained = std::move(retained);
  return record;
}

/// Switches at most one deliberate fault on.
class OneMutant final : public env::Chaos {
 public:
  explicit OneMutant(std::string name = "") : name_(std::move(name)) {}
  bool Buggify(std::string_view) override { return false; }
  bool Mutant(std::string_view name) override { return !name_.empty() && name == name_; }

 private:
  const std::string name_;
};

}  // namespace weir::checkpoint
