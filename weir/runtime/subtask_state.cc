#include "weir/runtime/subtask_state.h"

#include <algorithm>

namespace weir::runtime {

Timestamp WatermarkOf(const SubtaskState& state, const std::string& uid,
                      base::KeyGroupRange key_groups) {
  uint32_t covered = 0;
  Timestamp watermark = kMaxTimestamp;
  for (const OperatorEventTime& part : state.event_times) {
    if (part.uid != uid) continue;
    covered += part.key_groups.count();
    watermark = std::min(watermark, part.watermark);
  }
  return covered < key_groups.count() || covered == 0 ? kMinTimestamp : watermark;
}

}  // namespace weir::runtime
