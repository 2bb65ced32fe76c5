#include "weir/env/http_server.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "weir/base/limits.h"
#include "weir/env/socket_thread.h"

namespace weir::env {

namespace {

using asio::ip::tcp;
using Error = asio::error_code;

constexpr std::string_view kHeadEnd = "\r\n\r\n";

std::string_view ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    default:
      return "Internal Server Error";
  }
}

std::string Encoded(const HttpResponse& response, bool with_body) {
  return Concat("HTTP/1.1 ", response.status, " ", ReasonOf(response.status),
                "\r\nContent-Type: ", response.content_type,
                "\r\nContent-Length: ", response.body.size(),
                "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
                with_body ? response.body : std::string());
}

HttpResponse Complaint(int status, std::string text) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(text) + "\n";
  return response;
}

StatusOr<tcp::endpoint> ParseEndpoint(std::string_view address) {
  const size_t colon = address.rfind(':');
  std::string host(address.substr(0, std::min(colon, address.size())));
  if (host == "localhost") host = "127.0.0.1";
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  Error error;
  const asio::ip::address ip = asio::ip::make_address(host, error);
  uint16_t port = 0;
  const char* const end = address.data() + address.size();
  const char* const digits = colon == std::string_view::npos ? end : address.data() + colon + 1;
  const auto [rest, bad] = std::from_chars(digits, end, port);
  if (error || bad != std::errc() || rest != end) {
    return InvalidArgumentError(
        "\"", address,
        "\" is no address to listen on: give an IP address and a port, such "
        "as 127.0.0.1:9249");
  }
  return tcp::endpoint(ip, port);
}

}  // namespace

StatusOr<HttpRequest> ParseHttpRequest(std::string_view head) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const size_t first = line.find(' ');
  const size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos || line.find(' ', second + 1) != std::string_view::npos ||
      !line.substr(second + 1).starts_with("HTTP/1.") || first == 0 || line[first + 1] != '/') {
    return InvalidArgumentError("not a request of HTTP/1");
  }
  const std::string_view target = line.substr(first + 1, second - first - 1);
  return HttpRequest{.method = std::string(line.substr(0, first)),
                     .path = std::string(target.substr(0, target.find('?')))};
}

StatusOr<bool> IsLoopback(std::string_view address) {
  WEIR_ASSIGN_OR_RETURN(const tcp::endpoint endpoint, ParseEndpoint(address));
  return endpoint.address().is_loopback();
}

// One request and its answer.
class HttpServer::Connection final : public SocketMember,
                                     public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const Handler& handler)
      : handler_(handler), socket_(std::move(socket)), timer_(socket_.get_executor()) {}

  void Begin() {
    timer_.expires_after(limits::kHttpTimeout);
    timer_.async_wait([self = shared_from_this()](const Error& error) {
      if (!error) self->Shut();
    });
    asio::async_read_until(
        socket_, asio::dynamic_buffer(head_, limits::kHttpHeadBytesMax), kHeadEnd,
        [self = shared_from_this()](const Error& error, size_t bytes) {
          if (error && error != asio::error::not_found) return self->Shut();
          self->Answer(error ? std::string_view() : std::string_view(self->head_).substr(0, bytes));
        });
  }

  void Shut() override {
    Error ignored;
    timer_.cancel();
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
  }

 private:
  void Answer(std::string_view head) {
    const StatusOr<HttpRequest> request = ParseHttpRequest(head);
    bool with_body = true;
    HttpResponse response;
    if (!request.ok()) {
      response = Complaint(400, std::string(request.status().message()));
    } else if (request->method != "GET" && request->method != "HEAD") {
      response = Complaint(405, "only GET is answered here");
    } else {
      with_body = request->method == "GET";
      response = handler_(*request);
    }
    answer_ = Encoded(response, with_body);
    asio::async_write(socket_, asio::buffer(answer_),
                      [self = shared_from_this()](const Error&, size_t) { self->Shut(); });
  }

  const Handler& handler_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  std::string head_, answer_;
};

class HttpServer::Listener final : public SocketMember,
                                   public std::enable_shared_from_this<Listener> {
 public:
  Listener(SocketThread& thread, Handler handler)
      : thread_(thread),
        handler_(std::move(handler)),
        acceptor_(thread.context()),
        timer_(thread.context()) {}

  Status Open(const tcp::endpoint& endpoint, const std::string& address) {
    Error error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return UnavailableError("listen on ", address, ": ", error.message());
    return {};
  }

  std::string address() const {
    Error ignored;
    const tcp::endpoint endpoint = acceptor_.local_endpoint(ignored);
    const std::string host = endpoint.address().to_string();
    return Concat(endpoint.address().is_v6() ? "[" + host + "]" : host, ":", endpoint.port());
  }

  void Accept() {
    acceptor_.async_accept([self = shared_from_this()](const Error& error, tcp::socket socket) {
      if (error == asio::error::operation_aborted || !self->acceptor_.is_open()) return;
      if (error) return self->AcceptLater();
      self->Take(std::move(socket));
      self->Accept();
    });
  }

  void Shut() override {
    Error ignored;
    timer_.cancel();
    acceptor_.close(ignored);
  }

 private:
  // No descriptor is left, say: it may be better soon.
  void AcceptLater() {
    timer_.expires_after(limits::kAcceptRetryDelay);
    timer_.async_wait([self = shared_from_this()](const Error& error) {
      if (!error && self->acceptor_.is_open()) self->Accept();
    });
  }

  void Take(tcp::socket socket) {
    std::erase_if(open_, [](const std::weak_ptr<Connection>& c) { return c.expired(); });
    if (open_.size() >= limits::kHttpConnectionsMax) return;  // the socket closes
    const auto connection = std::make_shared<Connection>(std::move(socket), handler_);
    thread_.Add(connection);
    open_.push_back(connection);
    connection->Begin();
  }

  SocketThread& thread_;
  const Handler handler_;
  tcp::acceptor acceptor_;
  asio::steady_timer timer_;
  std::vector<std::weak_ptr<Connection>> open_;
};

StatusOr<std::unique_ptr<HttpServer>> HttpServer::Listen(const std::string& address,
                                                         Handler handler) {
  WEIR_ASSIGN_OR_RETURN(const tcp::endpoint endpoint, ParseEndpoint(address));
  std::unique_ptr<HttpServer> server(new HttpServer());
  server->thread_ = std::make_unique<SocketThread>("weir-http");
  server->listener_ = std::make_shared<Listener>(*server->thread_, std::move(handler));
  WEIR_RETURN_IF_ERROR(server->listener_->Open(endpoint, address));
  server->address_ = server->listener_->address();
  asio::post(server->thread_->context(),
             [&thread = *server->thread_, listener = server->listener_] {
               thread.Add(listener);
               listener->Accept();
             });
  return server;
}

HttpServer::~HttpServer() {
  if (thread_ != nullptr) thread_->Stop();
}

}  // namespace weir::env
