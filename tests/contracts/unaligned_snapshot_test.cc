// Sketch: an unaligned snapshot of a hash edge and of the chains at its ends.
//
// What it asks of the contracts: to see a barrier that waits in a channel, and what it overtakes,
// without consuming either (InputGate::barrier_waits, ForEachQueued); a barrier that leaves in
// front of what its sender could not send, and what that is (ResultPartition::Overtake, by way of
// ChainDriver::Overtake); what a chain holds (ForEachHeld) and a way back (FeedHeld); the encoding
// of batches with their hashes; packs that hold what was overtaken, by key group (in_flight.h).
#include <gtest/gtest.h>

#include <random>

#include "tests/contracts/unaligned_job.h"

namespace weir::contracts {
namespace {

std::vector<int64_t> SeedsOf(int64_t sender, int64_t count) {
  std::vector<int64_t> seeds;
  for (int64_t i = 0; i < count; ++i) seeds.push_back(sender * kSeedsOfSender + i);
  return seeds;
}

// Whatever the snapshot holds goes on at any parallelism, and each number comes once.
void ExpectRestores(const JobSnapshot& snapshot, const std::vector<int64_t>& seeds,
                    Between between) {
  for (const uint32_t parallelism : {1u, 2u, 3u, 7u}) {
    SCOPED_TRACE(Concat("parallelism ", parallelism));
    const auto job = UnalignedJob::Restored(snapshot, parallelism, between);
    job->RunToTheEnd();
    job->ExpectEachNumberOnce(seeds);
  }
}

// Two senders and two receivers that move at random speeds; each sender takes its snapshot at a
// time of its own.
void SnapshotAtRandom(uint64_t seed, Between between, Met& met) {
  std::mt19937_64 random(seed);
  UnalignedJob job(2, 2, between);
  std::vector<int64_t> seeds;
  for (uint32_t from = 0; from < job.senders(); ++from) {
    const std::vector<int64_t> own = SeedsOf(from, 6);
    job.sender(from).Give(own);
    seeds.insert(seeds.end(), own.begin(), own.end());
  }
  std::vector<uint64_t> snapshot_at;
  for (size_t from = 0; from < job.senders(); ++from) snapshot_at.push_back(random() % 60);
  std::vector<SentState> sent(job.senders());
  for (uint64_t step = 0; step < 60; ++step) {
    for (size_t from = 0; from < job.senders(); ++from) {
      if (random() % 2 == 0) job.sender(from).Step();
      if (snapshot_at[from] == step) sent[from] = job.sender(from).Snapshot(met);
    }
    if (random() % 2 == 0) job.Carry(random() % 4);
    for (size_t to = 0; to < job.receivers(); ++to) {
      job.receiver(to).Look();
      if (random() % 3 == 0) job.receiver(to).Consume();
    }
  }
  job.RunToTheEnd();
  job.ExpectEachNumberOnce(seeds);  // as if nothing had happened
  for (size_t to = 0; to < job.receivers(); ++to) {
    EXPECT_EQ(job.receiver(to).barriers(), (std::vector<int>{1, 1}));
  }
  ExpectRestores(job.Snapshot(std::move(sent)), seeds, between);
}

void SnapshotManyTimes(Between between, Met& met) {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(Concat("seed ", seed));
    SnapshotAtRandom(seed, between, met);
    if (::testing::Test::HasFatalFailure()) return;
  }
  EXPECT_GT(met.spread_inputs, 0);
  EXPECT_GT(met.draw_inputs, 0);
  EXPECT_GT(met.whole_batches, 0);
  EXPECT_GT(met.unsent_batches, 0);
}

TEST(UnalignedSnapshot, OfAHashEdgeWithinAProcessHoldsEachRowOnce) {
  Met met;
  SnapshotManyTimes(Between::kThreads, met);
}

TEST(UnalignedSnapshot, OfAHashEdgeBetweenProcessesHoldsEachRowOnce) {
  Met met;
  SnapshotManyTimes(Between::kProcesses, met);
  EXPECT_GT(met.begun_batches, 0);
}

// The receivers do nothing until the snapshot is taken: all that flows is what a channel holds.
TEST(UnalignedSnapshot, OfASenderThatIsBlockedNeedsNoReceiverToMove) {
  for (const Between between : {Between::kThreads, Between::kProcesses}) {
    UnalignedJob job(1, 2, between);
    const std::vector<int64_t> seeds = SeedsOf(0, 4);
    job.sender(0).Give(seeds);
    for (int step = 0; step < 20; ++step) job.sender(0).Step();
    Met met;
    std::vector<SentState> sent{job.sender(0).Snapshot(met)};
    EXPECT_EQ(met.unsent_batches, 1);
    EXPECT_GT(met.draw_inputs + met.spread_inputs, 0);
    job.Carry(SIZE_MAX);
    for (size_t to = 0; to < job.receivers(); ++to) {
      job.receiver(to).Look();
      EXPECT_TRUE(job.receiver(to).complete());
      EXPECT_EQ(job.receiver(to).frozen(), Numbers());
    }
    ExpectRestores(job.Snapshot(std::move(sent)), seeds, between);
  }
}

// The first number is longer than two frames: it leaves in three pieces, and there is room for one
// under way. The record is the sender's until the last has left, and then the receiver's.
TEST(UnalignedSnapshot, OfARecordThatIsPartlySentHoldsItOnce) {
  for (int pieces = 1; pieces <= 3; ++pieces) {
    SCOPED_TRACE(Concat("pieces ", pieces));
    UnalignedJob job(1, 1, Between::kProcesses, {"exchange-minimal-credits"});
    const std::vector<int64_t> seeds = SeedsOf(0, 1);
    job.sender(0).Give(seeds);
    for (int sent = 0; sent < pieces; ++sent) {
      job.Carry(SIZE_MAX);
      EXPECT_FALSE(job.receiver(0).Consume());  // takes a piece, gives room back
      job.Carry(SIZE_MAX);
      for (int step = 0; step < 10; ++step) job.sender(0).Step();
    }
    Met met;
    std::vector<SentState> sent{job.sender(0).Snapshot(met)};
    job.Carry(SIZE_MAX);
    job.receiver(0).Look();
    ASSERT_TRUE(job.receiver(0).complete());
    const JobSnapshot snapshot = job.Snapshot(std::move(sent));
    EXPECT_EQ(snapshot.frozen[0], Numbers());
    EXPECT_EQ(snapshot.arrived[0].empty(), pieces != 3);
    ExpectRestores(snapshot, seeds, Between::kProcesses);
    job.RunToTheEnd();
    job.ExpectEachNumberOnce(seeds);
  }
}

}  // namespace
}  // namespace weir::contracts
