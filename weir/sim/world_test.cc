#include "weir/sim/world.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace weir::sim
