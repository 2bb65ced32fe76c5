// SubtaskSnapshot: one snapshot of a subtask from the barrier to the last piece: what its operators
// add, and their keyed state, frozen in constant time and encoded in pieces between batches.
//
// Order of calls: Begin → EncodePiece until true → Finish. Destroyed before Finish, it is given up:
//   frozen state is let go, and nothing is acknowledged.
// Threads: the subtask's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "weir/env/clock.h"
#include "weir/runtime/chain_driver.h"
#include "weir/runtime/operator.h"
#include "weir/runtime/subtask_host.h"

namespace weir::runtime {

class SubtaskSnapshot final : private SnapshotContext {
 public:
  /// The barrier is there.
  /// Shapes: `driver`, whose chain is drained, and `clock` outlive it.
  SubtaskSnapshot(ChainDriver& driver, env::Clock& clock, base::CheckpointId checkpoint,
                  std::unique_ptr<SnapshotStream> stream);
  ~SubtaskSnapshot() override;

  base::CheckpointId checkpoint() const override { return checkpoint_; }

  /// `state` is what the subtask itself knows; each operator adds what is its own, deepest first.
  /// Errors: an operator's own, annotated with its uid.
  Status Begin(SubtaskState state);

  /// True while what was encoded waits in memory to be written: the subtask takes no input then.
  bool MustWait() const;

  /// True when nothing is left to be encoded.
  bool EncodePiece();

  /// Hands everything to the stream, which acknowledges it once it is durable.
  void Finish();

 private:
  class Keyed;
  void AddItem(std::string_view state, state::Redistribution redistribution,
               std::string item) override;
  void AddCommittable(Committable committable) override;
  void Defer(base::UniqueFunction<Status()> job) override;
  base::UniqueFunction<void(Status)> Hold() override;
  void AddStep(base::Instant begin);

  ChainDriver& driver_;
  env::Clock& clock_;
  const base::CheckpointId checkpoint_;
  const base::Instant began_;
  std::unique_ptr<SnapshotStream> stream_;
  SubtaskState state_;
  SnapshotStream::Costs costs_;
  uint32_t asked_ = 0;                            // the operator that adds to it
  std::vector<std::unique_ptr<Keyed>> encoding_;  // of operators that are not done, the next last
};

}  // namespace weir::runtime
