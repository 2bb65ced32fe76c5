#include "weir/sim/network.h"

#include <gtest/gtest.h>

#include <set>

#include "weir/env/transport_conformance.h"
#include "weir/sim/test_machine.h"

namespace weir::sim {
namespace {

using env::TransportConformance;

class SimulatedNetworkWorld final : public env::TransportWorld {
 public:
  env::Transport& transport() override { return machine_.process.env().transport; }
  std::string NewAddress() override { return "somewhere"; }
  std::string DeadAddress() override { return "nowhere"; }
  bool WaitFor(const std::function<bool()>& done) override {
    return machine_.world.RunUntil(done, seconds(60));
  }
  void Settle() override { machine_.world.RunFor(seconds(60)); }

 private:
  TestMachine machine_{CalmOptions(1)};
};

std::unique_ptr<env::TransportWorld> MakeSimulatedNetwork() {
  return std::make_unique<SimulatedNetworkWorld>();
}
INSTANTIATE_TEST_SUITE_P(Simulated, TransportConformance, testing::Values(&MakeSimulatedNetwork));

using env::Door;
using env::Ear;

// Two processes on two machines; the first connects to the second.
struct TwoProcesses {
  explicit TwoProcesses(const Options& options)
      : world(options),
        one(SpawnEmpty(world, "one", world.NewDisk("one"))),
        two(SpawnEmpty(world, "two", world.NewDisk("two"))),
        listener(*two.env().transport.Listen("two", door)) {}

  void Connect() { connection = one.env().transport.Connect("two", ear); }
  bool Accepted() {
    return world.RunUntil([&] { return !door.ends().empty(); }, seconds(60));
  }
  std::shared_ptr<Ear> far_ear() const { return door.ends().at(0).first; }
  bool Closes(const Ear& who, Duration at_most) {
    return world.RunUntil([&] { return !who.closed().empty(); }, at_most);
  }

  World world;
  Process& one;
  Process& two;
  Door door;
  std::unique_ptr<env::Listener> listener;
  std::shared_ptr<Ear> ear = std::make_shared<Ear>();
  std::shared_ptr<env::Connection> connection;
};

// "0", "1", … as far as it goes.
void ExpectPrefix(const std::vector<std::string>& frames) {
  for (size_t i = 0; i < frames.size(); ++i) EXPECT_EQ(frames[i], std::to_string(i));
}

TEST(Network, OfABreakAPrefixArrivesAndBothEndsHearOnce) {
  std::set<size_t> arrived;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    TwoProcesses pair(CalmOptions(seed));
    pair.Connect();
    ASSERT_TRUE(pair.Accepted());
    for (int i = 0; i < 10; ++i) pair.connection->Send(std::to_string(i));
    pair.world.RunFor(microseconds(200));
    pair.world.network().Break(pair.one, pair.two);
    pair.world.RunFor(seconds(60));
    ExpectPrefix(pair.far_ear()->frames());
    arrived.insert(pair.far_ear()->frames().size());
    EXPECT_EQ(pair.ear->closed().size(), 1u);
    EXPECT_EQ(pair.far_ear()->closed().size(), 1u);
    EXPECT_EQ(pair.world.network().connections(), 0u);
  }
  EXPECT_GT(arrived.size(), 5u);  // nothing, all, and what lies between
}

TEST(Network, BreaksByChance) {
  Options options = CalmOptions(3);
  options.network.break_send = 0.1;
  TwoProcesses pair(options);
  pair.Connect();
  ASSERT_TRUE(pair.Accepted());
  for (int i = 0; i < 100; ++i) pair.connection->Send(std::to_string(i));
  EXPECT_TRUE(pair.Closes(*pair.ear, seconds(60)));
  ExpectPrefix(pair.far_ear()->frames());
  EXPECT_GT(pair.world.hits("network.broken"), 0u);
}

TEST(Network, RefusesByChance) {
  Options options = CalmOptions(1);
  options.network.refuse = 1;
  TwoProcesses pair(options);
  pair.Connect();
  EXPECT_TRUE(pair.Closes(*pair.ear, seconds(60)));
  EXPECT_TRUE(pair.door.ends().empty());
  EXPECT_EQ(pair.world.hits("network.refused"), 1u);
}

TEST(Network, AKilledPeerIsHeardOf) {
  TwoProcesses pair(CalmOptions(1));
  pair.Connect();
  ASSERT_TRUE(pair.Accepted());
  pair.one.Kill();
  EXPECT_TRUE(pair.Closes(*pair.far_ear(), milliseconds(100)));
  EXPECT_TRUE(pair.ear->closed().empty());  // the dead hear nothing
}

TEST(Network, AListenerGoesWithItsProcess) {
  TwoProcesses pair(CalmOptions(1));
  pair.two.Kill();
  pair.Connect();
  EXPECT_TRUE(pair.Closes(*pair.ear, seconds(1)));
  pair.two.Restart();
  Door door;
  EXPECT_TRUE(pair.two.env().transport.Listen("two", door).ok());
}

TEST(Network, FramesWaitForThePartitionToHeal) {
  TwoProcesses pair(CalmOptions(1));
  pair.Connect();
  ASSERT_TRUE(pair.Accepted());
  for (int i = 0; i < 3; ++i) pair.connection->Send(std::to_string(i));
  pair.world.network().Partition(pair.one, pair.two);
  for (int i = 3; i < 6; ++i) pair.connection->Send(std::to_string(i));
  pair.world.RunFor(seconds(30));
  EXPECT_TRUE(pair.far_ear()->frames().empty());
  pair.world.network().Heal(pair.one, pair.two);
  for (int i = 6; i < 9; ++i) pair.connection->Send(std::to_string(i));
  ASSERT_TRUE(
      pair.world.RunUntil([&] { return pair.far_ear()->frames().size() == 9; }, seconds(1)));
  ExpectPrefix(pair.far_ear()->frames());
  EXPECT_GT(pair.world.hits("network.blocked"), 0u);
}

TEST(Network, APartitionMayBeOneWay) {
  TwoProcesses pair(CalmOptions(1));
  pair.Connect();
  ASSERT_TRUE(pair.Accepted());
  pair.world.network().Block(pair.one, pair.two);
  pair.connection->Send("lost for now");
  pair.door.ends()[0].second->Send("arrives");
  pair.world.RunFor(seconds(1));
  EXPECT_EQ(pair.ear->frames().size(), 1u);
  EXPECT_TRUE(pair.far_ear()->frames().empty());
}

TEST(Network, WhoIsCutOffHearsOfADeathLate) {
  TwoProcesses pair(CalmOptions(1));
  pair.Connect();
  ASSERT_TRUE(pair.Accepted());
  pair.world.network().Partition(pair.one, pair.two);
  pair.one.Kill();
  EXPECT_FALSE(pair.Closes(*pair.far_ear(), milliseconds(900)));
  EXPECT_TRUE(pair.Closes(*pair.far_ear(), seconds(60)));
}

TEST(Network, ConnectingAcrossAPartitionTimesOut) {
  TwoProcesses pair(CalmOptions(1));
  pair.world.network().Partition(pair.one, pair.two);
  pair.Connect();
  EXPECT_FALSE(pair.Closes(*pair.ear, milliseconds(900)));
  EXPECT_TRUE(pair.Closes(*pair.ear, seconds(60)));
  EXPECT_TRUE(pair.door.ends().empty());
}

TEST(Network, AGhostIsAcceptedSaysNothingAndGoes) {
  Options options = CalmOptions(1);
  options.network.ghost = 1;
  TwoProcesses pair(options);
  pair.Connect();
  pair.connection->Send("0");
  pair.world.RunFor(seconds(10));
  ASSERT_EQ(pair.door.ends().size(), 2u);
  size_t silent = 0;
  size_t closed = 0;
  for (const Door::End& end : pair.door.ends()) {
    if (end.first->frames().empty()) ++silent;
    closed += end.first->closed().size();
  }
  EXPECT_EQ(silent, 1u);
  EXPECT_EQ(closed, 1u);
  EXPECT_TRUE(pair.ear->closed().empty());
  EXPECT_EQ(pair.world.hits("network.ghost"), 1u);
}

TEST(Network, ASlowConnectionTakesItsTime) {
  Options options = CalmOptions(1);
  options.network.slow = 1;
  TwoProcesses pair(options);
  pair.Connect();
  ASSERT_TRUE(pair.Accepted());
  pair.connection->Send(std::string(1'000'000, 'x'));
  pair.world.RunFor(milliseconds(900));
  EXPECT_TRUE(pair.far_ear()->frames().empty());
  pair.world.RunFor(milliseconds(200));
  EXPECT_EQ(pair.far_ear()->frames().size(), 1u);
  EXPECT_EQ(pair.world.hits("network.slow"), 1u);
}

TEST(Network, LostFramesAreCounted) {
  TwoProcesses pair(CalmOptions(1));
  pair.Connect();
  ASSERT_TRUE(pair.Accepted());
  pair.world.network().Partition(pair.one, pair.two);
  pair.connection->Send("never arrives");
  pair.world.RunFor(seconds(1));
  pair.world.network().BreakOne();
  pair.world.network().HealAll();
  pair.world.RunFor(seconds(60));
  EXPECT_TRUE(pair.far_ear()->frames().empty());
  EXPECT_EQ(pair.world.hits("network.lost_frames"), 1u);
}

}  // namespace
}  // namespace weir::sim
