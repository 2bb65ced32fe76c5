// Checkpoints as people and scripts read them.
// Threads: pure; times are shown in the machine's time zone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weir/checkpoint/history_record.h"

namespace weir::cli {

/// A table, newest first.
/// Shapes: each record holds a checkpoint; oldest first. now_unix_ms: ms since 1970 UTC.
std::string CheckpointList(const std::vector<checkpoint::HistoryRecord>& records,
                           int64_t now_unix_ms);

/// The same as an array of JSON objects, newest first.
std::string CheckpointListJson(const std::vector<checkpoint::HistoryRecord>& records);

/// Everything that a record says of its checkpoint: operators and their states, splits, commits
/// under way, packs.
/// Shapes: the record holds a checkpoint.
std::string CheckpointDetails(const checkpoint::HistoryRecord& record, int64_t now_unix_ms);

/// Bytes that may be text: as they are when they can be printed, else in hexadecimal; shortened.
std::string Readable(std::string_view bytes);

}  // namespace weir::cli
