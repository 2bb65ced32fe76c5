// SinkTask: plays the subtask and the coordinator around one sink operator, for the tests of this
// folder: gives it rows, takes snapshots, runs deferred jobs, announces completed checkpoints.
// Threads: the world's.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/connectors/machine_test.h"
#include "weir/record/typed_ops.h"
#include "weir/runtime/operator.h"
#include "weir/testing/permit_for_tests.h"

namespace weir::connectors {

class SinkTask {
 public:
  struct Options {
    std::string uid = "sink";
    uint32_t subtask = 0;
    uint32_t parallelism = 1;
    uint64_t epoch = 1;
    uint32_t attempt = 1;
    uint64_t lineage = 7;
    uint64_t restored = UINT64_MAX;  // whatever was committed is older
  };

  SinkTask(Machine& machine, const runtime::OperatorFactory& factory)
      : SinkTask(machine, factory, Options()) {}
  SinkTask(Machine& machine, const runtime::OperatorFactory& factory, const Options& options)
      : machine_(machine), mailbox_(std::make_shared<Mailbox>()), sink_(factory.New()) {
    context_.uid = options.uid;
    context_.subtask = base::SubtaskIndex(options.subtask);
    context_.parallelism = options.parallelism;
    context_.epoch = base::Epoch(options.epoch);
    context_.attempt = base::Attempt(options.attempt);
    context_.lineage = base::Lineage(options.lineage);
    context_.restored = base::CheckpointId(options.restored);
    context_.env = &machine.env();
    context_.mailbox = mailbox_;
  }
  ~SinkTask() { mailbox_->closed = true; }

  runtime::Operator& sink() { return *sink_; }

  /// Opens, restores those of `committables` that are this subtask's, starts.
  Status Start(const std::vector<runtime::Committable>& committables = {}) {
    WEIR_RETURN_IF_ERROR(sink_->Open(context_));
    for (const runtime::Committable& committable : committables) {
      if (committable.origin.number() % context_.parallelism != context_.subtask.number()) continue;
      WEIR_RETURN_IF_ERROR(sink_->RestoreCommittable(committable));
    }
    return sink_->Start();
  }

  /// Hands over rows first, first + 1, … of type int64_t.
  StatusOr<runtime::Outcome> Write(int64_t first, uint32_t count = 1) {
    record::AnyBatch batch(TypeOpsOf<int64_t>());
    for (uint32_t i = 0; i < count; ++i) batch.Rows<int64_t>()[i] = first + i;
    batch.set_size(count);
    runtime::Input input{.port = base::PortIndex(0), .batch = batch};
    runtime::Output output({});
    return sink_->Process(input, output);
  }

  /// What a snapshot holds, and the jobs that must succeed before it may be acknowledged.
  struct Taken final : runtime::SnapshotContext {
    explicit Taken(uint64_t id) : id_(id) {}
    base::CheckpointId checkpoint() const override { return id_; }
    void AddItem(std::string_view, state::Redistribution, std::string) override {
      WEIR_CHECK(false);
    }
    void AddCommittable(runtime::Committable committable) override {
      committables.push_back(std::move(committable));
    }
    void Defer(base::UniqueFunction<Status()> job) override { jobs.push_back(std::move(job)); }
    base::UniqueFunction<void(Status)> Hold() override {
      return [answers = answers, n = holds++](const Status& status) { (*answers)[n] = status; };
    }

    Status RunJobs() {
      for (base::UniqueFunction<Status()>& job : jobs) WEIR_RETURN_IF_ERROR(job());
      return {};
    }
    std::vector<runtime::Committable> committables;
    std::vector<base::UniqueFunction<Status()>> jobs;
    size_t holds = 0;
    using Answers = std::map<size_t, Status>;
    // What was said of each hold; owners: this, and the holds.
    const std::shared_ptr<Answers> answers = std::make_shared<Answers>();

   private:
    const base::CheckpointId id_;
  };

  /// The barrier is here; the jobs are left to the caller.
  StatusOr<std::unique_ptr<Taken>> Barrier(uint64_t checkpoint) {
    auto taken = std::make_unique<Taken>(checkpoint);
    WEIR_RETURN_IF_ERROR(sink_->Snapshot(*taken));
    return taken;
  }

  /// A whole snapshot: what its record holds once it may be acknowledged.
  StatusOr<std::vector<runtime::Committable>> Snapshot(uint64_t checkpoint) {
    WEIR_ASSIGN_OR_RETURN(std::unique_ptr<Taken> taken, Barrier(checkpoint));
    WEIR_RETURN_IF_ERROR(taken->RunJobs());
    return std::move(taken->committables);
  }

  /// The checkpoint is complete. Lets commits run until nothing is left to be done at once.
  Status Complete(uint64_t checkpoint) {
    WEIR_RETURN_IF_ERROR(
        sink_->OnCheckpointComplete(testing::PermitForTests::Of(base::CheckpointId(checkpoint))));
    return RunFor(sim::milliseconds(10));
  }

  /// Lets time pass: jobs run, their answers come, the operator is ticked.
  Status RunFor(Duration time) {
    for (const base::Instant until = machine_.world().Now() + time;
         machine_.world().Now() < until;) {
      machine_.world().RunFor(sim::milliseconds(1));
      mailbox_->Deliver();
      WEIR_RETURN_IF_ERROR(sink_->OnTick());
    }
    return {};
  }

 private:
  struct Mailbox final : runtime::Mailbox {
    void Post(base::Closure closure) override {
      if (!closed) closures.push_back(std::move(closure));
    }
    void Deliver() {
      for (; !closures.empty(); closures.pop_front()) closures.front()();
    }
    bool closed = false;
    std::deque<base::Closure> closures;
  };

  Machine& machine_;
  const std::shared_ptr<Mailbox> mailbox_;  // shared with jobs, as a subtask's is
  runtime::OperatorContext context_;
  const std::unique_ptr<runtime::Operator> sink_;
};

}  // namespace weir::connectors
