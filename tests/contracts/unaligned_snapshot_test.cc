// Sketch: the receiver's side of an unaligned snapshot of a hash edge.
//
// What it asks of the contracts: to see a barrier that waits in a channel, and what it overtakes,
// without consuming either (InputGate::ForEachQueued); the encoding of batches with their hashes;
// routing what was overtaken by key group again.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "tests/contracts/stage.h"
#include "weir/exchange/input_gate.h"
#include "weir/exchange/partitioner.h"
#include "weir/record/batch_codec.h"

namespace weir::contracts {
namespace {

using Rows = std::vector<int64_t>;

uint64_t HashOf(int64_t key) { return TypeTraits<int64_t>::Hash(0, key); }

// One producer of a hash edge with one consumer.
class Producer {
 public:
  Producer(std::unique_ptr<exchange::ChannelWriter> writer, env::Chaos& chaos)
      : partition_({.type = TypeOpsOf<int64_t>(),
                    .partitioning = exchange::Partitioning::kHash,
                    .max_parallelism = kKeyGroups,
                    .chaos = chaos},
                   Single(std::move(writer))) {}

  void Send(const Rows& rows) {
    const record::BatchPtr batch = BatchOf(rows);
    uint64_t* const hashes = batch->AddHashes();
    std::ranges::transform(rows, hashes, HashOf);
    ASSERT_EQ(partition_.Send(*batch), exchange::SendResult::kSent);
    ASSERT_EQ(partition_.Flush(), exchange::SendResult::kSent);
  }
  void SendBarrier() {
    ASSERT_EQ(partition_.SendControl(record::Barrier{.checkpoint = base::CheckpointId(1),
                                                     .mode = record::CheckpointMode::kUnaligned}),
              exchange::SendResult::kSent);
  }

 private:
  static std::vector<std::unique_ptr<exchange::ChannelWriter>> Single(
      std::unique_ptr<exchange::ChannelWriter> writer) {
    std::vector<std::unique_ptr<exchange::ChannelWriter>> writers;
    writers.push_back(std::move(writer));
    return writers;
  }
  exchange::ResultPartition partition_;
};

// A subtask whose state is the rows that it has consumed. It freezes at the first barrier that it
// sees anywhere; what each channel held in front of its barrier joins the snapshot.
class Consumer {
 public:
  explicit Consumer(std::vector<exchange::InputGate::Input> inputs)
      : gate_(std::move(inputs)), complete_(gate_.channel_count(), false) {}

  /// Looks for barriers that wait.
  void Look() {
    for (uint32_t i = 0; i < gate_.channel_count(); ++i) {
      const base::ChannelIndex channel(i);
      if (complete_[i] || !BarrierWaits(channel)) continue;
      if (!frozen_) frozen_ = consumed_;
      bool behind = false;
      ASSERT_TRUE(gate_
                      .ForEachQueued(channel,
                                     [&](const record::StreamElement& element) {
                                       behind = behind ||
                                                std::holds_alternative<record::Barrier>(element);
                                       const auto* batch = std::get_if<record::BatchPtr>(&element);
                                       if (batch != nullptr && !behind) Overtake(**batch);
                                     })
                      .ok());
      complete_[i] = true;
    }
  }

  /// Consumes one element, as if no checkpoint were under way.
  void Consume() {
    StatusOr<std::optional<exchange::GateElement>> element = gate_.Next();
    ASSERT_TRUE(element.ok() && element->has_value());
    auto* batch = std::get_if<record::BatchPtr>(&(**element).element);
    if (batch == nullptr) return;  // a barrier that was seen while it waited
    const base::ChannelIndex channel = (**element).channel;
    if (frozen_ && !complete_[channel.number()]) Overtake(**batch);
    const int64_t* const rows = (*batch)->Rows<int64_t>();
    consumed_.insert(consumed_.end(), rows, rows + (*batch)->size());
    gate_.Recycle(channel, std::move(*batch));
  }

  bool complete() const { return std::ranges::count(complete_, false) == 0; }
  const Rows& frozen() const { return *frozen_; }
  const std::vector<std::string>& overtaken() const { return overtaken_; }
  const Rows& consumed() const { return consumed_; }

 private:
  bool BarrierWaits(base::ChannelIndex channel) {
    bool found = false;
    EXPECT_TRUE(gate_
                    .ForEachQueued(channel,
                                   [&](const record::StreamElement& element) {
                                     found =
                                         found || std::holds_alternative<record::Barrier>(element);
                                   })
                    .ok());
    return found;
  }

  void Overtake(const record::AnyBatch& batch) {
    base::ByteWriter out;
    ASSERT_EQ(record::EncodeRows(batch, 0, SIZE_MAX, out), batch.size());
    overtaken_.push_back(out.Take());
  }

  exchange::InputGate gate_;
  std::vector<bool> complete_;
  Rows consumed_;
  std::optional<Rows> frozen_;
  std::vector<std::string> overtaken_;
};

// Two producers and a consumer.
struct HashEdge {
  HashEdge() {
    std::vector<exchange::InputGate::Input> inputs;
    for (int i = 0; i < 2; ++i) {
      exchange::LocalChannel channel = exchange::MakeLocalChannel(TypeOpsOf<int64_t>(), chaos);
      producers.push_back(std::make_unique<Producer>(std::move(channel.writer), chaos));
      inputs.push_back({.reader = std::move(channel.reader), .port = {}});
    }
    consumer.emplace(std::move(inputs));
  }
  exchange::TestChaos chaos;
  std::vector<std::unique_ptr<Producer>> producers;
  std::optional<Consumer> consumer;
};

// The rows that subtask `subtask` of `parallelism` starts with: those of its key groups.
Rows Restored(const Consumer& consumer, uint32_t subtask, uint32_t parallelism) {
  const exchange::HashRouter router(parallelism, kKeyGroups);
  Rows rows;
  for (const std::string& run : consumer.overtaken()) {
    record::AnyBatch batch(TypeOpsOf<int64_t>());
    base::ByteReader in(run);
    EXPECT_TRUE(record::DecodeRows(in, batch).ok());
    std::vector<uint16_t> owners(batch.size());
    router.Route({batch.hashes(), batch.size()}, owners.data());
    for (uint32_t row = 0; row < batch.size(); ++row) {
      if (owners[row] == subtask) rows.push_back(batch.Rows<int64_t>()[row]);
    }
  }
  return rows;
}

Rows Sorted(Rows rows) {
  std::ranges::sort(rows);
  return rows;
}

TEST(UnalignedSnapshot, ABarrierIsSeenBehindWhatItOvertakes) {
  HashEdge edge;
  edge.producers[0]->Send({1, 2});
  edge.consumer->Consume();
  edge.producers[0]->Send({3});
  edge.producers[0]->SendBarrier();
  edge.producers[0]->Send({4});
  edge.producers[1]->Send({10});
  edge.consumer->Look();
  EXPECT_EQ(edge.consumer->frozen(), (Rows{1, 2}));
  EXPECT_FALSE(edge.consumer->complete());  // the other producer's barrier is still to come

  edge.producers[1]->Send({11});
  edge.producers[1]->SendBarrier();
  edge.producers[1]->Send({12});
  edge.consumer->Look();
  ASSERT_TRUE(edge.consumer->complete());
  EXPECT_EQ(Sorted(Restored(*edge.consumer, 0, 1)), (Rows{3, 10, 11}));
}

TEST(UnalignedSnapshot, WhatIsConsumedBeforeItsBarrierArrivesIsInFlightToo) {
  HashEdge edge;
  edge.producers[0]->SendBarrier();
  edge.consumer->Look();
  edge.producers[1]->Send({10});
  edge.consumer->Consume(), edge.consumer->Consume();  // the barrier, then the row
  edge.producers[1]->Send({11});
  edge.producers[1]->SendBarrier();
  edge.consumer->Look();
  ASSERT_TRUE(edge.consumer->complete());
  EXPECT_EQ(edge.consumer->frozen(), Rows{});
  EXPECT_EQ(edge.consumer->consumed(), Rows{10});
  EXPECT_EQ(Sorted(Restored(*edge.consumer, 0, 1)), (Rows{10, 11}));
}

TEST(UnalignedSnapshot, OvertakenRowsGoToTheOwnersOfTheirKeyGroups) {
  HashEdge edge;
  Rows all;
  for (int64_t key = 0; key < 300; ++key) all.push_back(key);
  edge.producers[0]->Send(all);
  edge.producers[0]->SendBarrier(), edge.producers[1]->SendBarrier();
  edge.consumer->Look();
  ASSERT_TRUE(edge.consumer->complete());
  for (const uint32_t parallelism : {1u, 2u, 3u, 7u}) {
    Rows together;
    for (uint32_t subtask = 0; subtask < parallelism; ++subtask) {
      for (int64_t key : Restored(*edge.consumer, subtask, parallelism)) {
        EXPECT_EQ(base::OwnerOf(base::KeyGroupOf(HashOf(key), kKeyGroups), parallelism, kKeyGroups)
                      .number(),
                  subtask);
        together.push_back(key);
      }
    }
    EXPECT_EQ(Sorted(together), all);
  }
}

TEST(UnalignedSnapshot, TheStreamGoesOnAsIfNothingHadHappened) {
  HashEdge edge;
  edge.producers[0]->Send({1});
  edge.producers[0]->SendBarrier(), edge.producers[1]->SendBarrier();
  edge.producers[0]->Send({2});
  edge.consumer->Look();
  for (int element = 0; element < 4; ++element) edge.consumer->Consume();
  EXPECT_EQ(edge.consumer->consumed(), (Rows{1, 2}));
}

}  // namespace
}  // namespace weir::contracts
