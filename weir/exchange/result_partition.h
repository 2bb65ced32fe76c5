// ResultPartition: the output side of one edge in one subtask. It spreads rows over the edge's
// destinations and sends control to all of them.
//
// Rows gather in one open batch for each destination. An open batch leaves when it is full, when
// Flush is called (the subtask goes idle; the buffer timeout has passed) and before any control
// element. Each call may be blocked half-way by a destination that is full; it then remembers
// exactly where it stopped, and the same call made again goes on from there: no row and no control
// element is lost or sent twice.
// Invariants: per destination, rows and control keep the order in which they were given. A row is
//   in one place at any time.
// Threads: one caller at a time, the subtask's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "weir/base/ids.h"
#include "weir/env/env.h"
#include "weir/exchange/channel.h"
#include "weir/exchange/partitioner.h"

namespace weir::exchange {

class ResultPartition {
 public:
  struct Options {
    const record::TypeOps& type;  // outlives the partition
    Partitioning partitioning = Partitioning::kForward;
    uint32_t max_parallelism = limits::kMaxParallelismDefault;  // kHash
    base::SubtaskIndex producer{};  // kRebalance: its turns begin here, so that not all begin alike
    env::Chaos& chaos;
  };

  /// Destination i is downstream subtask i; a forward edge has one.
  ResultPartition(const Options& options, std::vector<std::unique_ptr<ChannelWriter>> destinations);

  /// Takes all rows of `batch`, with their columns: after kSent it is empty and keeps storage for
  /// reuse.
  /// Shapes: a batch of the partition's layout; with kHash it has hashes. After kBlocked some
  ///   rows may have left: the batch is not to be touched, and this call with the same batch comes
  ///   before SendControl (Flush may come between).
  [[nodiscard]] SendResult Send(record::AnyBatch& batch);

  /// Sends every open batch that has rows.
  [[nodiscard]] SendResult Flush();

  /// Sends `element` to every destination, each behind the rows given before. A destination that is
  /// full does not delay the others.
  /// Shapes: after kBlocked, this call with the same element comes before any Send.
  [[nodiscard]] SendResult SendControl(const record::ControlElement& element);

  /// True while rows wait in open batches: Flush is due within the buffer timeout.
  bool HasOpenRows() const;

  /// Ok, or why one of the channels is broken; to be looked at after kBlocked.
  Status status() const;

  uint32_t destination_count() const { return static_cast<uint32_t>(destinations_.size()); }
  void SetWakeTarget(WakeTarget* target);

 private:
  struct Destination {
    std::unique_ptr<ChannelWriter> writer;
    record::BatchPtr open{};       // null: none acquired
    bool control_pending = false;  // the control element under way has not reached it
  };
  enum class Take : uint8_t { kMove, kCopy };

  SendResult Scatter(record::AnyBatch& batch);
  SendResult Broadcast(record::AnyBatch& batch);
  SendResult SendWhole(record::AnyBatch& batch);
  SendResult Append(size_t index, record::AnyBatch& batch, Take take);
  SendResult Open(size_t index);
  SendResult Ship(size_t index);

  const record::TypeOps& type_;
  const Partitioning partitioning_;
  env::Chaos& chaos_;
  std::vector<Destination> destinations_;
  std::optional<HashRouter> router_;

  // Where a blocked Send goes on. `destination_` is, with kBroadcast, the first destination without
  // the rows; with kRebalance, whose turn it is.
  bool sending_ = false;
  uint32_t row_ = 0;  // kHash: the first row not moved yet
  size_t destination_ = 0;

  // For kHash. `closed_` is always full: it stands for the open batch of a destination without one,
  // so that Scatter stops at the first row that needs it.
  std::vector<uint16_t> routes_;            // the destination of each row of the batch under way
  std::vector<record::AnyBatch*> outputs_;  // the open batch of each destination, or closed_
  record::BatchPtr closed_;

  std::optional<record::ControlElement> control_;  // the control element under way
};

}  // namespace weir::exchange
