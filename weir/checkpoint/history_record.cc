// The record's framing: one line of JSON that ends in `,"checksum":"<16 hex>"}` and a newline, the
// checksum being that of everything before `,"checksum"`. The JSON itself is proto3's mapping
// (history_record_proto.cc).
#include "weir/checkpoint/history_record.h"

#include "weir/base/checksum.h"
#include "weir/base/limits.h"
#include "weir/checkpoint/history_record_proto.h"

namespace weir::checkpoint {
namespace {

constexpr std::string_view kSealBegin = ",\"checksum\":\"";
constexpr std::string_view kSealEnd = "\"}\n";
constexpr size_t kSealBytes = kSealBegin.size() + 16 + kSealEnd.size();

std::string Seal(std::string_view body) {
  std::string seal(kSealBegin);
  seal += ToHex(base::ChecksumOf(body));
  seal += kSealEnd;
  return seal;
}

}  // namespace

std::string_view RecordKindName(RecordKind kind) {
  switch (kind) {
    case RecordKind::kEpoch:
      return "epoch";
    case RecordKind::kCheckpoint:
      return "checkpoint";
    case RecordKind::kSavepoint:
      return "savepoint";
    case RecordKind::kRelease:
      return "release";
    case RecordKind::kEnd:
      return "end";
  }
  return "unknown";
}

std::string_view EndReasonName(EndReason reason) {
  switch (reason) {
    case EndReason::kFinished:
      return "finished";
    case EndReason::kCancelled:
      return "cancelled";
    case EndReason::kStopped:
      return "stopped";
  }
  return "unknown";
}

StatusOr<std::string> EncodeRecord(const HistoryRecord& record) {
  const Status sound = CheckRecord(record);
  if (!sound.ok())
    return InternalError("history record ", record.number, " would be wrong: ", sound.message());
  std::string bytes = RecordToJson(record);
  bytes.pop_back();  // the closing brace comes with the seal
  bytes += Seal(bytes);
  if (bytes.size() > limits::kHistoryRecordBytesMax) {
    return ResourceExhaustedError("history record ", record.number, " has ", bytes.size(),
                                  " bytes, the limit is ", limits::kHistoryRecordBytesMax,
                                  "; fewer or larger splits, less operator state and sinks that "
                                  "are not behind with commits make it smaller");
  }
  return bytes;
}

StatusOr<HistoryRecord> DecodeRecord(base::HistoryNumber number, std::string_view bytes) {
  const std::string name = Concat("history record ", number);
  if (bytes.size() > limits::kHistoryRecordBytesMax)
    return DataLossError(name, " is too long: ", bytes.size());
  if (bytes.size() < kSealBytes) return DataLossError(name, " is cut short");
  const std::string_view body = bytes.substr(0, bytes.size() - kSealBytes);
  if (bytes.substr(body.size()) != Seal(body))
    return DataLossError(name, " is damaged: its checksum is wrong");

  StatusOr<HistoryRecord> record = RecordFromJson(Concat(body, "}"));
  if (!record.ok()) return std::move(record).status().Annotated(name);
  if (record->number != number)
    return DataLossError(name, " says that it is number ", record->number);
  if (const Status sound = CheckRecord(*record); !sound.ok()) return sound.Annotated(name);
  return record;
}

}  // namespace weir::checkpoint
