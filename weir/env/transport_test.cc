#include "weir/env/transport.h"

#include "weir/env/memory_transport.h"
#include "weir/env/socket_transport.h"
#include "weir/env/test_directory.h"
#include "weir/env/test_wait.h"
#include "weir/env/thread_event_loop.h"
#include "weir/env/transport_conformance.h"

namespace weir::env {
namespace {

class RealWorld : public TransportWorld {
 public:
  bool WaitFor(const std::function<bool()>& done) override { return TestWaitFor(done); }
  void Settle() override { TestSettle(); }
};

class MemoryWorld final : public RealWorld {
 public:
  Transport& transport() override { return transport_; }
  std::string NewAddress() override { return "somewhere"; }
  std::string DeadAddress() override { return "nowhere"; }

 private:
  ThreadEventLoop delivery_{"delivery"};
  MemoryTransport transport_{delivery_};
};

class SocketWorld final : public RealWorld {
 public:
  Transport& transport() override { return transport_; }
  std::string NewAddress() override { return "localhost:0"; }
  std::string DeadAddress() override { return "127.0.0.1:1"; }

 private:
  SocketTransport transport_;
};

class SocketFileWorld final : public RealWorld {
 public:
  Transport& transport() override { return transport_; }
  std::string NewAddress() override { return Named("socket"); }
  std::string DeadAddress() override { return Named("nobody"); }

 private:
  std::string Named(const std::string& name) const {
    return "unix:" + directory_.path() + "/" + name;
  }

  TestDirectory directory_;
  SocketTransport transport_;
};

std::unique_ptr<TransportWorld> MakeSocketFileWorld() {
  return std::make_unique<SocketFileWorld>();
}
std::unique_ptr<TransportWorld> MakeMemoryWorld() { return std::make_unique<MemoryWorld>(); }
std::unique_ptr<TransportWorld> MakeSocketWorld() { return std::make_unique<SocketWorld>(); }

INSTANTIATE_TEST_SUITE_P(Memory, TransportConformance, testing::Values(&MakeMemoryWorld));
INSTANTIATE_TEST_SUITE_P(Socket, TransportConformance, testing::Values(&MakeSocketWorld));
INSTANTIATE_TEST_SUITE_P(SocketFile, TransportConformance, testing::Values(&MakeSocketFileWorld));

// Two ends that own each other through their handlers, as actors do.
struct Owning final : ConnectionHandler {
  void OnFrame(std::string) override {}
  void OnClosed(Status) override {}
  std::shared_ptr<Connection> connection;
};

TEST(MemoryTransport, EndsWithConnectionsOpenAndLeaksNothing) {
  std::weak_ptr<Owning> alive;
  {
    MemoryWorld world;
    Door door;
    const auto listener = world.transport().Listen("somewhere", door);
    ASSERT_TRUE(listener.ok());
    auto handler = std::make_shared<Owning>();
    alive = handler;
    handler->connection = world.transport().Connect("somewhere", handler);
    ASSERT_TRUE(world.WaitFor([&] { return !door.ends().empty(); }));
  }
  EXPECT_TRUE(alive.expired());
}

}  // namespace
}  // namespace weir::env
