#include "weir/exchange/result_partition.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "weir/exchange/control_element.h"
#include "weir/exchange/local_channel.h"
#include "weir/exchange/test_chaos.h"
#include "weir/exchange/test_wire.h"
#include "weir/record/typed_ops.h"

namespace weir::exchange {
namespace {

using record::AnyBatch;
using record::BatchPtr;
using record::ControlElement;
using record::StreamElement;

constexpr uint32_t kKeyGroups = 8;

record::Barrier Overtaking(uint64_t checkpoint) {
  return {.checkpoint = base::CheckpointId(checkpoint), .mode = record::CheckpointMode::kUnaligned};
}

// The record 35 has a key of group 3, so with 8 groups it goes to subtask 3 of 8, 0 of 2.
uint64_t HashOf(int64_t value) { return static_cast<uint64_t>(value / 10 % kKeyGroups) << 61 | 17; }

std::string RowsOf(const AnyBatch& batch, uint32_t begin) {
  std::string rows;
  for (uint32_t i = begin; i < batch.size(); ++i) {
    rows += (i == begin ? "" : ".") + std::to_string(batch.Rows<int64_t>()[i]);
  }
  return rows;
}

std::string Picture(const StreamElement& element) {
  if (const auto* batch = std::get_if<BatchPtr>(&element)) return RowsOf(**batch, 0);
  if (const auto* barrier = std::get_if<record::Barrier>(&element)) {
    return Concat("B", barrier->checkpoint);
  }
  if (const auto* watermark = std::get_if<record::Watermark>(&element)) {
    return "W" + std::to_string(watermark->time);
  }
  return "?";
}

// A partition over local channels, played from a script.
//   "1.2.35" Send of a batch with these records · "W5" SendControl of a watermark · "!" Flush ·
//   "B1" Overtake, which says what it shows: "(0:1.2 0:W5 *:75.3)" · "<0" destination 0 takes
//   everything that waits · "<" all do
// Each call that is blocked is answered "~" and is made again by the script. After the script all
// channels are drained and the answer is what each destination got: "1.2 W5 | 35 W5".
class Script {
 public:
  Script(Partitioning partitioning, uint32_t destinations, TestChaos chaos = {})
      : chaos_(std::move(chaos)), got_(destinations) {
    std::vector<std::unique_ptr<ChannelWriter>> writers;
    for (uint32_t i = 0; i < destinations; ++i) {
      LocalChannel channel = MakeLocalChannel(TypeOpsOf<int64_t>(), chaos_);
      writers.push_back(std::move(channel.writer));
      readers_.push_back(std::move(channel.reader));
    }
    partition_ =
        std::make_unique<ResultPartition>(ResultPartition::Options{.type = TypeOpsOf<int64_t>(),
                                                                   .partitioning = partitioning,
                                                                   .max_parallelism = kKeyGroups,
                                                                   .producer = {},
                                                                   .chaos = chaos_},
                                          std::move(writers));
  }

  std::string Play(const std::string& script) {
    std::istringstream in(script);
    for (std::string word; in >> word;) {
      if (word == "<") {
        for (size_t i = 0; i < readers_.size(); ++i) Drain(i);
      } else if (word[0] == '<') {
        Drain(std::stoul(word.substr(1)));
      } else if (Call(word) == SendResult::kBlocked) {
        said_ += "~";
      }
    }
    for (size_t i = 0; i < readers_.size(); ++i) Drain(i);
    std::string out = said_ + (said_.empty() ? "" : " ");
    for (size_t i = 0; i < got_.size(); ++i) out += (i == 0 ? "" : " | ") + got_[i];
    return out;
  }

 private:
  SendResult Call(const std::string& word) {
    if (word == "!") return partition_->Flush();
    if (word[0] == 'B') return Overtake(std::stoull(word.substr(1)));
    if (word[0] == 'W') {
      return partition_->SendControl(record::Watermark{.time = std::stoll(word.substr(1))});
    }
    if (input_.empty()) Fill(word);  // else it is the batch that was blocked
    const SendResult result = partition_->Send(input_);
    EXPECT_EQ(input_.empty(), result == SendResult::kSent);
    return result;
  }

  SendResult Overtake(uint64_t checkpoint) {
    std::string shown;
    const SendResult sent = partition_->Overtake(Overtaking(checkpoint), [&](const Overtaken& it) {
      shown += shown.empty() ? "" : " ";
      shown += it.destination.has_value() ? Concat(*it.destination) : "*";
      shown +=
          ":" + (it.rows == nullptr ? Picture(ElementOf(*it.control)) : RowsOf(*it.rows, it.begin));
    });
    said_ += "(" + shown + ")";
    return sent;
  }

  void Fill(const std::string& rows) {
    std::istringstream in(rows);
    uint32_t size = 0;
    for (std::string row; std::getline(in, row, '.'); ++size) {
      input_.Rows<int64_t>()[size] = std::stoll(row);
    }
    input_.set_size(size);
    uint64_t* const hashes = input_.AddHashes();
    for (uint32_t i = 0; i < size; ++i) hashes[i] = HashOf(input_.Rows<int64_t>()[i]);
  }

  void Drain(size_t index) {
    while (auto element = readers_[index]->Poll()) {
      got_[index] += (got_[index].empty() ? "" : " ") + Picture(*element);
      if (auto* batch = std::get_if<BatchPtr>(&*element)) {
        readers_[index]->Recycle(std::move(*batch));
      }
    }
  }

  TestChaos chaos_;
  std::vector<std::unique_ptr<ChannelReader>> readers_;
  std::unique_ptr<ResultPartition> partition_;
  AnyBatch input_{TypeOpsOf<int64_t>()};
  std::vector<std::string> got_;
  std::string said_;
};

// Elements but barriers that a channel within a process takes.
constexpr uint32_t kOthersMax = limits::kChannelElements - limits::kChannelBarriersMax;

std::string Play(Partitioning partitioning, uint32_t destinations, const std::string& script,
                 TestChaos chaos = {}) {
  return Script(partitioning, destinations, std::move(chaos)).Play(script);
}

TEST(ResultPartition, ForwardKeepsRowsInOneOpenBatchUntilFlushed) {
  EXPECT_EQ(Play(Partitioning::kForward, 1, "1.2 3"), "");
  EXPECT_EQ(Play(Partitioning::kForward, 1, "1.2 3 !"), "1.2.3");
  EXPECT_EQ(Play(Partitioning::kForward, 1, "1.2 3 ! ! 4 !"), "1.2.3 4");
}
TEST(ResultPartition, HashGoesByKeyGroup) {
  EXPECT_EQ(Play(Partitioning::kHash, 2, "5.75.6.35.45 !"), "5.6.35 | 75.45");
  EXPECT_EQ(Play(Partitioning::kHash, 8, "5.75.15 !"), "5 | 15 |  |  |  |  |  | 75");
  EXPECT_EQ(Play(Partitioning::kHash, 1, "5.75.6 !"), "5.75.6");
}
TEST(ResultPartition, RebalanceGoesByBatch) {
  EXPECT_EQ(Play(Partitioning::kRebalance, 3, "1.2 3 4.5 6 !"), "1.2.6 | 3 | 4.5");
}
TEST(ResultPartition, BroadcastGoesToAll) {
  EXPECT_EQ(Play(Partitioning::kBroadcast, 3, "1.2 3 !"), "1.2.3 | 1.2.3 | 1.2.3");
}
TEST(ResultPartition, GlobalGoesToTheFirst) {
  EXPECT_EQ(Play(Partitioning::kGlobal, 2, "1.2 W1 3 !"), "1.2 W1 3 | W1");
}
TEST(ResultPartition, ControlComesBehindTheRowsGivenBefore) {
  EXPECT_EQ(Play(Partitioning::kHash, 2, "1.75 W5 2 W6 3 !"), "1 W5 2 W6 3 | 75 W5 W6");
}
TEST(ResultPartition, ABlockedFlushGoesOn) {
  std::string controls;
  for (uint32_t i = 0; i < kOthersMax; ++i) controls += Concat("W", i, " ");
  EXPECT_EQ(Play(Partitioning::kForward, 1, controls + "1 ! ! < !"), "~~ " + controls + "1");
}
TEST(ResultPartition, ASendWithoutABatchToFillGoesOn) {
  EXPECT_EQ(Play(Partitioning::kForward, 1, "1 ! 2 2 < 2 !", {"exchange-one-batch"}), "~~ 1 2");
}
TEST(ResultPartition, ABlockedScatterGoesOnAtItsRow) {
  // 2 has no batch to go to; 75 and 76 must not overtake it, nor 1 be sent again.
  EXPECT_EQ(Play(Partitioning::kHash, 2, "1 ! 75.2.76.3 75.2.76.3 <0 75.2.76.3 !",
                 {"exchange-one-batch"}),
            "~~ 1 2.3 | 75.76");
}
TEST(ResultPartition, ABlockedBroadcastGivesEachDestinationTheRowsOnce) {
  EXPECT_EQ(Play(Partitioning::kBroadcast, 2, "1 ! <0 2 2 <1 2 !", {"exchange-one-batch"}),
            "~~ 1 2 | 1 2");
}
TEST(ResultPartition, ABlockedRebalanceKeepsItsTurn) {
  EXPECT_EQ(Play(Partitioning::kRebalance, 2, "1 2 ! 3 3 <0 3 <1 4 !", {"exchange-one-batch"}),
            "~~ 1 3 | 2 4");
}
TEST(ResultPartition, ControlPassesTheDestinationsThatAreFull) {
  // Destination 1 takes none after the 12th, yet gets each once in the end.
  std::string script, all;
  for (int i = 0; i < 13; ++i) script += " <0 W" + std::to_string(i);
  script += " W12 <1 W12";
  for (int i = 0; i < 13; ++i) all += (i == 0 ? "W" : " W") + std::to_string(i);
  EXPECT_EQ(Play(Partitioning::kHash, 2, script), "~~ " + all + " | " + all);
}
TEST(ResultPartition, AnEarlyFlushOnlyMakesSmallerBatches) {
  EXPECT_EQ(Play(Partitioning::kHash, 2, "1.75 2 W1", {"exchange-early-flush"}), "1 2 W1 | 75 W1");
}

TEST(ResultPartition, ABarrierOvertakesOpenRows) {
  EXPECT_EQ(Play(Partitioning::kForward, 1, "1 ! 2.3 B1 4 !"), "(0:2.3) 1 B1 2.3.4");
  EXPECT_EQ(Play(Partitioning::kHash, 2, "1.75 B1 2 !"), "(0:1 1:75) B1 1.2 | B1 75");
  EXPECT_EQ(Play(Partitioning::kBroadcast, 2, "1 B1 !"), "(0:1 1:1) B1 1 | B1 1");
  EXPECT_EQ(Play(Partitioning::kGlobal, 2, "1 B1 !"), "(0:1) B1 1 | B1");
}
TEST(ResultPartition, ABarrierOvertakesTheRestOfABlockedScatter) {
  // 2 has no batch to go to; 75 was put into the open batch of destination 1 before.
  EXPECT_EQ(Play(Partitioning::kHash, 2, "1 ! 75.2.76.3 B1 <0 75.2.76.3 !", {"exchange-one-batch"}),
            "~(1:75 *:2.76.3) 1 B1 2.3 | B1 75.76");
}
TEST(ResultPartition, ABarrierOvertakesTheRestOfABlockedBroadcast) {
  EXPECT_EQ(Play(Partitioning::kBroadcast, 3, "1 ! <0 2 B1 <1 2 B2 <2 2 !", {"exchange-one-batch"}),
            "~(0:2 1:2 2:2)~(0:2 1:2 2:2) 1 B1 B2 2 | 1 B1 B2 2 | 1 B1 B2 2");
}
TEST(ResultPartition, ABarrierOvertakesABatchThatCouldNotBegin) {
  EXPECT_EQ(Play(Partitioning::kRebalance, 2, "1 2 ! 3 B1 <0 3 <1 4 !", {"exchange-one-batch"}),
            "~(0:3) 1 B1 3 | 2 B1 4");
  EXPECT_EQ(Play(Partitioning::kForward, 1, "1 ! 2 B1 < 2 !", {"exchange-one-batch"}),
            "~(0:2) 1 B1 2");
}
TEST(ResultPartition, ABarrierOvertakesAControlElementThatWaits) {
  std::string script, all;
  for (uint32_t i = 0; i < kOthersMax; ++i)
    script += Concat(" <0 W", i), all += Concat("W", i, " ");
  EXPECT_EQ(Play(Partitioning::kHash, 2, script + " 75 W99 B1 <1 W99 7 !"),
            "~(1:75 1:W99) " + all + "W99 B1 7 | " + all + "B1 75 W99");
}
// A channel within a process that takes nothing more, not even barriers.
const std::string kFull = "W0 W1 W2 W3 W4 W5 W6 W7 W8 W9 W10 W11 B1 B2 B3 B4 ";

TEST(ResultPartition, ABarrierFindsRoomWhateverElseWaits) {
  EXPECT_EQ(Play(Partitioning::kForward, 1, kFull),
            "()()()() " + kFull.substr(0, kFull.size() - 1));
}
TEST(ResultPartition, ABarrierWithoutRoomLeavesInFrontOfEverything) {
  const auto play = [](const std::string& script) {
    return Play(Partitioning::kForward, 1, kFull + "7 B5 " + script);
  };
  const std::string shown = "()()()()(0:7)~", before = " " + kFull + "B5 ";
  EXPECT_EQ(play("! < !"), shown + "~" + before + "7");
  EXPECT_EQ(play("8 < !"), shown + before + "7.8");
  EXPECT_EQ(play("< 8 !"), shown + before + "7.8");
  EXPECT_EQ(play("W9 < W9"), shown + "~" + before + "7 W9");
}
TEST(ResultPartition, ABarrierWithoutRoomIsNotForgotten) {
  TestChaos chaos;
  LocalChannel channel = MakeLocalChannel(TypeOpsOf<int64_t>(), chaos);
  std::vector<std::unique_ptr<ChannelWriter>> writers;
  writers.push_back(std::move(channel.writer));
  ResultPartition partition({.type = TypeOpsOf<int64_t>(), .chaos = chaos}, std::move(writers));
  const auto overtake = [&](uint64_t checkpoint) {
    return partition.Overtake(Overtaking(checkpoint), [](const Overtaken&) {});
  };
  for (uint32_t i = 0; i < limits::kChannelElements; ++i) {
    EXPECT_EQ(overtake(1 + i), SendResult::kSent);
  }
  EXPECT_FALSE(partition.HasOpenRows());
  EXPECT_EQ(overtake(99), SendResult::kBlocked);
  EXPECT_TRUE(partition.HasOpenRows());
  EXPECT_TRUE(channel.reader->Poll().has_value());
  EXPECT_EQ(partition.Flush(), SendResult::kSent);
  EXPECT_FALSE(partition.HasOpenRows());
}
TEST(ResultPartition, ABarrierWithoutRoomHoldsASendUpNoLongerThanNeeded) {
  std::string many = "0";
  for (int i = 1; i < 600; ++i) many += "." + std::to_string(i);
  // The open row has to leave before so many others come in; nobody flushes.
  EXPECT_EQ(Play(Partitioning::kForward, 1, kFull + "7 B5 " + many + " < " + many),
            "()()()()(0:7)~~ " + kFull + "B5 7");
}

// Has no room for barriers as long as it is told so, and always for everything else.
class NarrowWriter final : public ChannelWriter {
 public:
  NarrowWriter(const bool& narrow, std::string& sent) : narrow_(narrow), sent_(sent) {}
  SendResult TrySend(StreamElement& element) override {
    sent_ += Picture(element) + " ";
    return SendResult::kSent;
  }
  SendResult TryOvertake(const record::Barrier& barrier) override {
    if (narrow_) return SendResult::kBlocked;
    StreamElement element(barrier);
    return TrySend(element);
  }
  uint32_t rows_sent() const override { return 0; }
  BatchPtr AcquireBatch() override { return std::make_unique<AnyBatch>(TypeOpsOf<int64_t>()); }
  Status status() const override { return {}; }
  void SetWakeTarget(WakeTarget*) override {}

 private:
  const bool& narrow_;
  std::string& sent_;
};

// Between the two tries the reader may have made room.
TEST(ResultPartition, ControlDoesNotPassABarrierThatFoundNoRoom) {
  TestChaos chaos;
  bool narrow = true;
  std::string sent;
  std::vector<std::unique_ptr<ChannelWriter>> writers;
  writers.push_back(std::make_unique<NarrowWriter>(narrow, sent));
  ResultPartition partition({.type = TypeOpsOf<int64_t>(), .chaos = chaos}, std::move(writers));
  EXPECT_EQ(partition.Overtake(Overtaking(1), [](const Overtaken&) {}), SendResult::kBlocked);
  EXPECT_EQ(partition.SendControl(record::Watermark{5}), SendResult::kBlocked);
  narrow = false;
  EXPECT_EQ(partition.SendControl(record::Watermark{5}), SendResult::kSent);
  EXPECT_EQ(sent, "B1 W5 ");
}

TEST(ResultPartition, ANewerBarrierTakesThePlaceOfOneWithoutRoom) {
  EXPECT_EQ(Play(Partitioning::kForward, 1, kFull + "7 B5 B6 < ! 8 !"),
            "()()()()(0:7)~(0:7)~ " + kFull + "B6 7 8");
}

TEST(ResultPartition, LargeBatchesPassWhole) {
  Script script(Partitioning::kHash, 1);
  std::string rows = "0";
  for (int i = 1; i < 600; ++i) rows += "." + std::to_string(i);
  EXPECT_EQ(script.Play(rows + " " + rows + " !"), rows + " " + rows);
}

TEST(RowRouter, NumbersAreTakenModuloTheDestinations) {
  const RowRouter router(Partitioning::kCustom, 3, 128);
  const std::array<uint64_t, 5> numbers = {0, 2, 3, 7, UINT64_MAX};
  std::array<uint16_t, 5> destinations{};
  router.Route(numbers, destinations.data());
  EXPECT_EQ(destinations, (std::array<uint16_t, 5>{0, 2, 0, 1, 0}));
}

TEST(RowRouter, AgreesWithTheOwnersOfKeyGroups) {
  for (const uint32_t groups : {1u, 2u, 256u, 32768u}) {
    for (const uint32_t destinations : {1u, 2u, 3u, 7u, groups}) {
      if (destinations > groups) continue;
      const RowRouter router(Partitioning::kHash, destinations, groups);
      std::mt19937_64 random(groups + destinations);
      std::vector<uint64_t> hashes{0, UINT64_MAX};
      for (int i = 0; i < 200; ++i) hashes.push_back(random());
      std::vector<uint16_t> routes(hashes.size());
      router.Route(hashes, routes.data());
      for (size_t i = 0; i < hashes.size(); ++i) {
        const auto owner = base::OwnerOf(base::KeyGroupOf(hashes[i], groups), destinations, groups);
        EXPECT_EQ(routes[i], owner.number());
      }
    }
  }
}

// --- Random runs: whatever blocks whenever, each destination gets what it should, in order, and a
// barrier overtakes just what is shown ---

struct Row {
  int64_t number = 0;
  std::string text;
};
WEIR_RECORD(Row, number, text);
constexpr size_t kLongerThanAFrame = 100'000;

enum class Between : uint8_t { kThreads, kProcesses };

class RandomRun {
 public:
  RandomRun(uint64_t seed, Between between, Partitioning partitioning, uint32_t destinations)
      : random_(seed),
        partitioning_(partitioning),
        destinations_(destinations),
        router_(partitioning == Partitioning::kCustom ? partitioning : Partitioning::kHash,
                destinations, kKeyGroups),
        chaos_(random_() % 2 == 0 ? TestChaos{"exchange-one-batch"}
                                  : TestChaos{"exchange-early-flush"}) {
    std::vector<std::unique_ptr<ChannelWriter>> writers;
    for (uint32_t i = 0; i < destinations; ++i) {
      if (between == Between::kThreads) {
        LocalChannel channel = MakeLocalChannel(TypeOpsOf<Row>(), chaos_);
        writers.push_back(std::move(channel.writer));
        readers_.push_back(std::move(channel.reader));
      } else {
        wires_.push_back(std::make_unique<TestWire>(TypeOpsOf<Row>(), chaos_));
        writers.push_back(std::move(wires_.back()->writer));
        readers_.push_back(std::move(wires_.back()->reader));
      }
    }
    partition_ =
        std::make_unique<ResultPartition>(ResultPartition::Options{.type = TypeOpsOf<Row>(),
                                                                   .partitioning = partitioning,
                                                                   .max_parallelism = kKeyGroups,
                                                                   .producer = {},
                                                                   .chaos = chaos_},
                                          std::move(writers));
  }
  ~RandomRun() { partition_ = nullptr, readers_.clear(); }

  void Run() {
    AnyBatch batch(TypeOpsOf<Row>());
    for (int round = 0; round < 60; ++round) {
      if (random_() % 4 == 0) {
        const ControlElement control = record::Watermark{.time = round};
        for (Destination& destination : destinations_) {
          destination.expected.push_back(Concat("W", round));
        }
        Insist([&] { return partition_->SendControl(control); });
      } else {
        Fill(batch);
        Insist([&] { return partition_->Send(batch); });
        EXPECT_TRUE(batch.empty());
      }
      if (random_() % 8 == 0) Overtake();
    }
    Insist([&] { return partition_->Flush(); });
    EXPECT_FALSE(partition_->HasOpenRows());
    for (size_t i = 0; i < readers_.size(); ++i) Drain(i, 1000);
    for (const Destination& destination : destinations_) {
      EXPECT_EQ(destination.got, destination.expected);
      EXPECT_EQ(destination.newest, barriers_);
    }
  }

  // How often a barrier overtook what only a blocked call leaves.
  struct Seen {
    int unsent_batches = 0, begun_batches = 0, controls = 0, without_room = 0;
  };
  const Seen& seen() const { return seen_; }

 private:
  struct Destination {
    std::vector<std::string> expected, got;
    // By barrier: what it must find in front of it, and how often it came.
    std::map<uint64_t, std::vector<std::string>> in_front;
    uint64_t newest = 0;  // barrier that arrived
  };

  template <class Try>
  void Insist(Try attempt) {
    for (int tries = 0; attempt() == SendResult::kBlocked; ++tries) {
      ASSERT_LT(tries, 1000) << "stuck";
      if (random_() % 16 == 0) Overtake();
      Drain(random_() % readers_.size(), 1);
    }
  }

  // What the next barrier finds in front of it is what was given so far without what it is shown.
  void Overtake() {
    std::vector<std::vector<std::string>> shown(destinations_.size());
    const SendResult sent = partition_->Overtake(Overtaking(++barriers_), [&](const Overtaken& it) {
      if (it.rows == nullptr) {
        ++seen_.controls;
        shown[it.destination->number()].push_back(Picture(ElementOf(*it.control)));
        return;
      }
      seen_.begun_batches += it.destination.has_value() && it.begin > 0;
      seen_.unsent_batches += !it.destination.has_value();
      for (uint32_t i = it.begin; i < it.rows->size(); ++i) {
        uint16_t to = 0;
        if (it.destination.has_value()) {
          to = static_cast<uint16_t>(it.destination->number());
        } else {
          router_.Route({it.rows->hashes() + i, 1}, &to);
        }
        shown[to].push_back(std::to_string(it.rows->Rows<Row>()[i].number));
      }
    });
    seen_.without_room += sent == SendResult::kBlocked;
    for (size_t i = 0; i < destinations_.size(); ++i) {
      std::vector<std::string> given = destinations_[i].expected;
      ASSERT_LE(shown[i].size(), given.size());
      const auto middle = given.end() - static_cast<ptrdiff_t>(shown[i].size());
      EXPECT_EQ(std::vector<std::string>(middle, given.end()), shown[i]);
      given.erase(middle, given.end());
      destinations_[i].in_front[barriers_] = std::move(given);
    }
  }

  void Fill(AnyBatch& batch) {
    const bool long_text = random_() % 3 == 0;  // full by bytes before it is full by rows
    const auto size = static_cast<uint32_t>(1 + random_() % (random_() % 2 == 0 ? 5 : 500));
    uint64_t* const hashes = batch.AddHashes();
    const size_t turn = turn_++ % destinations_.size();
    for (uint32_t i = 0; i < size; ++i) {
      Row& row = batch.Rows<Row>()[i];
      row.number = next_++;
      row.text.assign(long_text ? 100 : 3, 'x');
      if (i + 1 == size && random_() % 8 == 0) row.text.assign(kLongerThanAFrame, 'x');
      hashes[i] = random_();
      Expect(row.number, hashes[i], turn);
    }
    batch.set_size(size);
    batch.add_heap_bytes(batch.type().HeapBytes(batch, 0, size));
  }

  void Expect(int64_t number, uint64_t hash, size_t turn) {
    const std::string row = std::to_string(number);
    uint16_t owner = 0;
    switch (partitioning_) {
      case Partitioning::kHash:
      case Partitioning::kCustom:
        router_.Route({&hash, 1}, &owner);
        destinations_[owner].expected.push_back(row);
        return;
      case Partitioning::kRebalance:
        destinations_[turn].expected.push_back(row);
        return;
      case Partitioning::kBroadcast:
        for (Destination& destination : destinations_) destination.expected.push_back(row);
        return;
      case Partitioning::kForward:
      case Partitioning::kGlobal:
        destinations_[0].expected.push_back(row);
    }
  }

  // Takes up to so many elements; over a wire frames come one at a time, too.
  void Drain(size_t index, int elements) {
    while (elements-- > 0) {
      if (!wires_.empty()) wires_[index]->CarryDown(elements > 0 ? SIZE_MAX : 1 + random_() % 3);
      EXPECT_EQ(readers_[index]->barrier_waits(), BarrierIsQueued(index));
      auto element = readers_[index]->Poll();
      if (!wires_.empty()) wires_[index]->CarryUp();
      if (!element.has_value()) return;
      Take(index, *element);
    }
  }

  bool BarrierIsQueued(size_t index) {
    bool queued = false;
    const auto look = [&](const StreamElement& element) { queued |= IsUnalignedBarrier(element); };
    EXPECT_TRUE(readers_[index]->ForEachQueued(look).ok());
    return queued;
  }

  void Take(size_t index, StreamElement& element) {
    Destination& destination = destinations_[index];
    if (const auto* barrier = std::get_if<record::Barrier>(&element)) {
      EXPECT_GT(barrier->checkpoint.number(), destination.newest);
      destination.newest = barrier->checkpoint.number();
      EXPECT_EQ(destination.got, destination.in_front[destination.newest]);
    } else if (auto* batch = std::get_if<BatchPtr>(&element)) {
      EXPECT_LE((*batch)->heap_bytes(), 2 * limits::kBatchBytesMax + kLongerThanAFrame);
      for (uint32_t i = 0; i < (*batch)->size(); ++i) {
        destination.got.push_back(std::to_string((*batch)->Rows<Row>()[i].number));
      }
      readers_[index]->Recycle(std::move(*batch));
    } else {
      destination.got.push_back(Picture(element));
    }
  }

  std::mt19937_64 random_;
  const Partitioning partitioning_;
  std::vector<Destination> destinations_;
  const RowRouter router_;
  TestChaos chaos_;
  std::vector<std::unique_ptr<TestWire>> wires_;  // outlive the ends
  std::vector<std::unique_ptr<ChannelReader>> readers_;
  std::unique_ptr<ResultPartition> partition_;
  int64_t next_ = 0;
  size_t turn_ = 0;
  uint64_t barriers_ = 0;
  Seen seen_;
};

void RunRandomly(Between between) {
  RandomRun::Seen seen;
  const auto run = [&](uint64_t seed, Partitioning partitioning, uint32_t destinations) {
    RandomRun random_run(seed, between, partitioning, destinations);
    random_run.Run();
    seen.unsent_batches += random_run.seen().unsent_batches;
    seen.begun_batches += random_run.seen().begun_batches;
    seen.controls += random_run.seen().controls;
    seen.without_room += random_run.seen().without_room;
  };
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(Concat("seed ", seed));
    run(seed, Partitioning::kForward, 1);
    for (const uint32_t destinations : {1u, 2u, 3u, 7u}) {
      for (const auto partitioning :
           {Partitioning::kHash, Partitioning::kCustom, Partitioning::kRebalance,
            Partitioning::kBroadcast, Partitioning::kGlobal}) {
        run(seed, partitioning, destinations);
      }
    }
  }
  EXPECT_GT(seen.unsent_batches, 0);
  EXPECT_EQ(seen.begun_batches > 0, between == Between::kProcesses);
  EXPECT_GT(seen.controls, 0);
  EXPECT_GT(seen.without_room, 0);
}

TEST(ResultPartition, LosesAndDoublesNothingHoweverItIsBlocked) { RunRandomly(Between::kThreads); }
TEST(ResultPartition, LosesAndDoublesNothingBetweenProcesses) { RunRandomly(Between::kProcesses); }

}  // namespace
}  // namespace weir::exchange
