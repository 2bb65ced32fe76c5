#include "weir/runtime/alignment.h"

#include <algorithm>

#include "weir/base/check.h"

namespace weir::runtime {

Alignment::Alignment(uint32_t channels) : channels_(channels, Channel::kOpen) {
  WEIR_CHECK(channels >= 1);
}

AlignmentDecision Alignment::OnBarrier(base::ChannelIndex channel, base::CheckpointId checkpoint) {
  const auto index = size_t{channel.number()};
  WEIR_CHECK(index < channels_.size());
  // Stale: given up or done before it got here.
  if (checkpoint < newest_ || (checkpoint == newest_ && !aligning_)) return {};

  AlignmentDecision decision;
  if (checkpoint > newest_) {
    decision = GiveUp();
    newest_ = checkpoint;
    aligning_ = true;
  }
  if (channels_[index] != Channel::kEnded) {
    WEIR_CHECK(channels_[index] == Channel::kOpen);
    channels_[index] = Channel::kArrived;
    decision.block = true;
  }
  return Complete() ? Snapshot() : decision;
}

AlignmentDecision Alignment::OnEndOfInput(base::ChannelIndex channel) {
  const auto index = size_t{channel.number()};
  WEIR_CHECK(index < channels_.size());
  // A blocked channel delivers nothing, not even its end.
  WEIR_CHECK(channels_[index] == Channel::kOpen);
  channels_[index] = Channel::kEnded;
  return aligning_ && Complete() ? Snapshot() : AlignmentDecision{};
}

AlignmentDecision Alignment::OnAbort(base::CheckpointId checkpoint) {
  if (checkpoint < newest_) return {};
  newest_ = checkpoint;  // its barriers may still be under way: they are stale from now on
  return GiveUp();
}

bool Alignment::Complete() const { return std::ranges::count(channels_, Channel::kOpen) == 0; }

AlignmentDecision Alignment::GiveUp() {
  if (!aligning_) return {};
  OpenAll();
  return {.unblock_all = true};
}

AlignmentDecision Alignment::Snapshot() {
  OpenAll();
  return {.unblock_all = true, .snapshot = true, .checkpoint = newest_};
}

void Alignment::OpenAll() {
  std::ranges::replace(channels_, Channel::kArrived, Channel::kOpen);
  aligning_ = false;
}

}  // namespace weir::runtime
