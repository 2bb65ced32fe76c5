// A small job whose snapshots are unaligned, for the sketch of that name: senders, each a chain of
// two operators, a hash edge, and receivers whose state is what they have consumed.
//
// A sender is given seeds. `spread` makes many numbers of each (so there is overflow), `draw` a row
// of each number, some longer than a frame. A snapshot holds how many seeds each sender took, what
// its chain and its partition held, what each receiver had consumed and what was in its channels.
// Threads: one caller at a time; everything happens inside the calls.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/contracts/in_flight.h"
#include "tests/contracts/stage.h"
#include "weir/exchange/input_gate.h"
#include "weir/exchange/test_wire.h"
#include "weir/record/batch_codec.h"

namespace weir::contracts {

struct Drawn {
  int64_t number = 0;
  std::string text;
};
WEIR_RECORD(Drawn, number, text);

inline constexpr int64_t kNumbersOfSeed = 1500;
inline constexpr int64_t kSeedsOfSender = 1'000'000;  // sender 2 has the seeds from 2'000'000 on
inline constexpr size_t kLongText = 80'000;           // longer than two frames

inline int64_t KeyOf(int64_t number) { return number % 13; }
inline int64_t SenderOf(int64_t number) { return number / kNumbersOfSeed / kSeedsOfSender; }
inline uint64_t HashOf(int64_t key) { return TypeTraits<int64_t>::Hash(0, key); }
inline base::SubtaskIndex OwnerOfKey(int64_t key, uint32_t parallelism) {
  return base::OwnerOf(base::KeyGroupOf(HashOf(key), kKeyGroups), parallelism, kKeyGroups);
}

using Runs = std::vector<std::string>;  // encoded rows

inline void EncodeRest(const record::AnyBatch& batch, uint32_t begin, Runs& runs) {
  base::ByteWriter out;
  ASSERT_EQ(record::EncodeRows(batch, begin, SIZE_MAX, out), batch.size());
  runs.push_back(out.Take());
}
inline record::BatchPtr DecodeRun(const std::string& run, const record::TypeOps& type) {
  auto batch = std::make_unique<record::AnyBatch>(type);
  base::ByteReader in(run);
  EXPECT_TRUE(record::DecodeRows(in, *batch).ok());
  return batch;
}

inline record::Barrier UnalignedBarrier() {
  return {.checkpoint = base::CheckpointId(1), .mode = record::CheckpointMode::kUnaligned};
}

/// Makes kNumbersOfSeed numbers of each seed.
class Spread final : public runtime::Operator {
 public:
  Status Open(const runtime::OperatorContext&) override { return {}; }
  Status Start() override { return {}; }
  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    while (input.cursor < input.batch.size()) {
      const int64_t seed = input.batch.Rows<int64_t>()[input.cursor++];
      for (int64_t i = 0; i < kNumbersOfSeed; ++i) {
        record::AnyBatch* open = &output.OpenBatch(base::PortIndex(0));
        if (open->full()) open = &output.NextBatch(base::PortIndex(0));
        open->Rows<int64_t>()[open->size()] = seed * kNumbersOfSeed + i;
        open->set_size(open->size() + 1);
      }
      if (output.MustDrain()) return runtime::Outcome::kMoreOutput;
    }
    return runtime::Outcome::kNeedInput;
  }
};

/// Makes a row of each number, with the hash of its key; many in what stands for one user call.
class Draw final : public runtime::Operator {
 public:
  Status Open(const runtime::OperatorContext&) override { return {}; }
  Status Start() override { return {}; }
  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    while (input.cursor < input.batch.size()) {
      for (int i = 0; i < 700 && input.cursor < input.batch.size(); ++i) {
        Put(input.batch.Rows<int64_t>()[input.cursor++], output);
      }
      if (output.MustDrain()) return runtime::Outcome::kMoreOutput;
    }
    return runtime::Outcome::kNeedInput;
  }

 private:
  static void Put(int64_t number, runtime::Output& output) {
    record::AnyBatch* open = &output.OpenBatch(base::PortIndex(0));
    if (open->full()) open = &output.NextBatch(base::PortIndex(0));
    if (open->hashes() == nullptr) open->AddHashes();
    Drawn& row = open->Rows<Drawn>()[open->size()];
    row.number = number;
    row.text.assign(number % 311 == 0 ? kLongText : 2, 'x');
    open->hashes()[open->size()] = HashOf(KeyOf(number));
    open->add_heap_bytes(row.text.size());
    open->set_size(open->size() + 1);
  }
};

/// What a snapshot holds of a sender.
struct SentState {
  struct Segment {
    uint32_t op;
    base::PortIndex port;
    Runs runs;
  };
  size_t seeds_taken = 0;
  std::vector<Segment> held;  // in front of an operator
  checkpoint::PackRef sent;   // rows of the edge that had not left
};

/// What snapshots met, so that a test can say that it saw it.
struct Met {
  int spread_inputs = 0, draw_inputs = 0, whole_batches = 0, unsent_batches = 0, begun_batches = 0,
      controls = 0;
};

class Sender {
 public:
  Sender(std::vector<std::unique_ptr<exchange::ChannelWriter>> writers, env::Chaos& chaos) {
    std::vector<runtime::ChainDriver::Node> nodes;
    nodes.push_back({"spread", std::make_unique<Spread>(), {&TypeOpsOf<int64_t>()}});
    nodes.push_back({"draw", std::make_unique<Draw>(), {&TypeOpsOf<Drawn>()}});
    std::vector<runtime::OutEdge> edges;
    edges.push_back(
        {.from_operator = 1,
         .from_port = base::PortIndex(0),
         .partition = std::make_unique<exchange::ResultPartition>(
             exchange::ResultPartition::Options{.type = TypeOpsOf<Drawn>(),
                                                .partitioning = exchange::Partitioning::kHash,
                                                .max_parallelism = kKeyGroups,
                                                .chaos = chaos},
             std::move(writers))});
    driver_ = std::make_unique<runtime::ChainDriver>(std::vector<const record::TypeOps*>(),
                                                     std::move(nodes), std::move(edges));
  }

  void Give(std::vector<int64_t> seeds) { seeds_.insert(seeds_.end(), seeds.begin(), seeds.end()); }
  const std::vector<int64_t>& seeds() const { return seeds_; }
  /// What a snapshot held in front of its operators comes before all seeds.
  void GiveHeld(const SentState& state) {
    held_.insert(held_.end(), state.held.begin(), state.held.end());
  }

  /// Goes on until blocked or a batch, a control element or a flush is done; false when nothing is
  /// left to do.
  bool Step() {
    const auto drive = driver_->Run();
    EXPECT_TRUE(drive.ok());
    driver_->TakeConsumed();
    if (*drive == runtime::ChainDriver::Drive::kBlocked) return true;
    if (!held_.empty()) {
      FeedHeld();
    } else if (taken_ < seeds_.size()) {
      FeedSeeds();
    } else {
      EXPECT_TRUE(driver_->Flush().ok());
      return driver_->HasOpenRows();
    }
    return true;
  }

  SentState Snapshot(Met& met) {
    SentState state{.seeds_taken = taken_, .held = {}, .sent = {}};
    InFlight sent(TypeOpsOf<Drawn>());
    EXPECT_TRUE(held_.empty());  // the first barrier waits behind what was restored
    EXPECT_TRUE(driver_
                    ->Overtake(UnalignedBarrier(),
                               [&](uint32_t edge, const exchange::Overtaken& it) {
                                 EXPECT_EQ(edge, 0u);
                                 met.controls += it.control != nullptr;
                                 if (it.rows == nullptr) return;  // watermarks are not stored
                                 met.unsent_batches += !it.destination.has_value();
                                 met.begun_batches += it.destination.has_value() && it.begin > 0;
                                 sent.Add(*it.rows, it.begin);
                               })
                    .ok());
    driver_->ForEachHeld([&](const runtime::Held& it) {
      if (it.edge.has_value()) {
        ++met.whole_batches;
        sent.Add(it.rows, it.begin);
        return;
      }
      ++(it.op == 0 ? met.spread_inputs : met.draw_inputs);
      state.held.push_back({it.op, it.port, {}});
      EncodeRest(it.rows, it.begin, state.held.back().runs);
    });
    state.sent = sent.MakePack("sent 0");
    return state;
  }

 private:
  void FeedHeld() {
    SentState::Segment& next = held_.front();
    driver_->FeedHeld(next.op, next.port, DecodeRun(next.runs.front(), TypeOpsOf<int64_t>()));
    next.runs.erase(next.runs.begin());
    if (next.runs.empty()) held_.pop_front();
  }
  void FeedSeeds() {
    if (++fed_ % 3 == 0) return driver_->StartControl(record::Watermark{.time = fed_});
    const size_t count = std::min<size_t>(2, seeds_.size() - taken_);
    driver_->Feed(
        base::PortIndex(0),
        BatchOf(std::vector<int64_t>(seeds_.begin() + static_cast<ptrdiff_t>(taken_),
                                     seeds_.begin() + static_cast<ptrdiff_t>(taken_ + count))));
    taken_ += count;
  }

  std::unique_ptr<runtime::ChainDriver> driver_;
  std::deque<SentState::Segment> held_;
  std::vector<int64_t> seeds_;
  size_t taken_ = 0;
  int64_t fed_ = 0;
};

using Numbers = std::vector<int64_t>;

/// A subtask whose state are the numbers that it has consumed. It freezes at the first barrier that
/// waits anywhere; what each channel holds in front of its barrier joins the snapshot.
class Receiver {
 public:
  explicit Receiver(std::vector<exchange::InputGate::Input> inputs)
      : gate_(std::move(inputs)), barriers_(gate_.channel_count(), 0) {
    complete_.assign(gate_.channel_count(), false);
  }

  /// State, and what had been overtaken in front of it.
  void Restore(int64_t number) { consumed_.push_back(number); }

  /// Looks for barriers that wait.
  void Look() {
    for (uint32_t i = 0; i < gate_.channel_count(); ++i) {
      const base::ChannelIndex channel(i);
      if (complete_[i] || !gate_.barrier_waits(channel)) continue;
      if (!frozen_) frozen_ = consumed_;
      bool behind = false;
      const auto overtake = [&](const record::StreamElement& element) {
        behind = behind || std::holds_alternative<record::Barrier>(element);
        const auto* batch = std::get_if<record::BatchPtr>(&element);
        if (batch != nullptr && !behind) arrived_.Add(**batch, 0);
      };
      ASSERT_TRUE(gate_.ForEachQueued(channel, overtake).ok());
      complete_[i] = true;
    }
  }

  /// Consumes one element, as if no checkpoint were under way; false when there is none.
  bool Consume() {
    StatusOr<std::optional<exchange::GateElement>> element = gate_.Next();
    EXPECT_TRUE(element.ok());
    if (!element->has_value()) return false;
    const base::ChannelIndex channel = (**element).channel;
    if (std::holds_alternative<record::Barrier>((**element).element)) {
      EXPECT_TRUE(complete_[channel.number()]);  // it was seen while it waited
      EXPECT_EQ(++barriers_[channel.number()], 1);
    }
    auto* batch = std::get_if<record::BatchPtr>(&(**element).element);
    if (batch == nullptr) return true;
    if (frozen_ && !complete_[channel.number()]) arrived_.Add(**batch, 0);
    const Drawn* const rows = (*batch)->Rows<Drawn>();
    for (uint32_t row = 0; row < (*batch)->size(); ++row) {
      EXPECT_EQ(rows[row].text.size(), rows[row].number % 311 == 0 ? kLongText : 2);
      consumed_.push_back(rows[row].number);
    }
    gate_.Recycle(channel, std::move(*batch));
    return true;
  }

  bool complete() const { return std::ranges::count(complete_, false) == 0; }
  const Numbers& frozen() const { return *frozen_; }
  const InFlight& arrived() const { return arrived_; }
  const Numbers& consumed() const { return consumed_; }
  const std::vector<int>& barriers() const { return barriers_; }  // consumed, of each channel

 private:
  exchange::InputGate gate_;
  std::vector<bool> complete_;
  std::vector<int> barriers_;
  Numbers consumed_;
  std::optional<Numbers> frozen_;
  InFlight arrived_{TypeOpsOf<Drawn>()};
};

enum class Between : uint8_t { kThreads, kProcesses };

struct JobSnapshot {
  std::vector<SentState> senders;
  std::vector<int64_t> seeds_left;
  std::vector<Numbers> frozen;  // of each receiver
  std::vector<InFlight> arrived;
};

class UnalignedJob {
 public:
  UnalignedJob(uint32_t senders, uint32_t receivers, Between between,
               exchange::TestChaos chaos = {})
      : chaos_(std::move(chaos)) {
    std::vector<std::vector<exchange::InputGate::Input>> inputs(receivers);
    for (uint32_t from = 0; from < senders; ++from) {
      std::vector<std::unique_ptr<exchange::ChannelWriter>> writers;
      for (uint32_t to = 0; to < receivers; ++to) {
        inputs[to].push_back({.reader = Connect(between, writers), .port = {}});
      }
      senders_.push_back(std::make_unique<Sender>(std::move(writers), chaos_));
    }
    for (auto& input : inputs) receivers_.push_back(std::make_unique<Receiver>(std::move(input)));
  }
  ~UnalignedJob() { senders_.clear(), receivers_.clear(); }

  /// A job of that parallelism that begins where the snapshot was taken.
  static std::unique_ptr<UnalignedJob> Restored(const JobSnapshot& snapshot, uint32_t parallelism,
                                                Between between) {
    auto job = std::make_unique<UnalignedJob>(parallelism, parallelism, between);
    const auto restore = [&](int64_t number) {
      job->receiver(OwnerOfKey(KeyOf(number), parallelism).number()).Restore(number);
    };
    for (const Numbers& numbers : snapshot.frozen) std::ranges::for_each(numbers, restore);
    for (uint32_t to = 0; to < parallelism; ++to) {
      const auto restore_pack = [&](const checkpoint::PackRef& pack) {
        InFlight::Read<Drawn>(pack,
                              base::KeyGroupsOf(base::SubtaskIndex(to), parallelism, kKeyGroups),
                              [&](const Drawn& row) { job->receiver(to).Restore(row.number); });
      };
      for (const InFlight& rows : snapshot.arrived) restore_pack(rows.MakePack("arrived 0"));
      for (const SentState& state : snapshot.senders) restore_pack(state.sent);
    }
    for (size_t from = 0; from < snapshot.senders.size(); ++from) {
      job->sender(from % parallelism).GiveHeld(snapshot.senders[from]);
    }
    for (const int64_t seed : snapshot.seeds_left) {
      job->sender(static_cast<size_t>(seed / kSeedsOfSender) % parallelism).Give({seed});
    }
    return job;
  }

  Sender& sender(size_t index) { return *senders_[index]; }
  Receiver& receiver(size_t index) { return *receivers_[index]; }
  size_t senders() const { return senders_.size(); }
  size_t receivers() const { return receivers_.size(); }

  /// Moves what lies between the ends: `frames` frames of each channel, and all credit.
  void Carry(size_t frames) {
    for (auto& wire : wires_) wire->CarryDown(frames), wire->CarryUp();
  }

  void RunToTheEnd() {
    for (bool left = true; left;) {
      left = false;
      for (auto& sender : senders_) left |= sender->Step();
      Carry(SIZE_MAX);
      for (auto& receiver : receivers_) {
        receiver->Look();
        while (receiver->Consume()) receiver->Look(), left = true;
      }
    }
  }

  /// What the receivers froze, when all of them are complete, beside what the senders did.
  JobSnapshot Snapshot(std::vector<SentState> sent) const {
    JobSnapshot snapshot{.senders = std::move(sent), .seeds_left = {}, .frozen = {}, .arrived = {}};
    for (size_t from = 0; from < senders_.size(); ++from) {
      const std::vector<int64_t>& seeds = senders_[from]->seeds();
      snapshot.seeds_left.insert(
          snapshot.seeds_left.end(),
          seeds.begin() + static_cast<ptrdiff_t>(snapshot.senders[from].seeds_taken), seeds.end());
    }
    for (const auto& receiver : receivers_) {
      EXPECT_TRUE(receiver->complete());
      snapshot.frozen.push_back(receiver->frozen());
      snapshot.arrived.push_back(receiver->arrived());
    }
    return snapshot;
  }

  /// Every number of `seeds` was consumed once, where its key lives, and those of one sender and
  /// key in the order in which they were made.
  void ExpectEachNumberOnce(const std::vector<int64_t>& seeds) const {
    Numbers all, expected;
    for (uint32_t to = 0; to < receivers_.size(); ++to) {
      std::map<std::pair<int64_t, int64_t>, int64_t> last;
      for (const int64_t number : receivers_[to]->consumed()) {
        const auto parallelism = static_cast<uint32_t>(receivers_.size());
        ASSERT_EQ(OwnerOfKey(KeyOf(number), parallelism).number(), to);
        auto [before, first] = last.try_emplace({SenderOf(number), KeyOf(number)}, -1);
        ASSERT_LT(before->second, number);
        before->second = number;
        all.push_back(number);
      }
    }
    for (const int64_t seed : seeds) {
      for (int64_t i = 0; i < kNumbersOfSeed; ++i) expected.push_back(seed * kNumbersOfSeed + i);
    }
    std::ranges::sort(all), std::ranges::sort(expected);
    ASSERT_EQ(all.size(), expected.size());
    ASSERT_TRUE(all == expected);
  }

 private:
  std::unique_ptr<exchange::ChannelReader> Connect(
      Between between, std::vector<std::unique_ptr<exchange::ChannelWriter>>& writers) {
    if (between == Between::kThreads) {
      exchange::LocalChannel channel = exchange::MakeLocalChannel(TypeOpsOf<Drawn>(), chaos_);
      writers.push_back(std::move(channel.writer));
      return std::move(channel.reader);
    }
    wires_.push_back(std::make_unique<exchange::TestWire>(TypeOpsOf<Drawn>(), chaos_));
    writers.push_back(std::move(wires_.back()->writer));
    return std::move(wires_.back()->reader);
  }

  exchange::TestChaos chaos_;
  std::vector<std::unique_ptr<exchange::TestWire>> wires_;  // outlive the ends
  std::vector<std::unique_ptr<Sender>> senders_;
  std::vector<std::unique_ptr<Receiver>> receivers_;
};

}  // namespace weir::contracts
