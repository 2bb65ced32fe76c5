// Output: where an operator puts what it makes. One object per operator, one place per output port;
// the chain driver empties it.
//
// Each port has an open batch. What one user call emits beyond it goes into further batches (the
// overflow list); as long as a batch waits there, the driver gives the operator no new input. So
// memory is bounded by what a single call emits, and operators never call one another.
// Threads: the subtask's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "weir/base/ids.h"
#include "weir/record/any_batch.h"

namespace weir::runtime {

class Output {
 public:
  /// One port for each type; types outlive the Output.
  explicit Output(std::span<const record::TypeOps* const> port_types);

  /// How many ports there are.
  uint32_t ports() const { return static_cast<uint32_t>(ports_.size()); }

  /// The batch to append to. Never full when the driver calls the operator.
  record::AnyBatch& OpenBatch(base::PortIndex port) { return *ports_[port.number()].open; }

  /// Puts the open batch on the port's ready list and opens an empty one: called when the open
  /// batch is full and more must go out.
  record::AnyBatch& NextBatch(base::PortIndex port);

  /// Sends the rows of `batch` as they are, in front of nothing: the open batch goes first. `batch`
  /// is empty afterwards and keeps storage for reuse.
  /// Shapes: `batch` has the port's layout.
  void Forward(base::PortIndex port, record::AnyBatch& batch);

  /// True when a batch waits or the open batch is full: the operator returns kMoreOutput after the
  /// user call it is in.
  bool MustDrain() const;

  /// True when the open batch of a port has rows.
  bool HasOpenRows() const;

  /// For the driver: takes the next batch of the port, in order; null when nothing (or, with kFull,
  /// only a partly filled batch) is there.
  enum class Take : uint8_t { kFull, kAny };
  record::BatchPtr TakeBatch(base::PortIndex port, Take take);

  /// For the driver: shows the batches of the port that wait, in order, and takes none.
  void ForEachBatch(base::PortIndex port,
                    const std::function<void(const record::AnyBatch&)>& visit) const;

  /// For the driver: gives an emptied batch back for reuse.
  void Recycle(base::PortIndex port, record::BatchPtr batch);

 private:
  struct Port {
    const record::TypeOps* type;
    record::BatchPtr open;
    std::deque<record::BatchPtr> ready;
    std::vector<record::BatchPtr> spare;  // bounded by kSpareMax: what a burst left is freed
  };
  static constexpr size_t kSpareMax = 4;
  record::BatchPtr Empty(Port& port);

  std::vector<Port> ports_;
};

}  // namespace weir::runtime
