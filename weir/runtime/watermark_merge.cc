#include "weir/runtime/watermark_merge.h"

#include <algorithm>

#include "weir/base/check.h"

namespace weir::runtime {

WatermarkMerge::WatermarkMerge(uint32_t channels, Timestamp restored)
    : channels_(channels), current_(restored) {
  WEIR_CHECK(channels >= 1);
}

WatermarkChange WatermarkMerge::OnWatermark(base::ChannelIndex channel, Timestamp time) {
  Channel& input = channels_.at(channel.number());
  input.time = std::max(input.time, time);
  return Merge();
}

WatermarkChange WatermarkMerge::OnIdle(base::ChannelIndex channel) {
  channels_.at(channel.number()).idle = true;
  return Merge();
}

WatermarkChange WatermarkMerge::OnActive(base::ChannelIndex channel) {
  channels_.at(channel.number()).idle = false;
  return Merge();
}

WatermarkChange WatermarkMerge::OnEndOfInput(base::ChannelIndex channel) {
  channels_.at(channel.number()).ended = true;
  return Merge();
}

WatermarkChange WatermarkMerge::Merge() {
  WatermarkChange change;
  Timestamp smallest = kMaxTimestamp;
  bool any_open = false, any_active = false;
  for (const Channel& channel : channels_) {
    if (channel.ended || channel.time == kMaxTimestamp) continue;
    any_open = true;
    if (channel.idle) continue;
    any_active = true;
    smallest = std::min(smallest, channel.time);
  }
  if (any_active && smallest > current_) {
    current_ = smallest;
    change.watermark = smallest;
  }
  const bool idle = any_open && !any_active;
  if (idle != idle_) {
    idle_ = idle;
    change.idle = idle;
  }
  return change;
}

}  // namespace weir::runtime
