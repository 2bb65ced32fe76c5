// NetworkWriter: the upstream end of a channel to another process. It encodes rows into frames on
// its own task's thread and sends as many as it has credit for.
//
// Invariants: never more frames, nor more control elements, have been sent than the reader
//   granted; before its first grant nothing is sent. Frames carry sequence numbers without a gap.
//   Control needs no credit for frames, but has a bound of its own (limits::kChannelControlsMax),
//   so a barrier never waits for rows of other channels, and behind rows of its own only as long as
//   those wait for credit. A barrier that overtakes waits for none: it leaves between two frames,
//   also between the pieces of a record.
// Threads: NetworkWriter has one caller at a time, its task; SendWindow is where that task and
//   the transport's threads meet.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "weir/env/env.h"
#include "weir/env/mutex.h"
#include "weir/exchange/channel.h"
#include "weir/exchange/frame.h"
#include "weir/exchange/frame_sink.h"

namespace weir::exchange {

/// What the reader has granted so far, and whether the channel still stands.
/// Threads: any thread.
class SendWindow {
 public:
  /// Raises what may be sent in all; a smaller grant is an old one and changes nothing.
  void Grant(const Credit& credit) WEIR_EXCLUDES(mutex_);

  /// Breaks the channel; the first reason stays.
  void Break(const Status& reason) WEIR_EXCLUDES(mutex_);

  Credit granted() const;
  bool broken() const { return broken_.load(std::memory_order_acquire); }
  Status status() const WEIR_EXCLUDES(mutex_);

  /// As ChannelWriter::SetWakeTarget; when it has returned, the target before is not being woken.
  void SetWakeTarget(WakeTarget* target) WEIR_EXCLUDES(mutex_);

 private:
  mutable env::Mutex mutex_;
  WakeTarget* target_ WEIR_GUARDED_BY(mutex_) = nullptr;
  Status status_ WEIR_GUARDED_BY(mutex_);
  std::atomic<uint64_t> frames_{0};
  std::atomic<uint64_t> controls_{0};
  std::atomic<bool> broken_{false};
};

class NetworkWriter final : public ChannelWriter {
 public:
  struct Options {
    ChannelKey key;
    const record::TypeOps& type;  // outlives the writer and its batches
    env::Chaos& chaos;
  };

  /// `window` is shared with whoever routes credit frames.
  NetworkWriter(const Options& options, std::shared_ptr<SendWindow> window,
                std::unique_ptr<FrameSink> sink);
  ~NetworkWriter() override;

  SendResult TrySend(record::StreamElement& element) override;
  SendResult TryOvertake(const record::Barrier& barrier) override;
  uint32_t rows_sent() const override { return fragmented_.empty() ? row_ : fragmented_row_; }
  record::BatchPtr AcquireBatch() override;
  Status status() const override;
  void SetWakeTarget(WakeTarget* target) override { window_->SetWakeTarget(target); }

  /// What may be sent now.
  Credit available() const;

 private:
  SendResult SendRows(record::BatchPtr& batch);
  SendResult SendControl(const record::ControlElement& element);
  SendResult SendFragments();
  ElementFrame HeadOf(FrameKind kind) const;
  void Emit(FrameKind kind, std::string frame);

  const ChannelKey key_;
  const record::TypeOps& type_;
  const std::shared_ptr<SendWindow> window_;  // owners: this and the data plane's routes
  const std::unique_ptr<FrameSink> sink_;

  Credit sent_;
  uint64_t sequence_ = 0;        // of the next frame
  uint32_t row_ = 0;             // of the batch under way: the first row not encoded
  std::string fragmented_;       // rows longer than a frame, encoded but not all sent
  size_t fragmented_at_ = 0;     // what of them was sent
  uint32_t fragmented_row_ = 0;  // the first of them

  const uint32_t batches_max_;
  uint32_t allocated_ = 0;
  std::vector<record::BatchPtr> free_;
};

}  // namespace weir::exchange
