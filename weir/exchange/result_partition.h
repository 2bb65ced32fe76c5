// ResultPartition: the output side of one edge in one subtask. It spreads rows over the edge's
// destinations and sends control to all of them.
//
// Rows gather in one open batch for each destination. An open batch leaves when it is full, when
// Flush is called (the subtask goes idle; the buffer timeout has passed) and before any control
// element. Each call may be blocked half-way by a destination that is full; it then remembers
// exactly where it stopped, and the same call made again goes on from there: no row and no control
// element is lost or sent twice.
// Invariants: per destination, rows and control keep the order in which they were given, but for
//   barriers that overtake. A row is in one place at any time.
// Threads: one caller at a time, the subtask's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "weir/base/ids.h"
#include "weir/env/env.h"
#include "weir/exchange/channel.h"
#include "weir/exchange/partitioner.h"

namespace weir::exchange {

/// What a barrier overtakes at its sender: rows, or a control element.
struct Overtaken {
  // Where it goes; none: each row by its hash.
  std::optional<base::SubtaskIndex> destination;
  const record::AnyBatch* rows = nullptr;  // those from `begin` on; null: it is `control`
  uint32_t begin = 0;
  const record::ControlElement* control = nullptr;
};

class ResultPartition {
 public:
  struct Options {
    const record::TypeOps& type;  // outlives the partition
    Partitioning partitioning = Partitioning::kForward;
    uint32_t max_parallelism = limits::kMaxParallelismDefault;  // kHash, kCustom
    base::SubtaskIndex producer{};  // kRebalance: its turns begin here, so that not all begin alike
    env::Chaos& chaos;
  };

  /// Destination i is downstream subtask i; a forward edge has one.
  ResultPartition(const Options& options, std::vector<std::unique_ptr<ChannelWriter>> destinations);

  /// Takes all rows of `batch`, with their columns: after kSent it is empty and keeps storage for
  /// reuse.
  /// Shapes: a batch of the partition's layout; with kHash and kCustom it has hashes. After
  ///   kBlocked some rows may have left: the batch is not to be touched, and this call with the
  ///   same batch comes before SendControl (Flush may come between).
  [[nodiscard]] SendResult Send(record::AnyBatch& batch);

  /// Sends every open batch that has rows.
  [[nodiscard]] SendResult Flush();

  /// Sends `element` to every destination, each behind the rows given before. A destination that is
  /// full does not delay the others.
  /// Shapes: after kBlocked, this call with the same element comes before any Send.
  [[nodiscard]] SendResult SendControl(const record::ControlElement& element);

  /// Sends an unaligned barrier to every destination, in front of everything that has not left, and
  /// shows that to `visit`: rows of open batches, the rest of a batch whose Send was blocked, a
  /// control element whose SendControl was. For each destination in the order in which it will
  /// leave: it stays where it is, and the same calls go on with it behind the barrier. Blocked when
  /// a destination has no room even for a barrier; there it leaves in front of everything with one
  /// of the next calls (call Flush when woken), unless a newer one takes its place: one checkpoint
  /// is under way at a time.
  /// Shapes: `visit` does not call the partition.
  [[nodiscard]] SendResult Overtake(const record::Barrier& barrier,
                                    const std::function<void(const Overtaken&)>& visit);

  /// True while rows wait in open batches, or a barrier for room: Flush is due within the buffer
  /// timeout.
  bool HasOpenRows() const;

  /// Ok, or why one of the channels is broken; to be looked at after kBlocked.
  Status status() const;

  void SetWakeTarget(WakeTarget* target);

 private:
  struct Destination {
    std::unique_ptr<ChannelWriter> writer;
    record::BatchPtr open{};       // null: none acquired
    bool control_pending = false;  // the control element under way has not reached it
    bool barrier_pending = false;  // nor the barrier that overtakes: it goes first
  };
  enum class Take : uint8_t { kMove, kCopy };

  uint32_t destination_count() const { return static_cast<uint32_t>(destinations_.size()); }
  SendResult Scatter(record::AnyBatch& batch);
  SendResult Broadcast(record::AnyBatch& batch);
  SendResult SendWhole(record::AnyBatch& batch);
  SendResult Append(size_t index, record::AnyBatch& batch, Take take);
  SendResult Open(size_t index);
  SendResult Ship(size_t index);
  SendResult SendBarrier();
  void ShowUnsent(const std::function<void(const Overtaken&)>& visit) const;

  const record::TypeOps& type_;
  const Partitioning partitioning_;
  env::Chaos& chaos_;
  std::vector<Destination> destinations_;
  std::optional<RowRouter> router_;

  // Where a blocked Send goes on. `destination_` is, with kBroadcast, the first destination without
  // the rows; with kRebalance, whose turn it is.
  const record::AnyBatch* sending_ = nullptr;  // the batch of the blocked Send
  uint32_t row_ = 0;                           // of a router: the first row not moved yet
  size_t destination_ = 0;

  // For a router. `closed_` is always full: it stands for the open batch of a destination without
  // one, so that Scatter stops at the first row that needs it.
  std::vector<uint16_t> routes_;            // the destination of each row of the batch under way
  std::vector<record::AnyBatch*> outputs_;  // the open batch of each destination, or closed_
  record::BatchPtr closed_;

  std::optional<record::ControlElement> control_;  // the control element under way
  std::optional<record::Barrier> barrier_;         // that overtakes and has not reached all
};

}  // namespace weir::exchange
