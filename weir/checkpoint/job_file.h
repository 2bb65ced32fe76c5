// The job file: says that a history was begun here, so that a history that is gone is not taken for
// a job that never ran (docs/formats/history.md).
// Threads: pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/base/status.h"

namespace weir::checkpoint {

inline constexpr uint64_t kJobFileBytesMax = 4 << 10;

std::string JobFileText(const std::string& job);

/// Ok if `text` is that of a job file.
/// Errors: DataLoss with the cure; FailedPrecondition when a newer version of Weir wrote it.
Status CheckJobFile(std::string_view text);

}  // namespace weir::checkpoint
