// PrintSink: one line a record to the standard output: an object of JSON for records, the bare
// value for numbers and strings.
//
// At least once: what was printed before a barrier is out when the checkpoint is acknowledged;
// after a failure what came behind it is printed again. Lines are written on the pool, since a
// reader that does not read would block the subtask.
// Threads: as Operator.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/env/env.h"
#include "weir/env/mutex.h"
#include "weir/env/text_output.h"
#include "weir/runtime/operator.h"

namespace weir::connectors {

/// Lines on their way out, in order.
/// Threads: any thread.
class LineQueue {
 public:
  /// Owners of `output`: all queues of a sink.
  explicit LineQueue(std::shared_ptr<env::TextOutput> output) : output_(std::move(output)) {}

  void Add(std::string_view lines) WEIR_EXCLUDES(mutex_);
  size_t bytes_waiting() WEIR_EXCLUDES(mutex_);

  /// Writes everything that was added before the call; a second caller waits for the first.
  /// Errors: those of the output, for good: lines may be missing.
  Status Drain() WEIR_EXCLUDES(draining_, mutex_);

 private:
  const std::shared_ptr<env::TextOutput> output_;
  env::Mutex draining_;  // taken before mutex_
  Status failure_ WEIR_GUARDED_BY(draining_);
  env::Mutex mutex_;
  std::string lines_ WEIR_GUARDED_BY(mutex_);
  size_t under_way_ WEIR_GUARDED_BY(mutex_) = 0;  // bytes being written
};

class PrintSink final : public runtime::Operator {
 public:
  explicit PrintSink(std::shared_ptr<env::TextOutput> output)
      : lines_(std::make_shared<LineQueue>(std::move(output))) {}

  Status Open(const runtime::OperatorContext& context) override;
  Status Start() override { return {}; }
  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override;
  StatusOr<runtime::Outcome> OnEnd(runtime::Output& output) override;
  Status Snapshot(runtime::SnapshotContext& snapshot) override;
  Status OnTick() override { return failure_; }

 private:
  void DrainOnPool();

  runtime::OperatorContext context_;
  const std::shared_ptr<LineQueue> lines_;  // owners: this and the jobs that drain it
  std::string formatted_;
  bool draining_ = false;
  Status failure_;
};

class PrintSinkFactory final : public runtime::OperatorFactory {
 public:
  /// Owners of `output`: the factory and its sinks.
  explicit PrintSinkFactory(std::shared_ptr<env::TextOutput> output = env::NewStandardOutput())
      : output_(std::move(output)) {}
  std::unique_ptr<runtime::Operator> New() const override {
    return std::make_unique<PrintSink>(output_);
  }
  std::vector<const record::TypeOps*> output_types() const override { return {}; }
  std::string kind() const override { return "print-sink"; }

 private:
  const std::shared_ptr<env::TextOutput> output_;
};

}  // namespace weir::connectors
