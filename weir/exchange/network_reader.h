// NetworkReader: the downstream end of a channel from another process. Frames wait in its
// ReceiveQueue as they came and are decoded on its own task's thread.
//
// Invariants: the sender's credit, what waits, and what was granted but not used add up to the
//   window at most. A frame's credit goes back when the frame leaves the queue: half a window at a
//   time, and all of it when the queue is empty, so a channel that is drained leaves its sender
//   with a whole window. To shrink what is in flight (buffer debloating), SetWindow: what was
//   granted stays granted, and nothing more is until the sender is below the new window.
// Threads: NetworkReader has one caller at a time, its task; ReceiveQueue is where that task and
//   the transport's threads meet.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/env/env.h"
#include "weir/env/mutex.h"
#include "weir/exchange/channel.h"
#include "weir/exchange/frame.h"
#include "weir/exchange/frame_sink.h"

namespace weir::exchange {

/// An element frame that has arrived.
struct ArrivedFrame {
  ElementFrame head;
  std::string bytes;
  std::string_view payload() const { return std::string_view(bytes).substr(head.payload_offset); }
};

/// The frames of one channel that have arrived, in order.
/// Threads: any thread.
class ReceiveQueue {
 public:
  /// Errors: DataLoss when the frame is not the next one or exceeds what was granted; the frame
  ///   is dropped.
  Status Push(ArrivedFrame frame) WEIR_EXCLUDES(mutex_);

  /// Moves all frames behind those in `frames`.
  void TakeAll(std::deque<ArrivedFrame>& frames) WEIR_EXCLUDES(mutex_);

  /// Lets the sender have sent `granted` in all; called before the sender is told.
  void Allow(const Credit& granted) WEIR_EXCLUDES(mutex_);
  Credit granted() const WEIR_EXCLUDES(mutex_);

  /// True once a frame has arrived.
  bool used() const WEIR_EXCLUDES(mutex_);

  /// How many unaligned barriers have arrived.
  uint64_t overtakers() const { return overtakers_.load(std::memory_order_acquire); }

  /// Breaks the channel; the first reason stays.
  void Break(const Status& reason) WEIR_EXCLUDES(mutex_);
  bool broken() const { return broken_.load(std::memory_order_acquire); }
  Status status() const WEIR_EXCLUDES(mutex_);

  /// As ChannelReader::SetWakeTarget; when it has returned, the target before is not being woken.
  void SetWakeTarget(WakeTarget* target) WEIR_EXCLUDES(mutex_);

 private:
  mutable env::Mutex mutex_;
  WakeTarget* target_ WEIR_GUARDED_BY(mutex_) = nullptr;
  Status status_ WEIR_GUARDED_BY(mutex_);
  std::deque<ArrivedFrame> frames_ WEIR_GUARDED_BY(mutex_);
  uint64_t next_sequence_ WEIR_GUARDED_BY(mutex_) = 0;
  Credit granted_ WEIR_GUARDED_BY(mutex_);
  Credit received_ WEIR_GUARDED_BY(mutex_);
  std::atomic<bool> has_frames_{
      false};  // so that looking into an empty receive_queue takes no lock
  std::atomic<uint64_t> overtakers_{0};
  std::atomic<bool> broken_{false};
};

class NetworkReader final : public ChannelReader {
 public:
  struct Options {
    ChannelKey key;
    const record::TypeOps& type;  // outlives the reader and its batches
    env::Chaos& chaos;
  };

  /// Grants the first window. `receive_queue` is shared with whoever routes element frames.
  NetworkReader(const Options& options, std::shared_ptr<ReceiveQueue> receive_queue,
                std::unique_ptr<FrameSink> sink);
  ~NetworkReader() override;

  std::optional<record::StreamElement> Poll() override;
  void Recycle(record::BatchPtr batch) override;
  bool barrier_waits() const override { return receive_queue_->overtakers() > overtakers_taken_; }
  Status ForEachQueued(const std::function<void(const record::StreamElement&)>& visit) override;
  Status status() const override;
  void SetWakeTarget(WakeTarget* target) override { receive_queue_->SetWakeTarget(target); }

  /// How many frames may be under way or wait.
  /// Shapes: in [1, limits::kChannelCreditsMax].
  void SetWindow(uint32_t frames);

 private:
  enum class When : uint8_t { kHalfWindow, kNow };

  bool TakeFragment(const ArrivedFrame& frame);
  Status DecodeElement(const ArrivedFrame& frame, std::string& fragments,
                       record::StreamElement& element) const;
  record::BatchPtr FreeBatch();
  void PopFront();
  void ReturnCredit(When when);
  void Fail(const Status& reason);

  const ChannelKey key_;
  const record::TypeOps& type_;
  env::Chaos& chaos_;
  const std::shared_ptr<ReceiveQueue> receive_queue_;  // owners: this and the data plane's routes
  const std::unique_ptr<FrameSink> sink_;

  std::deque<ArrivedFrame> queue_;  // taken from the receive_queue
  std::string fragments_;           // the pieces so far of rows longer than a frame
  uint64_t overtakers_taken_ = 0;   // unaligned barriers that Poll gave
  Credit consumed_;                 // frames that have left the queue
  Credit granted_;
  uint32_t window_;

  const uint32_t batches_max_;
  uint32_t allocated_ = 0;
  std::vector<record::BatchPtr> free_;
};

}  // namespace weir::exchange
