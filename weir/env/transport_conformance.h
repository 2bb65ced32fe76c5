// The suite that every env::Transport passes: in memory, over sockets, simulated. A test
// instantiates it with functions that make a world to run it in:
//   INSTANTIATE_TEST_SUITE_P(Memory, TransportConformance, testing::Values(&MakeMemoryWorld));
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/base/limits.h"
#include "weir/env/test_ears.h"
#include "weir/env/transport.h"

namespace weir::env {

class TransportWorld {
 public:
  virtual ~TransportWorld() = default;
  virtual Transport& transport() = 0;
  /// To listen on; the listener says what to connect to.
  virtual std::string NewAddress() = 0;
  /// An address where nobody listens.
  virtual std::string DeadAddress() = 0;
  /// Lets things happen until `done()`; false when that took too long.
  virtual bool WaitFor(const std::function<bool()>& done) = 0;
  /// Lets happen what may still happen.
  virtual void Settle() = 0;
};

class TransportConformance : public testing::TestWithParam<std::unique_ptr<TransportWorld> (*)()> {
 protected:
  void Listen(Door& door) {
    auto listener = world_->transport().Listen(world_->NewAddress(), door);
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
  }
  std::shared_ptr<Connection> Connect(const std::shared_ptr<ConnectionHandler>& ear) {
    return world_->transport().Connect(listener_->address(), ear);
  }
  bool Accepted(const Door& door) {
    return world_->WaitFor([&] { return !door.ends().empty(); });
  }
  bool Closes(const Ear& ear) {
    return world_->WaitFor([&] { return !ear.closed().empty(); });
  }

  const std::unique_ptr<TransportWorld> world_ = GetParam()();
  Door door_;
  std::unique_ptr<Listener> listener_;
};

TEST_P(TransportConformance, FramesArriveWholeAndInOrder) {
  Listen(door_);
  const auto connection = Connect(std::make_shared<Ear>());
  std::vector<std::string> sent;
  for (size_t i = 0; i < 500; ++i) {
    sent.push_back(std::string(i * i % 7000, static_cast<char>('a' + i % 26)));
    connection->Send(sent.back());
  }
  ASSERT_TRUE(Accepted(door_));
  const std::shared_ptr<Ear> ear = door_.ends()[0].first;
  ASSERT_TRUE(world_->WaitFor([&] { return ear->frames().size() == sent.size(); }));
  EXPECT_EQ(ear->frames(), sent);
}

TEST_P(TransportConformance, BothEndsSend) {
  Listen(door_);
  const auto ear = std::make_shared<Ear>();
  const auto connection = Connect(ear);
  ASSERT_TRUE(Accepted(door_));
  const auto [far_ear, far] = door_.ends()[0];
  connection->Send("there");
  far->Send("back");
  EXPECT_TRUE(world_->WaitFor([&] { return ear->frames().size() == 1; }));
  EXPECT_TRUE(world_->WaitFor([&] { return far_ear->frames().size() == 1; }));
  EXPECT_EQ(ear->frames()[0], "back");
  EXPECT_EQ(far_ear->frames()[0], "there");
}

TEST_P(TransportConformance, EmptyAndLargestFrameArrive) {
  Listen(door_);
  const auto connection = Connect(std::make_shared<Ear>());
  const std::string largest(limits::kMessageBytesMax, 'x');
  connection->Send("");
  connection->Send(largest);
  ASSERT_TRUE(Accepted(door_));
  const std::shared_ptr<Ear> ear = door_.ends()[0].first;
  ASSERT_TRUE(world_->WaitFor([&] { return ear->frames().size() == 2; }));
  EXPECT_EQ(ear->frames()[0], "");
  EXPECT_TRUE(ear->frames()[1] == largest);
}

TEST_P(TransportConformance, TheOtherEndHearsOnceThatAnEndWasDestroyed) {
  Listen(door_);
  const auto ear = std::make_shared<Ear>();
  auto connection = Connect(ear);
  ASSERT_TRUE(Accepted(door_));
  const auto [far_ear, far] = door_.ends()[0];
  connection.reset();
  ASSERT_TRUE(Closes(*far_ear));
  far->Send("to nobody");
  world_->Settle();
  EXPECT_EQ(far_ear->closed().size(), 1u);
  EXPECT_EQ(far_ear->closed()[0].code(), StatusCode::kUnavailable);
  EXPECT_TRUE(ear->closed().empty());
  EXPECT_TRUE(ear->frames().empty());
}

TEST_P(TransportConformance, TheConnectingEndHearsThatTheAcceptedOneWasDestroyed) {
  Listen(door_);
  const auto ear = std::make_shared<Ear>();
  const auto connection = Connect(ear);
  ASSERT_TRUE(Accepted(door_));
  door_.Forget();
  ASSERT_TRUE(Closes(*ear));
  world_->Settle();
  EXPECT_EQ(ear->closed().size(), 1u);
}

TEST_P(TransportConformance, NothingIsHeardAfterTheDestructor) {
  Listen(door_);
  const auto ear = std::make_shared<Ear>();
  auto connection = Connect(ear);
  ASSERT_TRUE(Accepted(door_));
  const auto [far_ear, far] = door_.ends()[0];
  for (int i = 0; i < 100; ++i) far->Send("frame");
  connection.reset();
  const size_t heard = ear->frames().size();
  world_->Settle();
  EXPECT_EQ(ear->frames().size(), heard);
  EXPECT_TRUE(ear->closed().empty());
}

TEST_P(TransportConformance, AnEndMayBeDestroyedInACallOfItsHandler) {
  // Hangs up at the first frame, and says by its own end that it was let go.
  struct HangsUp final : ConnectionHandler {
    explicit HangsUp(std::atomic<int>& f) : frames(f) {}
    void OnFrame(std::string) override {
      ++frames;
      connection.reset();
    }
    void OnClosed(Status) override { connection.reset(); }
    std::atomic<int>& frames;
    std::shared_ptr<Connection> connection;
  };
  Listen(door_);
  std::atomic<int> frames = 0;
  std::weak_ptr<HangsUp> alive;
  {
    const auto handler = std::make_shared<HangsUp>(frames);
    alive = handler;
    handler->connection = Connect(handler);
  }
  ASSERT_TRUE(Accepted(door_));
  const auto [far_ear, far] = door_.ends()[0];
  far->Send("first");
  far->Send("second");
  ASSERT_TRUE(Closes(*far_ear));
  world_->Settle();
  EXPECT_EQ(frames, 1);
  EXPECT_TRUE(alive.expired());
}

TEST_P(TransportConformance, WhereNobodyListensAConnectionCloses) {
  const auto ear = std::make_shared<Ear>();
  const auto connection = world_->transport().Connect(world_->DeadAddress(), ear);
  connection->Send("anybody?");
  ASSERT_TRUE(Closes(*ear));
  world_->Settle();
  EXPECT_EQ(ear->closed().size(), 1u);
  EXPECT_EQ(ear->closed()[0].code(), StatusCode::kUnavailable);
}

TEST_P(TransportConformance, ARefusedConnectionCloses) {
  Door shut(Door::Mood::kShut);
  Listen(shut);
  const auto ear = std::make_shared<Ear>();
  const auto connection = Connect(ear);
  ASSERT_TRUE(Closes(*ear));
  EXPECT_EQ(ear->closed()[0].code(), StatusCode::kUnavailable);
  EXPECT_TRUE(ear->frames().empty());
}

TEST_P(TransportConformance, AnAddressIsTakenUntilItsListenerIsDestroyed) {
  Listen(door_);
  const std::string address = listener_->address();
  Door other;
  EXPECT_EQ(world_->transport().Listen(address, other).status().code(), StatusCode::kAlreadyExists);
  listener_.reset();
  const auto again = world_->transport().Listen(address, other);
  ASSERT_TRUE(again.ok()) << again.status();
  const auto connection = world_->transport().Connect(address, std::make_shared<Ear>());
  EXPECT_TRUE(Accepted(other));
  EXPECT_TRUE(door_.ends().empty());
}

TEST_P(TransportConformance, AcceptedConnectionsOutliveTheListener) {
  Listen(door_);
  const auto connection = Connect(std::make_shared<Ear>());
  ASSERT_TRUE(Accepted(door_));
  listener_.reset();
  connection->Send("still here");
  const std::shared_ptr<Ear> ear = door_.ends()[0].first;
  EXPECT_TRUE(world_->WaitFor([&] { return ear->frames().size() == 1; }));
}

TEST_P(TransportConformance, AnEmptyAddressMakesNoSense) {
  EXPECT_EQ(world_->transport().Listen("", door_).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace weir::env
