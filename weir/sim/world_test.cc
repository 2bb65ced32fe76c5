#include "weir/sim/world.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <sstream>

#include "weir/sim/disk.h"
#include "weir/sim/network.h"
#include "weir/sim/process.h"

namespace weir::sim {
namespace {

// Answers every frame with the same frame.
class EchoServer final : public Program, env::Acceptor {
 public:
  explicit EchoServer(const env::Env& env) : listener_(*env.transport.Listen("echo", *this)) {}

 private:
  struct Session final : env::ConnectionHandler {
    explicit Session(std::shared_ptr<env::Connection> c) : connection(std::move(c)) {}
    void OnFrame(std::string frame) override { connection->Send(std::move(frame)); }
    void OnClosed(Status) override {}
    std::shared_ptr<env::Connection> connection;
  };
  std::shared_ptr<env::ConnectionHandler> Accept(std::shared_ptr<env::Connection> c) override {
    return std::make_shared<Session>(std::move(c));
  }
  std::unique_ptr<env::Listener> listener_;
};

// Sends 1, 2, 3, … one at a time, over a new connection whenever the old one breaks; counts
// answers.
class CountingClient final : public Program {
 public:
  CountingClient(const env::Env& env, Process& process) : env_(env), loop_(process.NewEventLoop()) {
    loop_->Post([this] { Connect(); });
  }
  int answers() const { return answers_; }

 private:
  struct Answers final : env::ConnectionHandler {
    explicit Answers(CountingClient& c) : client(c) {}
    void OnFrame(std::string) override {
      client.loop_->Post([&c = client] { c.Answered(); });
    }
    void OnClosed(Status) override {
      client.loop_->PostAfter(milliseconds(10), [&c = client] { c.Connect(); });
    }
    CountingClient& client;
  };
  void Connect() {
    connection_ = env_.transport.Connect("echo", std::make_shared<Answers>(*this));
    connection_->Send("?");
  }
  void Answered() {
    ++answers_;
    connection_->Send("?");
  }

  const env::Env& env_;
  std::unique_ptr<env::EventLoop> loop_;
  std::shared_ptr<env::Connection> connection_;
  int answers_ = 0;
};

struct EchoWorld {
  explicit EchoWorld(const Options& options)
      : world(options),
        server(world.Spawn(
            "server", world.NewDisk("server"),
            [](const env::Env& env, Process&) { return std::make_unique<EchoServer>(env); })),
        client(world.Spawn("client", world.NewDisk("client"), [](const env::Env& env, Process& p) {
          return std::make_unique<CountingClient>(env, p);
        })) {}

  int answers() const {
    const auto* program = client.program_as<CountingClient>();
    return program == nullptr ? 0 : program->answers();
  }

  World world;
  Process& server;
  Process& client;
};

TEST(World, SameSeedSameTrace) {
  for (const uint64_t seed : {1u, 2u, 3u, 4u, 5u}) {
    EchoWorld first(RoughOptions(seed));
    EchoWorld second(RoughOptions(seed));
    first.world.RunFor(seconds(5));
    second.world.RunFor(seconds(5));
    EXPECT_GT(first.world.events(), 100u);
    EXPECT_EQ(first.world.trace_hash(), second.world.trace_hash()) << "seed " << seed;
    EXPECT_EQ(first.world.all_hits(), second.world.all_hits()) << "seed " << seed;
  }
}

TEST(World, OtherSeedOtherTrace) {
  EchoWorld first(CalmOptions(1));
  EchoWorld second(CalmOptions(2));
  first.world.RunFor(seconds(1));
  second.world.RunFor(seconds(1));
  EXPECT_NE(first.world.trace_hash(), second.world.trace_hash());
}

TEST(World, CallsGoOnAfterTheServerWasKilledAndRestarted) {
  EchoWorld echo(CalmOptions(7));
  ASSERT_TRUE(echo.world.RunUntil([&] { return echo.answers() >= 10; }, seconds(10)));
  echo.server.Kill();
  const int before = echo.answers();
  echo.world.RunFor(seconds(1));
  EXPECT_LE(echo.answers(), before + 1);  // one may have been under way
  echo.server.Restart();
  EXPECT_TRUE(echo.world.RunUntil([&] { return echo.answers() >= before + 10; }, seconds(10)));
}

TEST(World, BuggifyFiresSomeNamesInSomeWorlds) {
  std::set<std::string> fired;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Options options = CalmOptions(seed);
    options.buggify = true;
    World world(options);
    for (const char* name : {"early-flush", "small-batch", "late-timer"}) {
      uint64_t count = 0;
      for (int i = 0; i < 1000; ++i) count += world.Buggify(name) ? 1u : 0u;
      EXPECT_EQ(world.hits(Concat("buggify.", name)), count);
      EXPECT_TRUE(count == 0 || (count > 20 && count < 350)) << name << " " << count;
      if (count > 0) fired.insert(Concat(name, seed));
    }
  }
  EXPECT_GT(fired.size(), 5u);
  EXPECT_LT(fired.size(), 30u);
}

TEST(World, BuggifyIsOffUnlessAskedFor) {
  World world(CalmOptions(1));
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(world.Buggify(std::to_string(i)));
}

TEST(World, HasOneMutant) {
  Options options = CalmOptions(1);
  options.mutant = "forget-sync";
  World world(options);
  EXPECT_TRUE(world.Mutant("forget-sync"));
  EXPECT_FALSE(world.Mutant("forget-other"));
  EXPECT_EQ(world.hits("mutant.forget-sync"), 1u);
  EXPECT_FALSE(World(CalmOptions(1)).Mutant("forget-sync"));
}

TEST(World, ALivelockEnds) {
  Options options = CalmOptions(1);
  options.events_max = 1000;
  World world(options);
  std::function<void()> again = [&] { world.After(Duration(), [&] { again(); }); };
  again();
  EXPECT_FALSE(world.RunUntil([] { return false; }, seconds(1)));
  EXPECT_EQ(world.events(), 1000u);
}

TEST(World, RunsInVirtualTime) {
  World world(CalmOptions(1));
  bool fired = false;
  world.After(std::chrono::hours(24 * 365), [&] { fired = true; });
  world.RunFor(std::chrono::hours(24 * 364));
  EXPECT_FALSE(fired);
  EXPECT_TRUE(world.RunUntil([&] { return fired; }, std::chrono::hours(48)));
}

TEST(World, PrintsTheNewestEvents) {
  Options options = CalmOptions(1);
  options.trace_lines_max = 2;
  World world(options);
  world.After(milliseconds(1), [] {});
  world.After(milliseconds(2), [] {});
  world.After(milliseconds(3), [] {});
  world.RunFor(seconds(1));
  std::ostringstream out;
  world.PrintTrace(out);
  EXPECT_EQ(out.str(), "2000 us world outside\n3000 us world outside\n");
}

TEST(Prng, StreamsOfOneSeedHaveNothingInCommon) {
  Prng a(1, "a");
  Prng b(1, "b");
  Prng other_seed(2, "a");
  for (int i = 0; i < 100; ++i) {
    const uint64_t next = a.Next();
    EXPECT_NE(next, b.Next());
    EXPECT_NE(next, other_seed.Next());
  }
}

TEST(Prng, StaysInItsBounds) {
  Prng prng(1);
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(prng.Below(3));
    EXPECT_FALSE(prng.Chance(0));
    EXPECT_TRUE(prng.Chance(1));
    const Duration between = prng.Between(Duration(5), Duration(7));
    EXPECT_TRUE(between >= Duration(5) && between <= Duration(7));
    const Duration skewed = prng.Skewed(Duration(3), Duration(1000));
    EXPECT_TRUE(skewed >= Duration(3) && skewed <= Duration(1000));
    EXPECT_EQ(prng.Skewed(Duration(4), Duration(4)), Duration(4));
  }
  EXPECT_EQ(seen, (std::set<uint64_t>{0, 1, 2}));
}

}  // namespace
}  // namespace weir::sim
