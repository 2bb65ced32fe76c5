// Stage: one operator as a job runs it, for the sketches of this folder: behind it the chain driver
// and a channel for each output port, around it what a checkpoint would hold.
//
// Errors of the contract fail the test on the spot; those that a sketch means to see come back.
// Threads: one caller at a time; everything happens inside the calls.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/base/hash.h"
#include "weir/exchange/local_channel.h"
#include "weir/exchange/test_chaos.h"
#include "weir/record/typed_ops.h"
#include "weir/runtime/chain_driver.h"
#include "weir/state/keyed_backend.h"

namespace weir::contracts {

inline constexpr uint32_t kKeyGroups = 128;

/// What a checkpoint holds of one operator in one subtask.
struct Frozen {
  struct Piece {
    std::string state;
    std::string bytes;
  };
  std::vector<Piece> chunks;  // of keyed state
  std::vector<Piece> items;   // of operator lists
  base::KeyGroupRange key_groups;
  Timestamp watermark = kMinTimestamp;  // for these key groups
};

/// Where an operator runs that is subtask `subtask` of `parallelism`.
inline runtime::OperatorContext ContextOf(const std::string& uid, uint32_t subtask,
                                          uint32_t parallelism) {
  const base::SubtaskIndex index(subtask);
  return {.uid = uid,
          .subtask = index,
          .parallelism = parallelism,
          .max_parallelism = kKeyGroups,
          .key_groups = base::KeyGroupsOf(index, parallelism, kKeyGroups),
          .mailbox = nullptr};
}

/// The options of an operator's keyed state; K is its key.
template <class K>
state::KeyedBackend::Options BackendOptionsOf(const runtime::OperatorContext& context) {
  return {.uid = context.uid,
          .groups = context.key_groups,
          .max_parallelism = context.max_parallelism,
          .hash_seed = context.hash_seed,
          .key = state::KeyOpsOf<K>()};
}

/// A batch of C++ records; timestamps and kinds only where they are given.
template <class T>
record::BatchPtr BatchOf(const std::vector<T>& rows, const std::vector<Timestamp>& timestamps = {},
                         const std::vector<record::RowKind>& kinds = {}) {
  auto batch = std::make_unique<record::AnyBatch>(TypeOpsOf<T>());
  std::copy(rows.begin(), rows.end(), batch->template Rows<T>());
  batch->set_size(static_cast<uint32_t>(rows.size()));
  if (!timestamps.empty()) {
    std::copy(timestamps.begin(), timestamps.end(), batch->AddTimestamps());
  }
  if (!kinds.empty()) std::copy(kinds.begin(), kinds.end(), batch->AddKinds());
  return batch;
}

class Stage {
 public:
  Stage(std::unique_ptr<runtime::Operator> op, std::vector<const record::TypeOps*> output_types,
        const runtime::OperatorContext& context)
      : context_(context) {
    std::vector<runtime::OutEdge> edges;
    for (uint32_t port = 0; port < output_types.size(); ++port) {
      exchange::LocalChannel channel = exchange::MakeLocalChannel(*output_types[port], chaos_);
      readers_.push_back(std::move(channel.reader));
      std::vector<std::unique_ptr<exchange::ChannelWriter>> writers;
      writers.push_back(std::move(channel.writer));
      edges.push_back(
          {.from_port = base::PortIndex(port),
           .partition = std::make_unique<exchange::ResultPartition>(
               exchange::ResultPartition::Options{.type = *output_types[port], .chaos = chaos_},
               std::move(writers))});
    }
    std::vector<runtime::ChainDriver::Node> nodes;
    nodes.push_back({context_.uid, std::move(op), std::move(output_types)});
    pictures_.resize(readers_.size());
    driver_ = std::make_unique<runtime::ChainDriver>(std::vector<const record::TypeOps*>(),
                                                     std::move(nodes), std::move(edges));
  }

  /// Open, what `parts` hold, Start.
  Status Begin(const std::vector<Frozen>& parts = {}) {
    runtime::Operator& op = driver_->op(0);
    WEIR_RETURN_IF_ERROR(op.Open(context_));
    for (const Frozen& part : parts) {
      for (const Frozen::Piece& chunk : part.chunks) {
        WEIR_RETURN_IF_ERROR(op.keyed_state()->RestoreChunk(chunk.state, chunk.bytes).status());
      }
      for (const Frozen::Piece& item : part.items) {
        WEIR_RETURN_IF_ERROR(op.RestoreItem(item.state, item.bytes));
      }
      const base::KeyGroupRange ours = context_.key_groups;
      if (part.key_groups.Overlaps(ours))
        op.RestoreWatermark(
            {std::max(part.key_groups.first, ours.first), std::min(part.key_groups.end, ours.end)},
            part.watermark);
    }
    return op.Start();
  }

  Status Feed(uint32_t port, record::BatchPtr batch) {
    driver_->Feed(base::PortIndex(port), std::move(batch));
    WEIR_RETURN_IF_ERROR(Run());
    EXPECT_NE(driver_->TakeConsumed(), nullptr);
    return {};
  }

  Status Control(const record::ControlElement& element) {
    driver_->StartControl(element);
    return Run();
  }

  /// Fires timers of processing time that are due.
  Status Advance(int64_t now_unix_ms) {
    driver_->StartTimers(now_unix_ms);
    return Run();
  }

  /// A snapshot between two batches, encoded to its end.
  Frozen Snapshot(uint64_t checkpoint) {
    runtime::Operator& op = driver_->op(0);
    Recorder recorder(base::CheckpointId(checkpoint), op.keyed_state());
    recorder.frozen.key_groups = context_.key_groups;
    recorder.frozen.watermark = driver_->watermark(0);
    EXPECT_TRUE(op.Snapshot(recorder).ok());
    if (op.keyed_state() != nullptr) {
      EXPECT_TRUE(op.keyed_state()->BeginSnapshot(recorder.checkpoint(), recorder).ok());
      while (!op.keyed_state()->EncodeSome(64 << 10)) {
      }
    }
    return std::move(recorder.frozen);
  }

  /// What left through `port` since the last call: rows as JSON with their kinds, batches joined.
  std::string Taken(uint32_t port) {
    Drain();
    return std::exchange(pictures_[port], {});
  }

 private:
  class Recorder final : public runtime::SnapshotContext, public state::SnapshotSink {
   public:
    Recorder(base::CheckpointId checkpoint, const state::KeyedBackend* backend)
        : checkpoint_(checkpoint), backend_(backend) {}
    base::CheckpointId checkpoint() const override { return checkpoint_; }
    void AddItem(std::string_view state, state::Redistribution, std::string item) override {
      frozen.items.push_back({std::string(state), std::move(item)});
    }
    void AddCommittable(runtime::Committable) override { ADD_FAILURE() << "no sink"; }
    void Defer(base::UniqueFunction<Status()> job) override { EXPECT_TRUE(job().ok()); }
    base::UniqueFunction<void(Status)> Hold() override {
      return [](const Status&) {};
    }
    void Add(state::SnapshotChunk chunk) override {
      frozen.chunks.push_back(
          {backend_->states().states[chunk.state].name, std::move(chunk.bytes)});
    }
    Frozen frozen;

   private:
    const base::CheckpointId checkpoint_;
    const state::KeyedBackend* backend_;
  };

  // Until nothing is left to do; the reader of the channels is as quick as the driver.
  Status Run() {
    for (;;) {
      WEIR_ASSIGN_OR_RETURN(const runtime::ChainDriver::Drive drive, driver_->Run());
      WEIR_RETURN_IF_ERROR(driver_->Flush());
      Drain();
      if (drive == runtime::ChainDriver::Drive::kDrained) return driver_->Flush();
    }
  }

  void Drain() {
    for (size_t port = 0; port < readers_.size(); ++port) {
      while (auto element = readers_[port]->Poll()) {
        if (auto* batch = std::get_if<record::BatchPtr>(&*element)) {
          Draw(**batch, pictures_[port]);
          readers_[port]->Recycle(std::move(*batch));
        } else if (const auto* watermark = std::get_if<record::Watermark>(&*element)) {
          pictures_[port] += "W" + std::to_string(watermark->time) + " ";
        }
      }
    }
  }

  static void Draw(const record::AnyBatch& batch, std::string& picture) {
    static constexpr const char* kNames[] = {"+", "-U", "+U", "-"};
    for (uint32_t row = 0; row < batch.size(); ++row) {
      picture += batch.kinds() == nullptr ? "+" : kNames[static_cast<int>(batch.kinds()[row])];
      batch.type().AppendJson(batch, row, picture);
      picture += ' ';
    }
  }

  runtime::OperatorContext context_;
  exchange::TestChaos chaos_;
  std::vector<std::unique_ptr<exchange::ChannelReader>> readers_;
  std::vector<std::string> pictures_;
  std::unique_ptr<runtime::ChainDriver> driver_;
};

}  // namespace weir::contracts
