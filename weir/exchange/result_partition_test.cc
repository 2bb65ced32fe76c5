#include "weir/exchange/result_partition.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "weir/exchange/local_channel.h"
#include "weir/exchange/test_chaos.h"
#include "weir/record/typed_ops.h"

namespace weir::exchange {
namespace {

using record::AnyBatch;
using record::BatchPtr;
using record::ControlElement;
using record::StreamElement;

constexpr uint32_t kKeyGroups = 8;

// The record 35 has a key of group 3, so with 8 groups it goes to subtask 3 of 8, 0 of 2.
uint64_t HashOf(int64_t value) { return static_cast<uint64_t>(value / 10 % kKeyGroups) << 61 | 17; }

std::string Picture(const StreamElement& element) {
  if (const auto* batch = std::get_if<BatchPtr>(&element)) {
    std::string rows;
    for (uint32_t i = 0; i < (*batch)->size(); ++i) {
      rows += (i == 0 ? "" : ".") + std::to_string((*batch)->Rows<int64_t>()[i]);
    }
    return rows;
  }
  if (const auto* watermark = std::get_if<record::Watermark>(&element)) {
    return "W" + std::to_string(watermark->time);
  }
  return "?";
}

// A partition over local channels, played from a script.
//   "1.2.35" Send of a batch with these records · "W5" SendControl of a watermark · "!" Flush ·
//   "<0" destination 0 takes everything that waits · "<" all do
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
        blocked_ += "~";
      }
    }
    for (size_t i = 0; i < readers_.size(); ++i) Drain(i);
    std::string out = blocked_ + (blocked_.empty() ? "" : " ");
    for (size_t i = 0; i < got_.size(); ++i) out += (i == 0 ? "" : " | ") + got_[i];
    return out;
  }

 private:
  SendResult Call(const std::string& word) {
    if (word == "!") return partition_->Flush();
    if (word[0] == 'W') {
      return partition_->SendControl(record::Watermark{.time = std::stoll(word.substr(1))});
    }
    if (input_.empty()) Fill(word);  // else it is the batch that was blocked
    const SendResult result = partition_->Send(input_);
    EXPECT_EQ(input_.empty(), result == SendResult::kSent);
    return result;
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
  std::string blocked_;
};

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
  for (uint32_t i = 0; i < limits::kChannelElements; ++i) controls += Concat("W", i, " ");
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
  // 18 watermarks: destination 1 takes none after the 16th, yet gets each once in the end.
  std::string script, all;
  for (int i = 0; i < 17; ++i) script += " <0 W" + std::to_string(i);
  script += " W16 <1 W16";
  for (int i = 0; i < 17; ++i) all += (i == 0 ? "W" : " W") + std::to_string(i);
  EXPECT_EQ(Play(Partitioning::kHash, 2, script), "~~ " + all + " | " + all);
}
TEST(ResultPartition, AnEarlyFlushOnlyMakesSmallerBatches) {
  EXPECT_EQ(Play(Partitioning::kHash, 2, "1.75 2 W1", {"exchange-early-flush"}), "1 2 W1 | 75 W1");
}

TEST(ResultPartition, LargeBatchesPassWhole) {
  Script script(Partitioning::kHash, 1);
  std::string rows = "0";
  for (int i = 1; i < 600; ++i) rows += "." + std::to_string(i);
  EXPECT_EQ(script.Play(rows + " " + rows + " !"), rows + " " + rows);
}

TEST(HashRouter, AgreesWithTheOwnersOfKeyGroups) {
  for (const uint32_t groups : {1u, 2u, 256u, 32768u}) {
    for (const uint32_t destinations : {1u, 2u, 3u, 7u, groups}) {
      if (destinations > groups) continue;
      const HashRouter router(destinations, groups);
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

// --- Random runs: whatever blocks whenever, each destination gets what it should, in order ---

struct Row {
  int64_t number = 0;
  std::string text;
};
WEIR_RECORD(Row, number, text);

class RandomRun {
 public:
  RandomRun(uint64_t seed, Partitioning partitioning, uint32_t destinations)
      : random_(seed),
        partitioning_(partitioning),
        expected_(destinations),
        got_(destinations),
        chaos_(random_() % 2 == 0 ? TestChaos{"exchange-one-batch"}
                                  : TestChaos{"exchange-early-flush"}) {
    std::vector<std::unique_ptr<ChannelWriter>> writers;
    for (uint32_t i = 0; i < destinations; ++i) {
      LocalChannel channel = MakeLocalChannel(TypeOpsOf<Row>(), chaos_);
      writers.push_back(std::move(channel.writer));
      readers_.push_back(std::move(channel.reader));
    }
    partition_ =
        std::make_unique<ResultPartition>(ResultPartition::Options{.type = TypeOpsOf<Row>(),
                                                                   .partitioning = partitioning,
                                                                   .max_parallelism = kKeyGroups,
                                                                   .producer = {},
                                                                   .chaos = chaos_},
                                          std::move(writers));
  }

  void Run() {
    AnyBatch batch(TypeOpsOf<Row>());
    for (int round = 0; round < 60; ++round) {
      if (random_() % 4 == 0) {
        const ControlElement control = record::Watermark{.time = round};
        for (auto& destination : expected_) destination.push_back(Concat("W", round));
        Insist([&] { return partition_->SendControl(control); });
      } else {
        Fill(batch);
        Insist([&] { return partition_->Send(batch); });
        EXPECT_TRUE(batch.empty());
      }
    }
    Insist([&] { return partition_->Flush(); });
    EXPECT_FALSE(partition_->HasOpenRows());
    for (size_t i = 0; i < readers_.size(); ++i) Drain(i, 1000);
    EXPECT_EQ(got_, expected_);
  }

 private:
  template <class Try>
  void Insist(Try attempt) {
    while (attempt() == SendResult::kBlocked) Drain(random_() % readers_.size(), 1);
  }

  void Fill(AnyBatch& batch) {
    const bool long_text = random_() % 3 == 0;  // full by bytes before it is full by rows
    const auto size = static_cast<uint32_t>(1 + random_() % (random_() % 2 == 0 ? 5 : 500));
    uint64_t* const hashes = batch.AddHashes();
    const size_t turn = turn_++ % expected_.size();
    for (uint32_t i = 0; i < size; ++i) {
      Row& row = batch.Rows<Row>()[i];
      row.number = next_++;
      row.text.assign(long_text ? 100 : 3, 'x');
      hashes[i] = random_();
      Expect(row.number, hashes[i], turn);
    }
    batch.set_size(size);
    batch.add_heap_bytes(batch.type().HeapBytes(batch, 0, size));
  }

  void Expect(int64_t number, uint64_t hash, size_t turn) {
    const auto destinations = static_cast<uint32_t>(expected_.size());
    const std::string row = std::to_string(number);
    switch (partitioning_) {
      case Partitioning::kHash:
        expected_[base::OwnerOf(base::KeyGroupOf(hash, kKeyGroups), destinations, kKeyGroups)
                      .number()]
            .push_back(row);
        return;
      case Partitioning::kRebalance:
        expected_[turn].push_back(row);
        return;
      case Partitioning::kBroadcast:
        for (auto& destination : expected_) destination.push_back(row);
        return;
      case Partitioning::kForward:
      case Partitioning::kGlobal:
        expected_[0].push_back(row);
    }
  }

  void Drain(size_t index, int elements) {
    while (elements-- > 0) {
      auto element = readers_[index]->Poll();
      if (!element.has_value()) return;
      if (const auto* watermark = std::get_if<record::Watermark>(&*element)) {
        got_[index].push_back(Concat("W", watermark->time));
        continue;
      }
      BatchPtr batch = std::move(std::get<BatchPtr>(*element));
      EXPECT_LE(batch->heap_bytes(), 2 * limits::kBatchBytesMax);
      for (uint32_t i = 0; i < batch->size(); ++i) {
        got_[index].push_back(std::to_string(batch->Rows<Row>()[i].number));
      }
      readers_[index]->Recycle(std::move(batch));
    }
  }

  std::mt19937_64 random_;
  const Partitioning partitioning_;
  std::vector<std::vector<std::string>> expected_, got_;
  TestChaos chaos_;
  std::vector<std::unique_ptr<ChannelReader>> readers_;
  std::unique_ptr<ResultPartition> partition_;
  int64_t next_ = 0;
  size_t turn_ = 0;
};

TEST(ResultPartition, LosesAndDoublesNothingHoweverItIsBlocked) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(Concat("seed ", seed));
    RandomRun(seed, Partitioning::kForward, 1).Run();
    for (const uint32_t destinations : {1u, 2u, 3u, 7u}) {
      for (const auto partitioning : {Partitioning::kHash, Partitioning::kRebalance,
                                      Partitioning::kBroadcast, Partitioning::kGlobal}) {
        RandomRun(seed, partitioning, destinations).Run();
      }
    }
  }
}

}  // namespace
}  // namespace weir::exchange
