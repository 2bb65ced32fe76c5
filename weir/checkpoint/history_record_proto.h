// Between HistoryRecord and its JSON. Private to history_record.cc: everybody else uses
// EncodeRecord and DecodeRecord.
// Threads: pure.
#pragma once

#include <cstdint>
#include <string>

#include "weir/base/status.h"
#include "weir/checkpoint/history_record.h"

namespace weir::checkpoint {

/// 16 lower-case hexadecimal digits.
std::string ToHex(uint64_t number);

std::string RecordToJson(const HistoryRecord& record);

/// Errors: DataLoss when it is no JSON of a record; FailedPrecondition when a newer version of Weir
///   wrote it.
StatusOr<HistoryRecord> RecordFromJson(const std::string& json);

}  // namespace weir::checkpoint
