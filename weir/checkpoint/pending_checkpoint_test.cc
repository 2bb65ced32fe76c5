#include "weir/checkpoint/pending_checkpoint.h"

#include <gtest/gtest.h>

#include "weir/checkpoint/example_records.h"

namespace weir::checkpoint {
namespace {

using std::chrono::milliseconds;
using State = PendingCheckpoint::State;

const CheckpointTag kTag{base::Epoch(3), base::Attempt(2), base::CheckpointId(17)};

base::Instant At(int64_t ms) { return base::Instant(milliseconds(ms)); }

SubtaskId Subtask(uint32_t chain, uint32_t subtask) {
  return {base::ChainIndex(chain), base::SubtaskIndex(subtask)};
}

PendingCheckpoint::Options TwoSubtasks() {
  PendingCheckpoint::Options options;
  options.tag = kTag;
  options.expected = {Subtask(0, 0), Subtask(0, 1)};
  options.chains = {{"[csv-source]", 2}};
  options.triggered = At(100);
  options.timeout = milliseconds(50);
  return options;
}

Acknowledgement Ack(uint32_t subtask, CheckpointTag tag = kTag) {
  Acknowledgement ack;
  ack.tag = tag;
  ack.subtask = Subtask(0, subtask);
  ack.bytes_written = 10;
  ack.state_bytes = 20;
  return ack;
}

PackRef PackOf(uint32_t subtask, CheckpointTag tag = kTag) {
  PackRef pack = NamedPack(1, 1, subtask);
  pack.name =
      PackName{
          tag.epoch, tag.attempt, tag.checkpoint, base::ChainIndex(0), base::SubtaskIndex(subtask),
          5}
          .ToString();
  return pack;
}

class PendingCheckpointTest : public testing::Test {
 protected:
  OneMutant chaos_;
  PendingCheckpoint pending_{TwoSubtasks(), chaos_};
};

TEST_F(PendingCheckpointTest, IsCollectedWithTheLastAcknowledgement) {
  EXPECT_FALSE(pending_.OnAcknowledge(Ack(1)));
  EXPECT_EQ(pending_.Missing(), std::vector{Subtask(0, 0)});
  EXPECT_TRUE(pending_.OnAcknowledge(Ack(0)));
  EXPECT_EQ(pending_.state(), State::kCollected);
  EXPECT_EQ(pending_.ignored(), IgnoredAcknowledgements());
}

TEST_F(PendingCheckpointTest, Regression40_ReplayedAndReorderedAcknowledgementsCountOnce) {
  EXPECT_FALSE(pending_.OnAcknowledge(Ack(1)));
  EXPECT_FALSE(pending_.OnAcknowledge(Ack(1)));
  EXPECT_FALSE(pending_.OnAcknowledge(Ack(1)));
  EXPECT_EQ(pending_.state(), State::kCollecting);
  EXPECT_EQ(pending_.ignored().duplicate, 2u);
  EXPECT_TRUE(pending_.OnAcknowledge(Ack(0)));
  EXPECT_FALSE(pending_.OnAcknowledge(Ack(0)));  // behind the end
  EXPECT_EQ(pending_.ignored().duplicate, 3u);
}

TEST_F(PendingCheckpointTest, Regression41_AcknowledgementsOfTheDeadAreStale) {
  CheckpointTag old_epoch = kTag, old_attempt = kTag, old_id = kTag, next_id = kTag;
  old_epoch.epoch = base::Epoch(2);
  old_attempt.attempt = base::Attempt(1);
  old_id.checkpoint = base::CheckpointId(16);
  next_id.checkpoint = base::CheckpointId(18);
  for (const CheckpointTag& tag : {old_epoch, old_attempt, old_id, next_id}) {
    EXPECT_FALSE(pending_.OnAcknowledge(Ack(0, tag)));
    pending_.OnDecline(tag, Subtask(0, 0), UnavailableError("late"));
  }
  EXPECT_EQ(pending_.state(), State::kCollecting);
  EXPECT_EQ(pending_.ignored().stale, 8u);
  EXPECT_EQ(pending_.Missing().size(), 2u);
}

TEST_F(PendingCheckpointTest, StrangersAreIgnored) {
  EXPECT_FALSE(pending_.OnAcknowledge(Ack(2)));
  pending_.OnDecline(kTag, Subtask(1, 0), UnavailableError("who?"));
  EXPECT_EQ(pending_.ignored().foreign, 2u);
  EXPECT_EQ(pending_.state(), State::kCollecting);
}

TEST_F(PendingCheckpointTest,
       Regression11_AcknowledgementsNameOnlyPacksOfThisCheckpointOrOfItsBase) {
  PendingCheckpoint::Options options = TwoSubtasks();
  options.base = CheckpointRecord(2, 1, 2);
  const PackRef of_base = options.base->checkpoint->packs[0];
  PendingCheckpoint pending(std::move(options), chaos_);
  CheckpointTag aborted = kTag, dead_attempt = kTag;
  aborted.checkpoint = base::CheckpointId(16);
  dead_attempt.attempt = base::Attempt(1);
  PackRef nonsense = PackOf(0);
  nonsense.name = "xyz-002.sst";
  for (const PackRef& pack : {PackOf(0, aborted), PackOf(0, dead_attempt), PackOf(1), nonsense}) {
    Acknowledgement ack = Ack(0);
    ack.packs = {of_base, pack};
    EXPECT_FALSE(pending.OnAcknowledge(ack)) << pack.name;
  }
  EXPECT_EQ(pending.ignored().foreign, 4u);
  Acknowledgement ack = Ack(0);
  ack.packs = {of_base, PackOf(0)};
  EXPECT_FALSE(pending.OnAcknowledge(ack));
  EXPECT_TRUE(pending.OnAcknowledge(Ack(1)));
  const CheckpointBody body = pending.Assemble(At(130)).value();
  EXPECT_EQ(body.base, Ref(2, 2));
  EXPECT_EQ(body.packs, (std::vector{of_base, PackOf(0)}));
}

TEST_F(PendingCheckpointTest, Regression74_AFailureIsReportedWithItsReason) {
  pending_.OnDecline(kTag, Subtask(0, 1),
                     ResourceExhaustedError("write pack: no space left on device"));
  EXPECT_EQ(pending_.state(), State::kAborted);
  EXPECT_EQ(pending_.reason().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(pending_.reason().message(),
            "subtask 0.1 declined: write pack: no space left on device");
  EXPECT_FALSE(pending_.OnAcknowledge(Ack(0)));
  EXPECT_FALSE(pending_.OnAcknowledge(Ack(1)));
  EXPECT_EQ(pending_.state(), State::kAborted);
}

TEST_F(PendingCheckpointTest, ExpiresNamingWhoIsMissing) {
  EXPECT_FALSE(pending_.OnAcknowledge(Ack(0)));
  EXPECT_FALSE(pending_.OnTime(At(149)));
  EXPECT_TRUE(pending_.OnTime(At(150)));
  EXPECT_EQ(pending_.state(), State::kAborted);
  EXPECT_EQ(pending_.reason().code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(pending_.reason().message(),
            "checkpoint 17 took longer than 50 ms; 1 of 2 subtasks are missing: 0.1");
  EXPECT_FALSE(pending_.OnTime(At(151)));
}

TEST_F(PendingCheckpointTest, WhatIsCollectedExpiresAndAbortsNoMore) {
  EXPECT_FALSE(pending_.OnAcknowledge(Ack(0)));
  EXPECT_TRUE(pending_.OnAcknowledge(Ack(1)));
  EXPECT_FALSE(pending_.OnTime(At(1000)));
  pending_.Abort(CancelledError("too late"));
  EXPECT_EQ(pending_.state(), State::kCollected);
}

TEST_F(PendingCheckpointTest, AssemblesWhatTheSubtasksSaid) {
  for (const uint32_t subtask : {1u, 0u}) {
    Acknowledgement ack = Ack(subtask);
    OperatorSnapshot& op = ack.operators.emplace_back();
    op.uid = "per-page";
    op.kind = "keyed-process";
    op.states = {{.name = "count", .kind = "value", .key_schema = {}, .value_schema = {}}};
    op.event_times = {{Groups(subtask * 4, subtask * 4 + 4), subtask, false}};
    ack.packs = {PackOf(subtask)};
    EXPECT_EQ(pending_.OnAcknowledge(ack), subtask == 0);
  }
  const CheckpointBody body = pending_.Assemble(At(148)).value();
  EXPECT_EQ(body.id, kTag.checkpoint);
  EXPECT_EQ(body.attempt, kTag.attempt);
  EXPECT_EQ(body.duration, milliseconds(48));
  EXPECT_EQ(body.bytes_written, 20u);
  EXPECT_EQ(body.state_bytes, 40u);
  ASSERT_EQ(body.operators.size(), 1u);
  EXPECT_EQ(body.operators[0].states.size(), 1u);
  EXPECT_EQ(body.operators[0].event_times.size(), 2u);
  EXPECT_EQ(body.operators[0].event_times[0].watermark, 0);
  EXPECT_EQ(body.packs, (std::vector{PackOf(0), PackOf(1)}));
}

// Two readers; split "a" is unassigned, "d" finished long ago, "b" and "c" are read.
StatusOr<CheckpointBody> WithSplits(std::vector<SplitSnapshot> first,
                                    std::vector<SplitSnapshot> second) {
  OneMutant chaos;
  PendingCheckpoint::Options options = TwoSubtasks();
  SourceAtTrigger source{
      "csv-source", {{{"a", "0", false, ""}, {"d", "", true, ""}}, true, ""}, {"b", "c"}};
  options.sources = {source};
  PendingCheckpoint pending(std::move(options), chaos);
  for (uint32_t subtask = 0; subtask < 2; ++subtask) {
    Acknowledgement ack = Ack(subtask);
    OperatorSnapshot& op = ack.operators.emplace_back();
    op.uid = "csv-source";
    op.source.emplace().splits = subtask == 0 ? first : second;
    pending.OnAcknowledge(ack);
  }
  return pending.Assemble(At(120));
}

TEST(PendingCheckpoint, UnassignedAssignedAndFinishedSplitsAreAllOfThem) {
  const StatusOr<CheckpointBody> body =
      WithSplits({{"b", "12", false, ""}}, {{"c", "7", true, ""}, {"d", "", true, ""}});
  ASSERT_TRUE(body.ok()) << body.status();
  const SourceSnapshot& source = *body->operators[0].source;
  EXPECT_TRUE(source.discovery_final);
  std::string ids;
  for (const SplitSnapshot& split : source.splits)
    ids += split.id + split.position + (split.finished ? "! " : " ");
  EXPECT_EQ(ids, "a0 d! b12 c7! ");
}

TEST(PendingCheckpoint, ALostOrDoubledSplitIsABugThatIsNamed) {
  const auto message = [](std::vector<SplitSnapshot> first, std::vector<SplitSnapshot> second) {
    const Status status = WithSplits(std::move(first), std::move(second)).status();
    EXPECT_EQ(status.code(), StatusCode::kInternal);
    return std::string(status.message());
  };
  const SplitSnapshot b{"b", "1", false, ""}, c{"c", "1", false, ""}, x{"x", "1", false, ""};
  EXPECT_EQ(message({b}, {}), "source csv-source: split c came back from no reader");
  EXPECT_EQ(message({b, c}, {b}),
            "source csv-source: split b came back from a reader that did not hold it");
  EXPECT_EQ(message({b, c}, {x}),
            "source csv-source: split x came back from a reader that did not hold it");
}

TEST(PendingCheckpoint, TheMutantThatBelievesTheDeadDoes) {
  OneMutant chaos("stale-attempt-accepted");
  PendingCheckpoint pending(TwoSubtasks(), chaos);
  CheckpointTag old = kTag;
  old.attempt = base::Attempt(1);
  EXPECT_FALSE(pending.OnAcknowledge(Ack(0, old)));
  EXPECT_EQ(pending.Missing().size(), 1u);
}

}  // namespace
}  // namespace weir::checkpoint
