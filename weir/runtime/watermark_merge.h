// WatermarkMerge: the watermark of several inputs is the smallest of those that are not idle and
// have not ended. Pure; an input starts active, without a watermark. An input that says
// kMaxTimestamp is about to end and counts as ended: that all of them have is told by their ends.
// Threads: one caller at a time (the subtask).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "weir/base/ids.h"
#include "weir/base/time.h"

namespace weir::runtime {

/// What changed for those downstream.
struct WatermarkChange {
  std::optional<Timestamp> watermark;  // it rose to this
  std::optional<bool> idle;            // all inputs became idle (true), or one woke up (false)
  friend bool operator==(const WatermarkChange&, const WatermarkChange&) = default;
};

class WatermarkMerge {
 public:
  /// Shapes: channels >= 1. `restored`: the watermark that the subtask had; it never falls below.
  WatermarkMerge(uint32_t channels, Timestamp restored);

  [[nodiscard]] WatermarkChange OnWatermark(base::ChannelIndex channel, Timestamp time);
  [[nodiscard]] WatermarkChange OnIdle(base::ChannelIndex channel);
  [[nodiscard]] WatermarkChange OnActive(base::ChannelIndex channel);
  [[nodiscard]] WatermarkChange OnEndOfInput(base::ChannelIndex channel);

 private:
  struct Channel {
    Timestamp time = kMinTimestamp;
    bool idle = false;
    bool ended = false;
  };
  WatermarkChange Merge();

  std::vector<Channel> channels_;
  Timestamp current_;
  bool idle_ = false;
};

}  // namespace weir::runtime
