#include "weir/sim/outside.h"

#include <gtest/gtest.h>

#include <set>

#include "weir/env/dialer_conformance.h"
#include "weir/sim/test_machine.h"

namespace weir::sim {
namespace {

using env::ByteStream;
using env::DialerConformance;
using env::Kept;

class SimulatedOutside final : public env::DialerWorld {
 public:
  env::Dialer& dialer() override { return machine_.process.env().dialer; }
  std::string host() override { return "somewhere"; }
  uint16_t port() override { return 7; }
  uint16_t dead_port() override { return 8; }
  bool WaitFor(const std::function<bool()>& done) override {
    return machine_.world.RunUntil(done, seconds(60));
  }
  void Settle() override { machine_.world.RunFor(seconds(1)); }
  void Say(const std::string& bytes) override { EXPECT_TRUE(server_.Say(bytes)); }
  void End() override { EXPECT_TRUE(server_.End()); }
  void Reset() override { EXPECT_TRUE(server_.Reset()); }
  std::string Heard() override { return server_.heard().back(); }

 private:
  TestMachine machine_{CalmOptions(1)};
  ByteServer server_{machine_.world, "somewhere", 7};
};

std::unique_ptr<env::DialerWorld> MakeSimulatedOutside() {
  return std::make_unique<SimulatedOutside>();
}
INSTANTIATE_TEST_SUITE_P(Simulated, DialerConformance, testing::Values(&MakeSimulatedOutside));

// A process with a connection to a server.
struct Connected {
  explicit Connected(const Options& options) : machine(options) {
    machine.world.RunFor(milliseconds(1));
    for (int tries = 0; stream == nullptr; ++tries) {
      WEIR_CHECK(tries < 100);
      Kept<StatusOr<std::unique_ptr<ByteStream>>> dialed;
      machine.process.env().dialer.Dial("there", 1, dialed.callback());
      WEIR_CHECK(machine.world.RunUntil([&] { return dialed.there(); }, seconds(60)));
      if (auto result = dialed.Take(); result.ok()) stream = *std::move(result);
    }
  }
  ~Connected() { stream = nullptr; }

  TestMachine machine;
  ByteServer server{machine.world, "there", 1};
  std::unique_ptr<ByteStream> stream;
};

TEST(Outside, AReadGivesAnyNumberOfTheBytesThatAreThere) {
  std::set<size_t> sizes;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Connected one(CalmOptions(seed));
    one.server.Say("0123456789");
    one.machine.world.RunFor(seconds(1));
    Kept<StatusOr<std::string>> read;
    one.stream->Read(read.callback());
    ASSERT_TRUE(one.machine.world.RunUntil([&] { return read.there(); }, seconds(60)));
    sizes.insert(read.Take()->size());
  }
  EXPECT_TRUE(sizes.contains(1));
  EXPECT_TRUE(sizes.contains(10));
  EXPECT_GT(sizes.size(), 5u);
}

TEST(Outside, OfWhatWasWrittenABeginningArrivesWhenTheProcessDies) {
  std::set<std::string> heard;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Connected one(CalmOptions(seed));
    for (const char* letter : {"a", "b", "c"}) one.stream->Write(letter, [](const Status&) {});
    one.machine.world.RunFor(microseconds(200));
    one.machine.process.Kill();
    one.machine.world.RunFor(seconds(60));
    heard.insert(one.server.heard().at(0));
  }
  for (const std::string& bytes : heard) EXPECT_TRUE(std::string("abc").starts_with(bytes));
  EXPECT_GT(heard.size(), 1u);
}

TEST(Outside, TheDeadHearNothing) {
  Connected one(CalmOptions(1));
  one.stream->Read([](const StatusOr<std::string>&) { ADD_FAILURE(); });
  one.server.Say("too late");
  one.machine.process.Kill();
  one.machine.world.RunFor(seconds(60));
  EXPECT_FALSE(one.server.Say("nobody is there"));
}

TEST(Outside, WhatAProcessWroteBeforeItEndedWellArrives) {
  Connected one(CalmOptions(1));
  one.stream->Write("last words", [](const Status&) {});
  one.machine.process.Exit(0);
  one.machine.world.RunFor(seconds(60));
  EXPECT_EQ(one.server.heard().at(0), "last words");
}

TEST(Outside, ConnectionsAreRefusedAndBreakByChance) {
  Options options = CalmOptions(1);
  options.network.refuse = 0.5;
  options.network.break_send = 0.1;
  uint64_t refused = 0, broken = 0;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    options.seed = seed;
    Connected one(options);
    for (int i = 0; i < 10; ++i) {
      one.server.Say("x");
      one.machine.world.RunFor(milliseconds(10));
    }
    refused += one.machine.world.hits("outside.refused");
    broken += one.machine.world.hits("outside.broken");
  }
  EXPECT_GT(refused, 10u);
  EXPECT_GT(broken, 10u);
}

}  // namespace
}  // namespace weir::sim
