// Channel: joins one upstream to one downstream subtask; what the runtime knows of it are its two
// ends, ChannelWriter and ChannelReader.
//
// A channel carries StreamElements in order, each exactly once, until it breaks. It owns a fixed
// number of batches, and that is the whole of its flow control seen from here: the writer takes an
// empty one (AcquireBatch), fills and sends it; the reader returns what it has consumed (Recycle);
// a writer that outruns its reader finds none free. Neither end ever waits: it says that nothing
// can be done now, and its WakeTarget is told when that changes. Within a process:
// exchange/local_channel.h. Between processes: exchange/data_plane.h.
// Threads: each end has one caller at a time, its subtask's; the two ends may lie on different
//   threads or on the same.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "weir/base/status.h"
#include "weir/record/stream_element.h"

namespace weir::exchange {

/// Whoever steps the subtask at one end of a channel.
class WakeTarget {
 public:
  virtual ~WakeTarget() = default;

  /// Makes the subtask look again: a look begins after this call and sees everything that was done
  /// before it (env::TaskThread::Wake promises just that).
  /// Threads: any thread, possibly with a lock of exchange held: it returns at once and calls
  ///   nothing of exchange.
  virtual void Wake() = 0;
};

enum class SendResult : uint8_t {
  kSent,     // the element is the channel's
  kBlocked,  // nothing can be sent now: call again, with the same, when woken
};

/// The upstream end.
class ChannelWriter {
 public:
  virtual ~ChannelWriter() = default;

  /// Sends an element. A batch that was sent is gone: its pointer is null.
  /// Shapes: a batch is not empty. After kBlocked the next element sent is the same one; a batch
  ///   may have got more rows at its end meanwhile. All elements but barriers leave room for
  ///   limits::kChannelBarriersMax barriers.
  /// Errors: a broken channel blocks; see status().
  [[nodiscard]] virtual SendResult TrySend(record::StreamElement& element) = 0;

  /// Sends an unaligned barrier in front of whatever has not left: of a batch whose TrySend was
  /// blocked it comes behind the rows that `rows_sent` counts and in front of the others, and that
  /// TrySend goes on afterwards as if nothing had happened.
  /// Errors: blocked when limits::kChannelBarriersMax barriers lie in the channel unread, and when
  ///   it is broken.
  [[nodiscard]] virtual SendResult TryOvertake(const record::Barrier& barrier) = 0;

  /// Of the batch whose TrySend was blocked, how many rows have left, whole, from its beginning. A
  /// record of which only a part has left is not counted.
  virtual uint32_t rows_sent() const = 0;

  /// An empty batch of the channel's type, or null when all are under way.
  [[nodiscard]] virtual record::BatchPtr AcquireBatch() = 0;

  /// Ok, or why the channel is broken, for good: the attempt must fail.
  /// Errors: Unavailable when the connection was lost; DataLoss when bytes made no sense.
  virtual Status status() const = 0;

  /// Who is told when something can be done after kBlocked or null, or when the channel breaks.
  /// Null: nobody.
  /// Shapes: `target` outlives this end, or is set to null before it dies; within a process it
  ///   outlives the other end too, which may be about to wake it. Set before the first send.
  virtual void SetWakeTarget(WakeTarget* target) = 0;
};

/// The downstream end.
class ChannelReader {
 public:
  virtual ~ChannelReader() = default;

  /// The next element, or nothing: the channel is empty, broken (see status()), or all its batches
  /// are with the caller.
  [[nodiscard]] virtual std::optional<record::StreamElement> Poll() = 0;

  /// Gives a consumed batch back, with whatever rows; the storage of its strings is reused.
  /// Shapes: a batch that this reader's Poll returned.
  virtual void Recycle(record::BatchPtr batch) = 0;

  /// True while an unaligned barrier waits in the channel, whatever lies in front of it: then
  /// ForEachQueued shows it. One load, so that it can be asked between any two batches.
  virtual bool barrier_waits() const = 0;

  /// Shows what waits in the channel, oldest first, and consumes nothing: for snapshots of what a
  /// barrier overtakes. A record of which only a part has arrived is not shown: it is still whole
  /// at the writer. What the writer has not sent yet is not in the channel.
  /// Errors: DataLoss when what waits cannot be decoded.
  virtual Status ForEachQueued(const std::function<void(const record::StreamElement&)>& visit) = 0;

  /// Ok, or why the channel is broken; as the writer's.
  virtual Status status() const = 0;

  /// Who is told when an element arrives at a channel that was found empty, when an unaligned
  /// barrier arrives (the reader may be held up by what it writes to, with rows in front of it), or
  /// when the channel breaks. As the writer's.
  virtual void SetWakeTarget(WakeTarget* target) = 0;
};

}  // namespace weir::exchange
