#include "weir/env/socket_dialer.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weir/env/dialer_conformance.h"
#include "weir/env/test_wait.h"

namespace weir::env {
namespace {

// A server on the loopback interface, which the test's own thread serves.
class LoopbackServer {
 public:
  LoopbackServer() : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof(address);
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    WEIR_CHECK(::bind(listening_, raw, bytes) == 0 && ::listen(listening_, 8) == 0 &&
               ::getsockname(listening_, raw, &bytes) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~LoopbackServer() {
    Hang();
    ::close(listening_);
  }

  uint16_t port() const { return port_; }

  // The newest connection.
  int peer() {
    while (Readable(listening_)) {
      Hang();
      peer_ = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
      heard_.clear();
    }
    WEIR_CHECK(peer_ >= 0);
    return peer_;
  }
  void Say(std::string_view bytes) {
    for (const int to = peer(); !bytes.empty();) {
      const ssize_t sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      WEIR_CHECK(sent > 0);
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  void End() { ::shutdown(peer(), SHUT_WR); }
  void Reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(peer(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    Hang();
  }
  std::string Heard() {
    std::string piece(1000, '\0');
    for (const int from = peer(); Readable(from);) {
      const ssize_t count = ::recv(from, piece.data(), piece.size(), 0);
      if (count <= 0) break;
      heard_.append(piece, 0, static_cast<size_t>(count));
    }
    return heard_;
  }

 private:
  static bool Readable(int number) {
    pollfd wanted{.fd = number, .events = POLLIN, .revents = 0};
    return ::poll(&wanted, 1, /*timeout=*/0) == 1;
  }
  void Hang() {
    if (peer_ >= 0) ::close(peer_);
    peer_ = -1;
  }

  const int listening_;
  uint16_t port_ = 0;
  int peer_ = -1;
  std::string heard_;
};

uint16_t PortOfNobody() { return LoopbackServer().port(); }

class RealSockets final : public DialerWorld {
 public:
  Dialer& dialer() override { return dialer_; }
  std::string host() override { return "localhost"; }
  uint16_t port() override { return server_.port(); }
  uint16_t dead_port() override { return PortOfNobody(); }
  bool WaitFor(const std::function<bool()>& done) override { return TestWaitFor(done); }
  void Settle() override { TestSettle(); }
  void Say(const std::string& bytes) override { server_.Say(bytes); }
  void End() override { server_.End(); }
  void Reset() override { server_.Reset(); }
  std::string Heard() override { return server_.Heard(); }

 private:
  LoopbackServer server_;
  SocketDialer dialer_;
};

std::unique_ptr<DialerWorld> MakeRealSockets() { return std::make_unique<RealSockets>(); }
INSTANTIATE_TEST_SUITE_P(Sockets, DialerConformance, testing::Values(&MakeRealSockets));

TEST(SocketDialer, ANameThatNobodyKnows) {
  SocketDialer dialer;
  Kept<StatusOr<std::unique_ptr<ByteStream>>> dialed;
  dialer.Dial("no such host", 1, dialed.callback());
  ASSERT_TRUE(TestWaitFor([&] { return dialed.there(); }));
  const Status status = dialed.Take().status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(status.message().starts_with("connect to no such host:1: ")) << status;
}

TEST(SocketDialer, AnAddressInsteadOfAName) {
  LoopbackServer server;
  SocketDialer dialer;
  Kept<StatusOr<std::unique_ptr<ByteStream>>> dialed;
  dialer.Dial("127.0.0.1", server.port(), dialed.callback());
  ASSERT_TRUE(TestWaitFor([&] { return dialed.there(); }));
  EXPECT_TRUE(dialed.Take().ok());
}

TEST(SocketDialer, StreamsMayOutliveIt) {
  LoopbackServer server;
  auto dialer = std::make_unique<SocketDialer>();
  Kept<StatusOr<std::unique_ptr<ByteStream>>> dialed;
  dialer->Dial("localhost", server.port(), dialed.callback());
  ASSERT_TRUE(TestWaitFor([&] { return dialed.there(); }));
  auto stream = *dialed.Take();
  Kept<StatusOr<std::string>> read;
  stream->Read(read.callback());
  dialer = nullptr;
  stream->Write("nobody", [](const Status&) { ADD_FAILURE(); });
  stream = nullptr;
}

TEST(SocketDialer, WhatTheOtherProgramDoesNotReadIsNotDrainedForEver) {
  LoopbackServer server;
  SocketDialer dialer;
  Kept<StatusOr<std::unique_ptr<ByteStream>>> dialed;
  dialer.Dial("localhost", server.port(), dialed.callback());
  ASSERT_TRUE(TestWaitFor([&] { return dialed.there(); }));
  auto stream = *dialed.Take();
  Kept<Status> written, drained;
  stream->Write(std::string(50'000'000, 'x'), written.callback());  // more than buffers hold
  stream->Drain(drained.callback());
  TestSettle();
  EXPECT_FALSE(drained.there());
  server.Reset();
  ASSERT_TRUE(TestWaitFor([&] { return drained.there(); }));
  EXPECT_EQ(drained.Take().code(), StatusCode::kUnavailable);
}

TEST(HostAndPort, AddressesWithColonsStandInBrackets) {
  EXPECT_EQ(HostAndPort("localhost", 9999), "localhost:9999");
  EXPECT_EQ(HostAndPort("::1", 80), "[::1]:80");
}

}  // namespace
}  // namespace weir::env
