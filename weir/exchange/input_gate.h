// InputGate: the inputs of one subtask. It takes elements from its channels in turn and can hold
// channels back while a barrier is aligned. It knows elements, not checkpoints: who is blocked and
// for how long is decided above it (runtime/alignment.h).
//
// Invariants: a blocked channel delivers nothing. After EndOfInput a channel delivers barriers
//   only. Of channels that have something to deliver, none delivers twice before every other has
//   delivered once.
// Threads: one caller at a time, the subtask's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "weir/base/ids.h"
#include "weir/exchange/channel.h"

namespace weir::exchange {

struct GateElement {
  base::ChannelIndex channel;
  base::PortIndex port;
  record::StreamElement element;
};

class InputGate {
 public:
  struct Input {
    std::unique_ptr<ChannelReader> reader;
    base::PortIndex port;
  };

  /// Channel i is inputs[i].
  explicit InputGate(std::vector<Input> inputs);

  /// The next element of a channel that is not blocked, or nothing: until the wake target is told,
  /// until a batch is recycled, or until UnblockAll.
  /// Errors: the status of a broken channel, blocked or not; Internal when a batch or a watermark
  ///   follows the end of its channel.
  StatusOr<std::optional<GateElement>> Next();

  /// Gives a consumed batch back to the channel that it came from.
  void Recycle(base::ChannelIndex channel, record::BatchPtr batch);

  /// Holds the channel back from now on; holding it twice is the same as once.
  void Block(base::ChannelIndex channel);
  void UnblockAll();
  bool blocked(base::ChannelIndex channel) const { return channels_[channel.number()].blocked; }

  /// True once EndOfInput was delivered from every channel.
  bool AllEnded() const { return ended_count_ == channels_.size(); }

  uint32_t channel_count() const { return static_cast<uint32_t>(channels_.size()); }

  /// True while an unaligned barrier waits in a channel, blocked or not; see
  /// ChannelReader::barrier_waits.
  bool barrier_waits(base::ChannelIndex channel) const {
    return channels_[channel.number()].reader->barrier_waits();
  }

  /// Shows what waits in a channel, blocked or not, without consuming it. An unaligned snapshot
  /// stores this for every channel whose barrier has not arrived, up to that barrier, and then goes
  /// on consuming as before.
  /// Errors: as ChannelReader::ForEachQueued.
  Status ForEachQueued(base::ChannelIndex channel,
                       const std::function<void(const record::StreamElement&)>& visit);

  /// Sets the wake target of every channel.
  void SetWakeTarget(WakeTarget* target);

 private:
  struct Channel {
    std::unique_ptr<ChannelReader> reader;
    base::PortIndex port;
    bool blocked = false;
    bool ended = false;
  };
  Status NoteDelivered(Channel& channel, const record::StreamElement& element);

  std::vector<Channel> channels_;
  size_t next_ = 0;  // the channel that is asked first
  size_t ended_count_ = 0;
};

}  // namespace weir::exchange
