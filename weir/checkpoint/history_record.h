// HistoryRecord: one record of a job's history (docs/formats/history.md), as the rest of Weir sees
// it.
//
// On disk a record is one line of JSON, mapped from history.proto, whose last field is a checksum
// over everything before it. Whatever is read is checked whole: a HistoryRecord that DecodeRecord
// returned keeps every rule written here.
// Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/hash.h"
#include "weir/base/ids.h"
#include "weir/base/status.h"
#include "weir/base/time.h"
#include "weir/record/schema.h"
#include "weir/state/operator_state.h"

namespace weir::checkpoint {

/// The version that this program writes, and the newest that it reads.
inline constexpr uint32_t kHistoryFormatVersion = 1;

enum class RecordKind : uint8_t {
  kEpoch = 1,       // a coordinator's reign begins
  kCheckpoint = 2,  // a checkpoint is complete
  kSavepoint = 3,   // the same, and the user named it
  kRelease = 4,     // the user gave a savepoint up
  kEnd = 5,         // the job ended; only an explicit start goes on
};
std::string_view RecordKindName(RecordKind kind);

enum class EndReason : uint8_t { kFinished = 1, kCancelled = 2, kStopped = 3 };
std::string_view EndReasonName(EndReason reason);

/// A checkpoint in the history; number 0 is "none".
struct CheckpointRef {
  base::HistoryNumber number;
  base::CheckpointId checkpoint;
  friend bool operator==(const CheckpointRef&, const CheckpointRef&) = default;
};

/// An entry of the retained list.
struct RetainedCheckpoint {
  CheckpointRef ref;
  std::string savepoint;  // its name; empty for a checkpoint that later ones push out
  friend bool operator==(const RetainedCheckpoint&, const RetainedCheckpoint&) = default;
};

/// A pack that a checkpoint needs, written for it or for an older one.
struct PackRef {
  std::string name;     // PackName::ToString; empty when `inlined`
  std::string inlined;  // the bytes of a pack that is too small for a file of its own
  uint64_t bytes = 0;
  uint64_t checksum = 0;  // of the whole
  uint64_t footer_offset = 0;
  uint64_t footer_checksum = 0;
  std::vector<std::string> operators;  // uids whose state lies in it
  base::KeyGroupRange key_groups;
  friend bool operator==(const PackRef&, const PackRef&) = default;
};

/// A declared state of an operator.
struct StateSnapshot {
  std::string name;
  std::string kind;                          // "value", "list", "reducing", …
  std::optional<record::Schema> key_schema;  // of keyed state
  std::optional<record::Schema> value_schema;
  uint32_t serializer_version = 0;
  friend bool operator==(const StateSnapshot&, const StateSnapshot&) = default;
};

/// An item of operator list state.
struct ListItem {
  std::string state;
  state::Redistribution redistribution = state::Redistribution::kSplit;
  base::SubtaskIndex origin;
  std::string payload;
  friend bool operator==(const ListItem&, const ListItem&) = default;
};

/// A closed batch of a sink that is not known to be committed.
struct PendingCommit {
  base::SubtaskIndex origin;
  base::Lineage lineage;          // under which it was written
  base::CheckpointId checkpoint;  // that closed it
  std::string payload;
  friend bool operator==(const PendingCommit&, const PendingCommit&) = default;
};

struct SplitSnapshot {
  std::string id;
  std::string position;
  bool finished = false;
  std::string watermark_state;  // the generator's, with its idle flag; the runtime's own bytes
  friend bool operator==(const SplitSnapshot&, const SplitSnapshot&) = default;
};

/// The splits of a source: unassigned, with readers and finished ones together are all.
struct SourceSnapshot {
  std::vector<SplitSnapshot> splits;
  bool discovery_final = false;  // no further split will be found
  std::string enumerator_state;
  friend bool operator==(const SourceSnapshot&, const SourceSnapshot&) = default;
};

/// How far event time came, per range of key groups (an operator without keys has the ranges of its
/// subtasks).
struct EventTimeRange {
  base::KeyGroupRange key_groups;
  Timestamp watermark = kMinTimestamp;
  bool end_of_input_done = false;
  friend bool operator==(const EventTimeRange&, const EventTimeRange&) = default;
};

struct OperatorSnapshot {
  std::string uid;
  std::string kind;      // "keyed-process"
  uint32_t chain = 0;    // index into CheckpointBody::chains
  bool commits = false;  // a committing sink: its output is what a rewind repeats
  std::vector<StateSnapshot> states;
  std::vector<ListItem> items;
  std::vector<PendingCommit> pending_commits;
  std::optional<SourceSnapshot> source;
  std::vector<EventTimeRange> event_times;
  friend bool operator==(const OperatorSnapshot&, const OperatorSnapshot&) = default;
};

/// Enough of the plan for people.
struct ChainSummary {
  std::string name;
  uint32_t parallelism = 1;
  friend bool operator==(const ChainSummary&, const ChainSummary&) = default;
};

/// What a complete checkpoint is.
struct CheckpointBody {
  base::CheckpointId id;
  base::Attempt attempt;
  CheckpointRef base;  // whose packs the deltas build on; none when whole
  int64_t trigger_unix_ms = 0;
  Duration duration{0};
  uint64_t bytes_written = 0;
  uint64_t state_bytes = 0;
  std::vector<ChainSummary> chains;
  std::vector<OperatorSnapshot> operators;
  std::vector<PackRef> packs;  // of one key group: in the order in which they are applied
  friend bool operator==(const CheckpointBody&, const CheckpointBody&) = default;
};

struct HistoryRecord {
  uint32_t format_version = kHistoryFormatVersion;
  base::HistoryNumber number;
  RecordKind kind = RecordKind::kEpoch;
  std::string job;
  uint64_t token = 0;  // of the writer: drawn anew for every epoch record that is tried
  base::Epoch epoch;   // the reign that wrote it
  base::Lineage lineage;
  base::HashSeed hash_seed = 0;
  uint32_t max_parallelism = 0;
  std::string plan_digest;
  std::string writer;  // for people: "host-a, pid 4711"
  int64_t written_unix_ms = 0;
  base::CheckpointId highest_checkpoint;  // no id above it was ever used in this history
  CheckpointRef base;                     // epoch: the checkpoint it starts from; none: empty
  bool base_finished =
      false;  // epoch: the job had finished behind it, with all that it has pending
  // By number, oldest first; what is not in it does not exist.
  std::vector<RetainedCheckpoint> retained;
  std::optional<CheckpointBody> checkpoint;  // of a checkpoint or savepoint
  std::string savepoint;                     // the name, of a savepoint or release
  std::optional<EndReason> end;              // of an end
  friend bool operator==(const HistoryRecord&, const HistoryRecord&) = default;

  bool is_checkpoint() const { return checkpoint.has_value(); }
  CheckpointRef ref() const { return {number, checkpoint ? checkpoint->id : base::CheckpointId()}; }
};

/// The bytes of a record's blob. Equal records have equal bytes.
/// Errors: ResourceExhausted above limits::kHistoryRecordBytesMax; checks that the record keeps its
///   rules.
StatusOr<std::string> EncodeRecord(const HistoryRecord& record);

/// Reads the blob of record `number`.
/// Errors: DataLoss naming the record and what is wrong with it; FailedPrecondition when a newer
///   version of Weir wrote it.
StatusOr<HistoryRecord> DecodeRecord(base::HistoryNumber number, std::string_view bytes);

/// Ok if the record keeps the rules of docs/formats/history.md.
/// Errors: DataLoss naming the field.
Status CheckRecord(const HistoryRecord& record);

}  // namespace weir::checkpoint
