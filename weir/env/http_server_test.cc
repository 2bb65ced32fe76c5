#include "weir/env/http_server.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>

#include "weir/env/socket_dialer.h"

namespace weir::env {
namespace {

HttpResponse Echo(const HttpRequest& request) {
  HttpResponse response;
  response.body = request.path;
  return response;
}

// What the server says to `text`, until it closes the connection.
std::string Ask(const HttpServer& server, const std::string& text) {
  SocketDialer dialer;
  const auto colon = server.address().rfind(':');
  std::promise<std::unique_ptr<ByteStream>> dialed;
  dialer.Dial("127.0.0.1", static_cast<uint16_t>(std::stoi(server.address().substr(colon + 1))),
              [&](StatusOr<std::unique_ptr<ByteStream>> stream) {
                dialed.set_value(stream.ok() ? *std::move(stream) : nullptr);
              });
  const std::unique_ptr<ByteStream> stream = dialed.get_future().get();
  if (stream == nullptr) return "nobody";
  std::promise<void> written;
  stream->Write(text, [&](const Status&) { written.set_value(); });
  written.get_future().get();
  std::string answer;
  for (;;) {
    std::promise<std::string> read;
    stream->Read([&](StatusOr<std::string> bytes) {
      read.set_value(bytes.ok() ? *std::move(bytes) : std::string());
    });
    const std::string bytes = read.get_future().get();
    if (bytes.empty()) return answer;
    answer += bytes;
  }
}

TEST(HttpServer, AnswersAGet) {
  const auto server = HttpServer::Listen("127.0.0.1:0", Echo).value();
  const std::string answer = Ask(*server, "GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(answer.find("HTTP/1.1 200 OK\r\n"), 0u) << answer;
  EXPECT_NE(answer.find("Content-Length: 8\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n/metrics")) << answer;
}

TEST(HttpServer, AnswersAHeadWithoutTheBody) {
  const auto server = HttpServer::Listen("localhost:0", Echo).value();
  EXPECT_TRUE(Ask(*server, "HEAD /metrics HTTP/1.0\r\n\r\n").ends_with("\r\n\r\n"));
}

TEST(HttpServer, SaysWhatItDoesNotTake) {
  const auto server = HttpServer::Listen("127.0.0.1:0", Echo).value();
  EXPECT_EQ(Ask(*server, "POST / HTTP/1.1\r\n\r\n").find("HTTP/1.1 405 "), 0u);
  EXPECT_EQ(Ask(*server, "hello\r\n\r\n").find("HTTP/1.1 400 "), 0u);
  EXPECT_EQ(Ask(*server, "GET /" + std::string(100'000, 'x')).find("HTTP/1.1 400 "), 0u);
  EXPECT_EQ(Ask(*server, "GET /still HTTP/1.1\r\n\r\n").find("HTTP/1.1 200 "), 0u);
}

TEST(HttpServer, AnAddressThatCannotBeHadIsNamed) {
  const auto server = HttpServer::Listen("127.0.0.1:0", Echo).value();
  const Status taken = HttpServer::Listen(server->address(), Echo).status();
  EXPECT_EQ(taken.code(), StatusCode::kUnavailable);
  EXPECT_NE(taken.message().find(server->address()), std::string::npos) << taken;
  for (const char* address : {"", "nonsense", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", ":80"})
    EXPECT_EQ(HttpServer::Listen(address, Echo).status().code(), StatusCode::kInvalidArgument);
}

TEST(HttpServer, EndsWithOpenConnections) {
  auto server = HttpServer::Listen("127.0.0.1:0", Echo).value();
  SocketDialer dialer;
  const auto colon = server->address().rfind(':');
  std::promise<std::unique_ptr<ByteStream>> dialed;
  dialer.Dial(
      "127.0.0.1", static_cast<uint16_t>(std::stoi(server->address().substr(colon + 1))),
      [&](StatusOr<std::unique_ptr<ByteStream>> stream) { dialed.set_value(*std::move(stream)); });
  const std::unique_ptr<ByteStream> silent = dialed.get_future().get();
  server.reset();
}

TEST(HttpServer, KnowsWhoCanReachAnAddress) {
  EXPECT_TRUE(IsLoopback("127.0.0.1:80").value());
  EXPECT_TRUE(IsLoopback("localhost:80").value());
  EXPECT_TRUE(IsLoopback("[::1]:80").value());
  EXPECT_FALSE(IsLoopback("0.0.0.0:80").value());
  EXPECT_FALSE(IsLoopback("10.0.0.1:80").value());
}

}  // namespace
}  // namespace weir::env
