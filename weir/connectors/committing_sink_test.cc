#include "weir/connectors/committing_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weir/base/limits.h"
#include "weir/connectors/sink_task_test.h"

namespace weir::connectors {
namespace {

// A place outside that takes batches; a batch's payload is its rows, "1 2 3".
struct Outside {
  std::vector<std::string> sealed;
  std::vector<std::string> committed;  // each commit that was done, in order
  std::vector<std::string> tried;      // each commit that was begun
  std::deque<Status> commits;          // what the next commits answer; then ok
  Status seal;                         // what sealing answers
};

class Writer final : public runtime::SinkWriter {
 public:
  explicit Writer(Outside& outside) : outside_(outside) {}
  Status Start(const runtime::OperatorContext&, std::span<const runtime::Committable>) override {
    return {};
  }
  Status Write(const record::AnyBatch& batch, uint32_t begin) override {
    for (uint32_t row = begin; row < batch.size(); ++row) {
      rows_ += (rows_.empty() ? "" : " ") + std::to_string(batch.Rows<int64_t>()[row]);
    }
    return {};
  }
  StatusOr<Closed> PreCommit(base::CheckpointId) override {
    if (rows_.empty()) return Closed();
    Closed closed{.payloads = {rows_}, .make_durable = [&outside = outside_, rows = rows_] {
                    outside.sealed.push_back(rows);
                    return outside.seal;
                  }};
    rows_.clear();
    return closed;
  }
  base::UniqueFunction<Status()> Commit(const runtime::CommitPermit&,
                                        const runtime::Committable& committable) override {
    return [&outside = outside_, payload = committable.payload] {
      outside.tried.push_back(payload);
      Status answer;
      if (!outside.commits.empty()) {
        answer = std::move(outside.commits.front());
        outside.commits.pop_front();
      }
      if (answer.ok()) outside.committed.push_back(payload);
      return answer;
    };
  }

 private:
  Outside& outside_;
  std::string rows_;
};

class OutsideSink final : public runtime::Sink {
 public:
  explicit OutsideSink(Outside& outside) : outside_(outside) {}
  std::string kind() const override { return "outside"; }
  std::unique_ptr<runtime::SinkWriter> NewWriter() const override {
    return std::make_unique<Writer>(outside_);
  }

 private:
  Outside& outside_;
};

using Payloads = std::vector<std::string>;

Payloads PayloadsOf(const std::vector<runtime::Committable>& committables) {
  Payloads payloads;
  for (const runtime::Committable& committable : committables)
    payloads.push_back(committable.payload);
  return payloads;
}

class CommittingSinkTest : public ::testing::Test {
 protected:
  explicit CommittingSinkTest(sim::Options options = sim::CalmOptions(1))
      : machine(std::move(options)) {}
  Machine machine;
  Outside outside;
  CommittingSinkFactory factory{std::make_shared<OutsideSink>(outside)};
  SinkTask task{machine, factory};
};

TEST_F(CommittingSinkTest, CommitsWhatACompleteCheckpointCovers) {
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1, 2).ok());
  EXPECT_EQ(PayloadsOf(*task.Snapshot(1)), Payloads{"1 2"});
  ASSERT_TRUE(task.Write(3).ok());
  EXPECT_FALSE(task.sink().HasPendingCommits());
  ASSERT_TRUE(task.RunFor(sim::milliseconds(50)).ok());
  EXPECT_EQ(outside.committed, Payloads{});
  ASSERT_TRUE(task.Complete(1).ok());
  EXPECT_EQ(outside.committed, Payloads{"1 2"});
  EXPECT_EQ(PayloadsOf(*task.Snapshot(2)), Payloads{"3"});
}

TEST_F(CommittingSinkTest, ACommitUnderWayIsPending) {
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1).ok());
  ASSERT_TRUE(task.Snapshot(1).ok());
  ASSERT_TRUE(
      task.sink().OnCheckpointComplete(testing::PermitForTests::Of(base::CheckpointId(1))).ok());
  EXPECT_TRUE(task.sink().HasPendingCommits());
  EXPECT_EQ(PayloadsOf(*task.Snapshot(2)), Payloads{"1"});  // not known to be committed
  ASSERT_TRUE(task.RunFor(sim::milliseconds(5)).ok());
  EXPECT_FALSE(task.sink().HasPendingCommits());
  EXPECT_EQ(outside.committed, Payloads{"1"});
}

TEST_F(CommittingSinkTest, Regression60_ACheckpointWithoutOutputClosesNothing) {
  ASSERT_TRUE(task.Start().ok());
  EXPECT_EQ(PayloadsOf(*task.Snapshot(1)), Payloads{});
  ASSERT_TRUE(task.Complete(1).ok());
  EXPECT_EQ(outside.tried, Payloads{});
}

TEST_F(CommittingSinkTest, Regression69_EmptyCheckpointsBetweenFullOnes) {
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1).ok());
  ASSERT_TRUE(task.Snapshot(1).ok());
  ASSERT_TRUE(task.Snapshot(2).ok());
  ASSERT_TRUE(task.Write(2).ok());
  const auto third = task.Snapshot(3);
  EXPECT_EQ(PayloadsOf(*third), (Payloads{"1", "2"}));
  ASSERT_TRUE(task.Complete(2).ok());
  EXPECT_EQ(outside.committed, Payloads{"1"});
  EXPECT_EQ(PayloadsOf(*task.Snapshot(4)), Payloads{"2"});
  EXPECT_EQ(PayloadsOf(*task.Snapshot(5)), Payloads{"2"});

  // A restore from the record of 3 finds both, with the checkpoints that closed them, and commits
  // them again: idempotent by contract.
  SinkTask next(machine, factory, {.attempt = 2});
  ASSERT_TRUE(next.Start(*third).ok());
  ASSERT_TRUE(next.Complete(3).ok());
  EXPECT_EQ(outside.committed, (Payloads{"1", "1", "2"}));
  EXPECT_EQ((*third)[0].checkpoint, base::CheckpointId(1));
  EXPECT_EQ((*third)[1].checkpoint, base::CheckpointId(3));
}

TEST_F(CommittingSinkTest, AbortedCheckpointsLoseNothing) {
  ASSERT_TRUE(task.Start().ok());
  for (const uint64_t checkpoint : {1u, 2u, 3u}) {
    ASSERT_TRUE(task.Write(static_cast<int64_t>(checkpoint)).ok());
    ASSERT_TRUE(task.Snapshot(checkpoint).ok());
  }
  ASSERT_TRUE(task.Complete(3).ok());  // 1 and 2 were aborted, or their Complete was lost
  EXPECT_EQ(outside.committed, (Payloads{"1", "2", "3"}));
}

TEST_F(CommittingSinkTest, Regression63_CommittablesAreTheSameAtPreCommitRestoreAndCommit) {
  std::vector<runtime::Committable> closed;
  for (const uint32_t subtask : {0u, 1u, 2u}) {
    SinkTask origin(machine, factory, {.subtask = subtask, .parallelism = 3});
    ASSERT_TRUE(origin.Start().ok());
    for (const uint64_t checkpoint : {1u, 2u}) {
      ASSERT_TRUE(origin.Write(static_cast<int64_t>(10 * subtask + checkpoint)).ok());
      const auto snapshot = origin.Snapshot(checkpoint);
      if (checkpoint == 2) closed.insert(closed.end(), snapshot->begin(), snapshot->end());
    }
  }
  ASSERT_EQ(closed.size(), 6u);
  for (const uint32_t parallelism : {1u, 2u, 3u, 7u}) {
    outside = {};
    std::vector<runtime::Committable> restored;
    for (uint32_t subtask = 0; subtask < parallelism; ++subtask) {
      SinkTask heir(machine, factory,
                    {.subtask = subtask, .parallelism = parallelism, .attempt = 2});
      ASSERT_TRUE(heir.Start(closed).ok());
      const auto snapshot = heir.Snapshot(3);
      restored.insert(restored.end(), snapshot->begin(), snapshot->end());
      ASSERT_TRUE(heir.Complete(2).ok());
    }
    EXPECT_THAT(restored, ::testing::UnorderedElementsAreArray(closed)) << parallelism;
    EXPECT_THAT(outside.committed, ::testing::UnorderedElementsAreArray(PayloadsOf(closed)));
  }
}

TEST_F(CommittingSinkTest, RestoredBatchesAreCommittedOldestFirst) {
  const auto closed = [](uint32_t origin, uint64_t checkpoint, std::string payload) {
    return runtime::Committable{.origin = base::SubtaskIndex(origin),
                                .lineage = base::Lineage(7),
                                .checkpoint = base::CheckpointId(checkpoint),
                                .payload = std::move(payload)};
  };
  ASSERT_TRUE(
      task.Start({closed(0, 4, "a4"), closed(0, 6, "a6"), closed(1, 3, "b3"), closed(1, 6, "b6")})
          .ok());
  ASSERT_TRUE(task.Write(9).ok());
  EXPECT_EQ(PayloadsOf(*task.Snapshot(7)), (Payloads{"b3", "a4", "a6", "b6", "9"}));
  // Whatever the number: the record that held them is complete. (An imported one has other
  // numbers.)
  ASSERT_TRUE(task.Complete(1).ok());
  EXPECT_EQ(outside.committed, (Payloads{"b3", "a4", "a6", "b6"}));
}

TEST_F(CommittingSinkTest, Regression58_AFailingCommitIsTriedAgainThenFailsTheJob) {
  outside.commits = {UnavailableError("1"), ResourceExhaustedError("2"), UnavailableError("3"),
                     PermissionDeniedError("never")};
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1).ok());
  ASSERT_TRUE(task.Snapshot(1).ok());
  ASSERT_TRUE(task.Write(2).ok());
  ASSERT_TRUE(task.Snapshot(2).ok());
  ASSERT_TRUE(
      task.sink().OnCheckpointComplete(testing::PermitForTests::Of(base::CheckpointId(2))).ok());
  EXPECT_EQ(task.RunFor(sim::seconds(5)), PermissionDeniedError("commit: never"));
  EXPECT_EQ(outside.tried, (Payloads{"1", "1", "1", "1"}));  // nothing skipped
  EXPECT_TRUE(task.sink().HasPendingCommits());              // so the job does not finish
  EXPECT_EQ(task.Write(3).status().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(task.Snapshot(3).status().code(), StatusCode::kPermissionDenied);
}

TEST_F(CommittingSinkTest, RetriesGrowApartAndCheckpointsGoOn) {
  for (int i = 0; i < 8; ++i) outside.commits.push_back(UnavailableError("away"));
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1).ok());
  ASSERT_TRUE(task.Snapshot(1).ok());
  ASSERT_TRUE(task.Complete(1).ok());
  EXPECT_EQ(outside.tried.size(), 1u);
  ASSERT_TRUE(task.RunFor(sim::milliseconds(800)).ok());
  EXPECT_GE(outside.tried.size(), 5u);
  EXPECT_LE(outside.tried.size(), 7u);
  ASSERT_TRUE(task.Write(2).ok());
  EXPECT_EQ(PayloadsOf(*task.Snapshot(2)), (Payloads{"1", "2"}));
  ASSERT_TRUE(task.Complete(2).ok());
  ASSERT_TRUE(task.RunFor(sim::seconds(5)).ok());
  EXPECT_EQ(outside.committed, (Payloads{"1", "2"}));
}

TEST_F(CommittingSinkTest, AfterTooManyTriesNoRowsAreTakenUntilItSucceeds) {
  for (uint32_t i = 0; i < limits::kCommitTriesMax; ++i)
    outside.commits.push_back(UnavailableError("away"));
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1).ok());
  ASSERT_TRUE(task.Snapshot(1).ok());
  ASSERT_TRUE(task.Complete(1).ok());
  while (outside.tried.size() < limits::kCommitTriesMax) {
    EXPECT_EQ(*task.Write(2), runtime::Outcome::kNeedInput);
    ASSERT_TRUE(task.RunFor(sim::milliseconds(100)).ok());
  }
  EXPECT_EQ(*task.Write(3), runtime::Outcome::kBlocked);
  ASSERT_TRUE(task.RunFor(limits::kCommitRetryDelayMax * 2).ok());
  EXPECT_EQ(outside.committed, Payloads{"1"});
  EXPECT_EQ(*task.Write(3), runtime::Outcome::kNeedInput);
}

TEST_F(CommittingSinkTest, CommitsThatFallBehindHoldRowsBack) {
  outside.commits = {UnavailableError("away")};
  ASSERT_TRUE(task.Start().ok());
  for (uint64_t checkpoint = 1; checkpoint <= limits::kCommitsBehindMax; ++checkpoint) {
    ASSERT_EQ(*task.Write(1), runtime::Outcome::kNeedInput);
    ASSERT_TRUE(task.Snapshot(checkpoint).ok());
  }
  EXPECT_EQ(*task.Write(1), runtime::Outcome::kNeedInput);  // none of them may be committed yet
  ASSERT_TRUE(task.Complete(limits::kCommitsBehindMax).ok());
  EXPECT_EQ(*task.Write(1), runtime::Outcome::kBlocked);
  ASSERT_TRUE(task.RunFor(sim::seconds(1)).ok());
  EXPECT_EQ(*task.Write(1), runtime::Outcome::kNeedInput);
}

TEST_F(CommittingSinkTest, Regression56_WhatCannotBeMadeDurableFailsCheckpointAndAttempt) {
  outside.seal = UnavailableError("input/output error");
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1).ok());
  EXPECT_EQ(task.Snapshot(1).status(), UnavailableError("input/output error"));
  outside.seal = {};  // the rows are gone: that the next one would succeed helps nobody
  EXPECT_EQ(task.RunFor(sim::milliseconds(5)), UnavailableError("input/output error"));
  EXPECT_FALSE(task.Snapshot(2).ok());
}

TEST_F(CommittingSinkTest, Regression57_AnErrorInAJobOfAnEarlierCheckpointIsNotLost) {
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1).ok());
  const auto first = task.Barrier(1);  // its jobs are slow: the checkpoint is aborted meanwhile
  ASSERT_TRUE(task.Write(2).ok());
  const auto second = task.Barrier(2);
  EXPECT_EQ(PayloadsOf((*second)->committables), (Payloads{"1", "2"}));
  outside.seal = UnavailableError("input/output error");
  EXPECT_FALSE((*first)->RunJobs().ok());
  outside.seal = {};
  EXPECT_FALSE((*second)->RunJobs().ok());  // it holds a batch that is not durable
  EXPECT_FALSE(task.RunFor(sim::milliseconds(5)).ok());
}

TEST_F(CommittingSinkTest, ASnapshotIsDurableOnlyWithItsOlderBatches) {
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1).ok());
  const auto first = task.Barrier(1);
  ASSERT_TRUE(task.Write(2).ok());
  const auto second = task.Barrier(2);
  ASSERT_TRUE((*second)->RunJobs().ok());
  EXPECT_EQ(outside.sealed, (Payloads{"1", "2"}));
  ASSERT_TRUE((*first)->RunJobs().ok());
  EXPECT_EQ(outside.sealed, (Payloads{"1", "2"}));  // once
}

TEST_F(CommittingSinkTest, ACommitThatEndsAfterItsAttemptIsHarmless) {
  {
    SinkTask gone(machine, factory);
    ASSERT_TRUE(gone.Start().ok());
    ASSERT_TRUE(gone.Write(1).ok());
    ASSERT_TRUE(gone.Snapshot(1).ok());
    ASSERT_TRUE(
        gone.sink().OnCheckpointComplete(testing::PermitForTests::Of(base::CheckpointId(1))).ok());
  }
  machine.Settle();
  EXPECT_EQ(outside.committed, Payloads{"1"});
}

sim::Options WithMutant(std::string name) {
  sim::Options options = sim::CalmOptions(1);
  options.mutant = std::move(name);
  return options;
}

class CommitBeforeCompletion : public CommittingSinkTest {
 protected:
  CommitBeforeCompletion() : CommittingSinkTest(WithMutant("commit-before-completion")) {}
};
TEST_F(CommitBeforeCompletion, Shows) {
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Complete(1).ok());
  ASSERT_TRUE(task.Write(1).ok());
  ASSERT_TRUE(task.Snapshot(2).ok());
  ASSERT_TRUE(task.RunFor(sim::milliseconds(5)).ok());
  EXPECT_EQ(outside.committed, Payloads{"1"});
}

class CommittablesOfAbortedForgotten : public CommittingSinkTest {
 protected:
  CommittablesOfAbortedForgotten()
      : CommittingSinkTest(WithMutant("committables-of-aborted-forgotten")) {}
};
TEST_F(CommittablesOfAbortedForgotten, Shows) {
  ASSERT_TRUE(task.Start().ok());
  ASSERT_TRUE(task.Write(1).ok());
  ASSERT_TRUE(task.Snapshot(1).ok());
  ASSERT_TRUE(task.Write(2).ok());
  EXPECT_EQ(PayloadsOf(*task.Snapshot(2)), Payloads{"2"});
}

}  // namespace
}  // namespace weir::connectors
