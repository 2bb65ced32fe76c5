#include "weir/env/socket_transport.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

#include "weir/base/bytes.h"
#include "weir/base/limits.h"
#include "weir/env/call_gate.h"
#include "weir/env/posix_file_system.h"
#include "weir/env/socket_thread.h"

namespace weir::env {
namespace {

using asio::ip::tcp;
using Protocol = asio::generic::stream_protocol;  // of the internet, or of files
using Socket = Protocol::socket;
using Endpoint = Protocol::endpoint;
using Error = asio::error_code;

constexpr std::string_view kMagic = "WEIR";
constexpr uint32_t kVersion = 1;
constexpr size_t kHelloBytes = kMagic.size() + sizeof(uint32_t);
constexpr size_t kLengthBytes = sizeof(uint32_t);
constexpr size_t kReadBytes = 64 << 10;  // asked of the kernel at once: two frames of exchange
constexpr std::string_view kFileScheme = "unix:";
constexpr size_t kSocketPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;

std::string Hello() {
  base::ByteWriter hello;
  hello.Raw(kMagic);
  hello.U32(kVersion);
  return hello.Take();
}

std::string LengthOf(const std::string& frame) {
  base::ByteWriter length;
  length.U32(static_cast<uint32_t>(frame.size()));
  return length.Take();
}

StatusOr<Endpoint> ParseInternet(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) {
    return InvalidArgumentError("address is not host:port: '", address, "'");
  }
  std::string host = address.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  uint16_t port = 0;
  const char* const end = address.data() + address.size();
  const auto [rest, bad] = std::from_chars(address.data() + colon + 1, end, port);
  Error error;
  const asio::ip::address ip = asio::ip::make_address(host, error);
  if (error || bad != std::errc() || rest != end) {
    return InvalidArgumentError("address is not host:port with a numeric host: '", address, "'");
  }
  if (!ip.is_loopback()) {
    return InvalidArgumentError(
        "address is not a loopback address, and this transport does not encrypt: '", address, "'");
  }
  return Endpoint(tcp::endpoint(ip, port));
}

// A directory held open: sockets in it have a short name, however long its path is.
class Directory {
 public:
  explicit Directory(const std::string& path)
      : number_(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}
  ~Directory() {
    if (number_ >= 0) ::close(number_);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  bool is_open() const { return number_ >= 0; }
  std::string path() const { return Concat("/proc/self/fd/", number_); }

 private:
  const int number_;
};

// Where to connect or listen.
struct Target {
  Endpoint endpoint;
  std::string file;  // of a socket of a file: its path
  // What the endpoint's name needs; owners: this and its copies.
  std::shared_ptr<Directory> directory = nullptr;
};

StatusOr<Target> ParseFile(const std::string& path) {
  using asio::local::stream_protocol;
  if (path.empty()) return InvalidArgumentError("address of a socket has no path");
  Target target;
  target.file = path;
  if (path.size() <= kSocketPathBytesMax) {
    target.endpoint = stream_protocol::endpoint(path);
    return target;
  }
  target.directory = std::make_shared<Directory>(DirectoryOf(path));
  if (!target.directory->is_open()) return ErrnoStatus(errno, "open", DirectoryOf(path));
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::string alias = JoinPath(target.directory->path(), name);
  if (alias.size() > kSocketPathBytesMax) {
    return InvalidArgumentError("name of a socket is longer than ",
                                kSocketPathBytesMax - target.directory->path().size() - 1,
                                " bytes: '", name, "'");
  }
  target.endpoint = stream_protocol::endpoint(alias);
  return target;
}

StatusOr<Target> ParseAddress(const std::string& address) {
  if (address.starts_with(kFileScheme)) return ParseFile(address.substr(kFileScheme.size()));
  WEIR_ASSIGN_OR_RETURN(const Endpoint endpoint, ParseInternet(address));
  return Target{.endpoint = endpoint, .file = {}};
}

std::string ToString(const Endpoint& endpoint) {
  if (endpoint.protocol().family() == AF_UNIX) return "a process of this machine";
  tcp::endpoint internet;
  std::memcpy(internet.data(), endpoint.data(), endpoint.size());
  internet.resize(endpoint.size());
  const std::string host = internet.address().to_string();
  return internet.address().is_v6() ? Concat("[", host, "]:", internet.port())
                                    : Concat(host, ":", internet.port());
}

}  // namespace

// One socket, from connect or accept to close.
class SocketTransport::Link final : public SocketMember, public std::enable_shared_from_this<Link> {
 public:
  Link(std::shared_ptr<SocketThread> io, Socket socket, std::string address)
      : io_(std::move(io)),
        socket_(std::move(socket)),
        hello_timer_(io_->context()),
        address_(std::move(address)) {
    const MutexLock lock(mutex_);
    outbox_.push_back(Hello());
  }

  // Any thread.
  void Send(std::string frame);
  void CloseByOwner();

  // The transport's thread.
  void Connect(const StatusOr<Target>& target);
  void Begin(std::shared_ptr<CallGate<Acceptor>> acceptor);
  void Shut() override;

  CallGate<ConnectionHandler>& handler() { return handler_; }

 private:
  void StartReading();
  void StartWriting();
  Status Consume();
  Status Greet(std::string_view hello);
  Status Introduce();
  void Fail(const Status& reason);
  void FailWith(const Error& error);
  bool MarkClosed();
  void CloseSocket();

  const std::shared_ptr<SocketThread> io_;
  Socket socket_;
  asio::steady_timer hello_timer_;
  const std::string address_;
  CallGate<ConnectionHandler> handler_;
  std::shared_ptr<CallGate<Acceptor>> acceptor_;  // of an accepted link, until it is introduced

  std::array<char, kReadBytes> read_;
  std::string inbox_;  // what was read and not consumed: at most a frame and kReadBytes
  bool greeted_ = false;
  std::vector<std::string> in_flight_;  // what the kernel is being given

  Mutex mutex_;
  // Lengths and frames in turns; bounded by the senders' credits.
  std::vector<std::string> outbox_ WEIR_GUARDED_BY(mutex_);
  bool connected_ WEIR_GUARDED_BY(mutex_) = false;
  bool writing_ WEIR_GUARDED_BY(mutex_) = false;
  bool closed_ WEIR_GUARDED_BY(mutex_) = false;
};

class SocketTransport::End final : public Connection {
 public:
  explicit End(std::shared_ptr<Link> link) : link_(std::move(link)) {}
  ~End() override { link_->CloseByOwner(); }

  void Send(std::string frame) override {
    WEIR_CHECK(frame.size() <= limits::kMessageBytesMax);
    link_->Send(std::move(frame));
  }

 private:
  const std::shared_ptr<Link> link_;  // owners: the end, and operations under way
};

void SocketTransport::Link::Send(std::string frame) {
  const MutexLock lock(mutex_);
  if (closed_) return;
  outbox_.push_back(LengthOf(frame));
  outbox_.push_back(std::move(frame));
  if (!connected_ || writing_) return;
  writing_ = true;
  asio::post(io_->context(), [self = shared_from_this()] { self->StartWriting(); });
}

void SocketTransport::Link::CloseByOwner() {
  handler_.Close();
  if (!MarkClosed()) return;
  asio::post(io_->context(), [self = shared_from_this()] { self->CloseSocket(); });
}

void SocketTransport::Link::Connect(const StatusOr<Target>& target) {
  io_->Add(shared_from_this());
  if (!target.ok()) return Fail(target.status().Annotated("connect"));
  const auto keep = target->directory;
  socket_.async_connect(target->endpoint, [self = shared_from_this(), keep](const Error& error) {
    if (error.value() == ENOENT)
      return self->Fail(UnavailableError("connect ", self->address_, ": there is no such socket"));
    if (error) return self->Fail(ErrnoStatus(error.value(), "connect", self->address_));
    self->Begin(/*acceptor=*/nullptr);
  });
}

void SocketTransport::Link::Begin(std::shared_ptr<CallGate<Acceptor>> acceptor) {
  if (acceptor != nullptr) io_->Add(shared_from_this());
  acceptor_ = std::move(acceptor);
  Error ignored;  // slower without it, no more
  socket_.set_option(tcp::no_delay(true), ignored);
  hello_timer_.expires_after(limits::kHelloTimeout);
  hello_timer_.async_wait([self = shared_from_this()](const Error& error) {
    if (error) return;
    self->Fail(UnavailableError("connection to ", self->address_, ": the peer does not answer"));
  });
  {
    const MutexLock lock(mutex_);
    if (closed_) return;
    connected_ = writing_ = true;
  }
  StartWriting();
  StartReading();
}

void SocketTransport::Link::StartWriting() {
  {
    const MutexLock lock(mutex_);
    in_flight_.clear();
    in_flight_.swap(outbox_);
    writing_ = !in_flight_.empty() && !closed_;
    if (!writing_) return;
  }
  std::vector<asio::const_buffer> buffers;
  buffers.reserve(in_flight_.size());
  for (const std::string& bytes : in_flight_) buffers.push_back(asio::buffer(bytes));
  asio::async_write(socket_, buffers, [self = shared_from_this()](const Error& error, size_t) {
    if (!error) return self->StartWriting();
    // What was read before the connection broke is still delivered: the reader reports the end,
    // which comes now if it has not.
    Error ignored;
    self->socket_.shutdown(Socket::shutdown_both, ignored);
  });
}

void SocketTransport::Link::StartReading() {
  socket_.async_read_some(asio::buffer(read_),
                          [self = shared_from_this()](const Error& error, size_t count) {
                            if (error) return self->FailWith(error);
                            self->inbox_.append(self->read_.data(), count);
                            const Status consumed = self->Consume();
                            if (!consumed.ok()) return self->Fail(consumed);
                            self->StartReading();
                          });
}

// Delivers every whole frame of the inbox.
Status SocketTransport::Link::Consume() {
  std::string_view rest = inbox_;
  if (!greeted_) {
    if (rest.size() < kHelloBytes) return {};
    WEIR_RETURN_IF_ERROR(Greet(rest.substr(0, kHelloBytes)));
    rest.remove_prefix(kHelloBytes);
  }
  while (rest.size() >= kLengthBytes) {
    const size_t length = base::ByteReader(rest).U32();
    if (length > limits::kMessageBytesMax) {
      return DataLossError("connection to ", address_, ": frame longer than ",
                           limits::kMessageBytesMax, " bytes: ", length);
    }
    if (rest.size() < kLengthBytes + length) break;
    std::string frame(rest.substr(kLengthBytes, length));
    rest.remove_prefix(kLengthBytes + length);
    handler_.Call([&](ConnectionHandler& h) { h.OnFrame(std::move(frame)); });
  }
  inbox_.erase(0, inbox_.size() - rest.size());
  return {};
}

Status SocketTransport::Link::Greet(std::string_view hello) {
  if (hello != Hello()) {
    return FailedPreconditionError("connection to ", address_,
                                   ": the peer is not a Weir process of this version");
  }
  greeted_ = true;
  hello_timer_.cancel();
  return acceptor_ == nullptr ? Status() : Introduce();
}

Status SocketTransport::Link::Introduce() {
  std::shared_ptr<ConnectionHandler> handler;
  acceptor_->Call([&](Acceptor& acceptor) {
    handler = acceptor.Accept(std::make_shared<End>(shared_from_this()));
  });
  acceptor_.reset();
  if (handler == nullptr) return UnavailableError("connection from ", address_, ": refused");
  handler_.Open(std::move(handler));
  return {};
}

void SocketTransport::Link::FailWith(const Error& error) {
  if (error == asio::error::eof) {
    return Fail(UnavailableError("connection to ", address_, ": closed by the other end"));
  }
  Fail(ErrnoStatus(error.value(), "connection to", address_));
}

void SocketTransport::Link::Fail(const Status& reason) {
  if (!MarkClosed()) return;
  handler_.Call([&](ConnectionHandler& h) { h.OnClosed(reason); });
  handler_.Close();
  CloseSocket();
}

void SocketTransport::Link::Shut() {
  handler_.Close();
  MarkClosed();
  CloseSocket();
}

// False if it was closed already.
bool SocketTransport::Link::MarkClosed() {
  const MutexLock lock(mutex_);
  outbox_.clear();
  return !std::exchange(closed_, true);
}

void SocketTransport::Link::CloseSocket() {
  hello_timer_.cancel();
  Error ignored;  // Linux closes it whatever close(2) says
  socket_.close(ignored);
}

// A listening socket.
class SocketTransport::Port final : public SocketMember, public std::enable_shared_from_this<Port> {
 public:
  using ListeningSocket = asio::basic_socket_acceptor<Protocol>;

  // `file` is the path of a socket of a file.
  Port(std::shared_ptr<SocketThread> io, ListeningSocket socket, std::string file,
       Acceptor& acceptor)
      : io_(std::move(io)),
        file_(std::move(file)),
        retry_(io_->context()),
        gate_(std::make_shared<CallGate<Acceptor>>(Borrowed(acceptor))),
        socket_(std::move(socket)) {}

  // The transport's thread.
  void Start() {
    io_->Add(shared_from_this());
    AcceptNext();
  }
  void Shut() override { Close(); }

  // Any thread. The address is free when it returns.
  void Close() {
    gate_->Close();
    const MutexLock lock(mutex_);
    if (!socket_.is_open()) return;
    // Whoever still finds the name is told that nobody listens.
    if (!file_.empty()) ::unlink(file_.c_str());
    Error ignored;  // Linux closes it whatever close(2) says
    socket_.close(ignored);
  }

 private:
  void AcceptNext() {
    const MutexLock lock(mutex_);
    if (!socket_.is_open()) return;
    socket_.async_accept([self = shared_from_this()](const Error& error, Socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return self->RetryLater();
      self->Welcome(std::move(socket));
      self->AcceptNext();
    });
  }

  void Welcome(Socket socket) {
    Error error;
    const Endpoint peer = socket.remote_endpoint(error);
    if (error) return;  // gone already
    const auto link = std::make_shared<Link>(io_, std::move(socket), ToString(peer));
    link->Begin(gate_);
  }

  // Out of descriptors, most likely: trying again at once would only burn the processor.
  void RetryLater() {
    retry_.expires_after(limits::kAcceptRetryDelay);
    retry_.async_wait([self = shared_from_this()](const Error&) { self->AcceptNext(); });
  }

  const std::shared_ptr<SocketThread> io_;
  const std::string file_;
  asio::steady_timer retry_;
  // Owners: the port, and links not yet introduced.
  const std::shared_ptr<CallGate<Acceptor>> gate_;
  Mutex mutex_;
  ListeningSocket socket_ WEIR_GUARDED_BY(mutex_);
};

class SocketTransport::PortHandle final : public Listener {
 public:
  PortHandle(std::shared_ptr<Port> port, std::string address)
      : port_(std::move(port)), address_(std::move(address)) {}
  ~PortHandle() override { port_->Close(); }
  std::string address() const override { return address_; }

 private:
  const std::shared_ptr<Port> port_;  // owners: the handle, and operations under way
  const std::string address_;
};

SocketTransport::SocketTransport() : io_(std::make_shared<SocketThread>("weir-sockets")) {}

SocketTransport::~SocketTransport() { io_->Stop(); }

StatusOr<std::unique_ptr<Listener>> SocketTransport::Listen(const std::string& address,
                                                            Acceptor& acceptor) {
  WEIR_ASSIGN_OR_RETURN(const Target target, ParseAddress(address));
  Port::ListeningSocket socket(io_->context());
  Error error;
  socket.open(target.endpoint.protocol(), error);
  const bool file = !target.file.empty();
  // A process that was killed a moment ago must not keep its successor from the address.
  if (!error && !file) socket.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) socket.bind(target.endpoint, error);
  // Before anybody can connect: nobody else may.
  if (!error && file && ::chmod(target.file.c_str(), S_IRUSR | S_IWUSR) != 0)
    error = Error(errno, asio::error::get_system_category());
  if (!error) socket.listen(asio::socket_base::max_listen_connections, error);
  const Endpoint bound = error || file ? target.endpoint : socket.local_endpoint(error);
  if (error == asio::error::address_in_use) {
    return AlreadyExistsError("listen on ", address, ": address is taken");
  }
  if (error) return ErrnoStatus(error.value(), "listen on", address);
  auto port = std::make_shared<Port>(io_, std::move(socket), target.file, acceptor);
  asio::post(io_->context(), [port] { port->Start(); });
  return std::make_unique<PortHandle>(std::move(port), file ? address : ToString(bound));
}

std::shared_ptr<Connection> SocketTransport::Connect(const std::string& address,
                                                     std::shared_ptr<ConnectionHandler> handler) {
  auto link = std::make_shared<Link>(io_, Socket(io_->context()), address);
  link->handler().Open(std::move(handler));
  asio::post(io_->context(), [link, target = ParseAddress(address)] { link->Connect(target); });
  return std::make_shared<End>(std::move(link));
}

}  // namespace weir::env
