// HttpServer: answers requests of HTTP/1.1 for pages that are made when they are asked for, such as
// metrics. No more of HTTP than that: each connection is one GET, without a body, and ends with the
// answer.
//
// Whoever connects and says nothing, or too much, is let go of; at most
// limits::kHttpConnectionsMax are open at a time.
// Threads: the handler runs on the server's own thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "weir/base/status.h"

namespace weir::env {

class SocketThread;

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // without what is behind '?'
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// The head of a request, up to the empty line.
/// Errors: InvalidArgument when it is none.
StatusOr<HttpRequest> ParseHttpRequest(std::string_view head);

class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  /// Listens on "host:port"; port 0 takes a free one. GET and HEAD reach the handler.
  /// Errors: InvalidArgument: no such address; Unavailable: it cannot be had.
  static StatusOr<std::unique_ptr<HttpServer>> Listen(const std::string& address, Handler handler);

  /// No call of the handler is under way afterwards.
  ~HttpServer();

  /// "127.0.0.1:9249".
  const std::string& address() const { return address_; }

 private:
  class Listener;
  class Connection;
  HttpServer() = default;

  std::string address_;
  std::unique_ptr<SocketThread> thread_;
  std::shared_ptr<Listener> listener_;  // owners: the server, and what runs on the thread
};

/// Whether only this machine reaches "host:port".
/// Errors: InvalidArgument: no such address.
StatusOr<bool> IsLoopback(std::string_view address);

}  // namespace weir::env
