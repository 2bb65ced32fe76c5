// CommittingSink: the operator around every runtime::Sink. It keeps, oldest first, each closed
// batch that is not known to be committed, puts all of them into every snapshot, and commits what a
// completed checkpoint covers.
//
// Invariants:
//   * A batch leaves the list only when its commit was reported done. An aborted checkpoint is no
//     event: what it closed stays in the list and is committed with the next complete one.
//   * Commits run oldest first and one at a time; nothing is skipped.
//   * A snapshot is acknowledged only when every batch in it is durable: also those of an earlier
//     checkpoint whose sealing is still under way. What cannot be made durable fails the attempt.
//   * A commit that fails for now is tried again with growing delays while checkpoints go on; after
//     limits::kCommitTriesMax tries, or limits::kCommitsBehindMax batches behind, the sink takes no
//     more rows until commits catch up. A commit that fails for good fails the job.
// Threads: as Operator.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/env/env.h"
#include "weir/env/mutex.h"
#include "weir/runtime/operator.h"
#include "weir/runtime/sink.h"

namespace weir::connectors {

/// Makes a closed batch durable, once, whoever asks first.
/// Threads: any thread; a second caller waits for the first.
class Seal {
 public:
  explicit Seal(base::UniqueFunction<Status()> job) : job_(std::move(job)) {}
  Status MakeDurable() WEIR_EXCLUDES(mutex_);

 private:
  env::Mutex mutex_;
  base::UniqueFunction<Status()> job_ WEIR_GUARDED_BY(mutex_);  // empty once it ran
  Status result_ WEIR_GUARDED_BY(mutex_);
};

class CommittingSink final : public runtime::Operator {
 public:
  explicit CommittingSink(std::unique_ptr<runtime::SinkWriter> writer)
      : writer_(std::move(writer)) {}

  Status Open(const runtime::OperatorContext& context) override;
  Status RestoreCommittable(runtime::Committable committable) override;
  Status Start() override;
  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override;
  Status Snapshot(runtime::SnapshotContext& snapshot) override;
  Status OnCheckpointComplete(const runtime::CommitPermit& permit) override;
  Status OnTick() override;
  bool commits() const override { return true; }
  bool HasPendingCommits() const override { return !pending_.empty() && Covered(pending_.front()); }

 private:
  struct Pending {
    runtime::Committable committable;
    bool restored = false;       // then any permit covers it: the record that held it is complete
    std::shared_ptr<Seal> seal;  // null when restored. Owners: this and the jobs that run it
  };

  bool Covered(const Pending& pending) const;
  bool TakesRows() const;
  void CommitNext();
  void OnCommitted(const Status& status);
  base::UniqueFunction<Status()> SealAll();
  bool Mutant(std::string_view name) const { return context_.env->chaos.Mutant(name); }

  runtime::OperatorContext context_;
  const std::unique_ptr<runtime::SinkWriter> writer_;
  std::deque<Pending> pending_;  // oldest first; bounded: rows stop when commits fall behind
  std::optional<runtime::CommitPermit> permit_;
  bool committing_ = false;  // the commit of pending_.front() is under way
  uint32_t tries_ = 0;       // of pending_.front()
  base::Instant next_try_;   // after a failed one
  Status failure_;           // found outside a call
};

class CommittingSinkFactory final : public runtime::OperatorFactory {
 public:
  /// Owners of `sink`: the factory and the program's plan.
  explicit CommittingSinkFactory(std::shared_ptr<const runtime::Sink> sink)
      : sink_(std::move(sink)) {}
  std::unique_ptr<runtime::Operator> New() const override {
    return std::make_unique<CommittingSink>(sink_->NewWriter());
  }
  std::vector<const record::TypeOps*> output_types() const override { return {}; }
  std::string kind() const override { return sink_->kind(); }

 private:
  const std::shared_ptr<const runtime::Sink> sink_;
};

}  // namespace weir::connectors
