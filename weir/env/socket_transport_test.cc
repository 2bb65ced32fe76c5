#include "weir/env/socket_transport.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#define ASIO_STANDALONE
#include <asio.hpp>

#include "weir/base/bytes.h"
#include "weir/base/limits.h"
#include "weir/env/test_directory.h"
#include "weir/env/test_ears.h"
#include "weir/env/test_wait.h"

namespace weir::env {
namespace {

using asio::ip::tcp;

// A peer that speaks bytes, not Weir.
class Stranger {
 public:
  explicit Stranger(const std::string& address) {
    const auto port = static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    asio::error_code error;
    socket_.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port), error);
    EXPECT_FALSE(error) << error.message();
  }
  void Say(const std::string& bytes) {
    asio::error_code error;
    asio::write(socket_, asio::buffer(bytes), error);
    EXPECT_FALSE(error) << error.message();
  }
  // True if the transport closes.
  bool IsThrownOut() {
    std::array<char, 64> bytes;
    asio::error_code error;
    while (!error) socket_.read_some(asio::buffer(bytes), error);
    return error == asio::error::eof || error == asio::error::connection_reset;
  }

 private:
  asio::io_context context_;
  tcp::socket socket_{context_};
};

std::string HelloOf(uint32_t version) {
  base::ByteWriter hello;
  hello.Raw("WEIR");
  hello.U32(version);
  return hello.Take();
}

class SocketTransportTest : public testing::Test {
 protected:
  void SetUp() override {
    auto listener = transport_.Listen("127.0.0.1:0", door_);
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
  }
  SocketTransport transport_;
  Door door_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(SocketTransportTest, AStrangerNeverReachesTheAcceptor) {
  Stranger stranger(listener_->address());
  stranger.Say("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(stranger.IsThrownOut());
  EXPECT_TRUE(door_.ends().empty());
}

TEST_F(SocketTransportTest, AnotherVersionIsThrownOut) {
  Stranger stranger(listener_->address());
  stranger.Say(HelloOf(2));
  EXPECT_TRUE(stranger.IsThrownOut());
  EXPECT_TRUE(door_.ends().empty());
}

TEST_F(SocketTransportTest, ALengthAboveTheLimitEndsTheConnection) {
  Stranger stranger(listener_->address());
  base::ByteWriter bytes(HelloOf(1));
  bytes.U32(limits::kMessageBytesMax + 1);
  stranger.Say(bytes.Take());
  ASSERT_TRUE(TestWaitFor([&] { return !door_.ends().empty(); }));
  const std::shared_ptr<Ear> ear = door_.ends()[0].first;
  ASSERT_TRUE(TestWaitFor([&] { return !ear->closed().empty(); }));
  EXPECT_EQ(ear->closed()[0].code(), StatusCode::kDataLoss);
  EXPECT_TRUE(ear->frames().empty());
}

TEST_F(SocketTransportTest, AHalfFrameIsNotDelivered) {
  {
    Stranger stranger(listener_->address());
    base::ByteWriter bytes(HelloOf(1));
    bytes.U32(5);
    bytes.Raw("whole");
    bytes.U32(5);
    bytes.Raw("hal");
    stranger.Say(bytes.Take());
    ASSERT_TRUE(TestWaitFor(
        [&] { return !door_.ends().empty() && !door_.ends()[0].first->frames().empty(); }));
  }
  const std::shared_ptr<Ear> ear = door_.ends()[0].first;
  ASSERT_TRUE(TestWaitFor([&] { return !ear->closed().empty(); }));
  EXPECT_EQ(ear->frames(), (std::vector<std::string>{"whole"}));
}

TEST_F(SocketTransportTest, OnlyLoopbackAddressesMakeSense) {
  for (const char* address : {"0.0.0.0:0", "8.8.8.8:80", "example.org:80", "127.0.0.1",
                              "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:1x", ":80"}) {
    EXPECT_EQ(transport_.Listen(address, door_).status().code(), StatusCode::kInvalidArgument)
        << address;
    const auto ear = std::make_shared<Ear>();
    const auto connection = transport_.Connect(address, ear);
    ASSERT_TRUE(TestWaitFor([&] { return !ear->closed().empty(); }));
    EXPECT_EQ(ear->closed()[0].code(), StatusCode::kInvalidArgument) << address;
  }
}

TEST_F(SocketTransportTest, AListenerSaysItsRealPort) {
  EXPECT_EQ(listener_->address().rfind("127.0.0.1:", 0), 0u);
  EXPECT_NE(listener_->address(), "127.0.0.1:0");
}

TEST_F(SocketTransportTest, EndsWithConnectionsOpen) {
  const auto ear = std::make_shared<Ear>();
  std::shared_ptr<Connection> connection;
  {
    SocketTransport other;
    connection = other.Connect(listener_->address(), ear);
    ASSERT_TRUE(TestWaitFor([&] { return !door_.ends().empty(); }));
  }
  const std::shared_ptr<Ear> far = door_.ends()[0].first;
  EXPECT_TRUE(TestWaitFor([&] { return !far->closed().empty(); }));
  connection->Send("too late");
  EXPECT_TRUE(ear->closed().empty());
}

class SocketFileTest : public testing::Test {
 protected:
  StatusOr<std::unique_ptr<Listener>> Listen(const std::string& path) {
    return transport_.Listen("unix:" + path, door_);
  }
  // What a connection hears when it is closed at once.
  Status ConnectAndClose(const std::string& path) {
    const auto ear = std::make_shared<Ear>();
    const auto connection = transport_.Connect("unix:" + path, ear);
    EXPECT_TRUE(TestWaitFor([&] { return !ear->closed().empty(); }));
    return ear->closed().front();
  }

  TestDirectory directory_;
  PosixFileSystem files_;
  SocketTransport transport_;
  Door door_;
};

TEST_F(SocketFileTest, OnlyItsOwnerMayUseIt) {
  const std::string path = directory_.path() + "/socket";
  const auto listener = Listen(path);
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ((*listener)->address(), "unix:" + path);
  struct stat info = {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(SocketFileTest, IsGoneWithItsListener) {
  const std::string path = directory_.path() + "/socket";
  { ASSERT_TRUE(Listen(path).ok()); }
  EXPECT_EQ(files_.Stat(path).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ConnectAndClose(path).code(), StatusCode::kUnavailable);
  ASSERT_TRUE(Listen(path).ok());
}

TEST_F(SocketFileTest, IsTakenWhileItIsThere) {
  const std::string path = directory_.path() + "/socket";
  const auto first = Listen(path);
  EXPECT_EQ(Listen(path).status().code(), StatusCode::kAlreadyExists);
}

TEST_F(SocketFileTest, APathMayBeLongerThanTheNameOfASocket) {
  std::string folder = directory_.path();
  for (int i = 0; i < 3; ++i) folder += "/" + std::string(60, 'd');
  ASSERT_TRUE(files_.MakeDirectories(folder).ok());
  const std::string path = folder + "/socket";
  const auto listener = Listen(path);
  ASSERT_TRUE(listener.ok()) << listener.status();
  const auto ear = std::make_shared<Ear>();
  const auto connection = transport_.Connect("unix:" + path, ear);
  connection->Send("hello");
  EXPECT_TRUE(TestWaitFor([&] {
    const auto ends = door_.ends();
    return !ends.empty() && ends.front().first->frames() == std::vector<std::string>{"hello"};
  }));
  EXPECT_EQ(Listen(folder + "/" + std::string(200, 's')).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Listen(folder + "/missing/" + std::string(60, 's')).status().code(),
            StatusCode::kNotFound);
}

TEST_F(SocketFileTest, OneThatAKilledProcessLeftRefuses) {
  const std::string path = directory_.path() + "/socket";
  {
    asio::io_context context;
    asio::local::stream_protocol::acceptor left(context, path);
  }
  EXPECT_EQ(ConnectAndClose(path).code(), StatusCode::kUnavailable);
  EXPECT_EQ(Listen(path).status().code(), StatusCode::kAlreadyExists);
  ASSERT_TRUE(files_.Remove(path).ok());
  EXPECT_TRUE(Listen(path).ok());
}

}  // namespace
}  // namespace weir::env
