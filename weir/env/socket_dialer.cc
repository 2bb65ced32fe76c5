#include "weir/env/socket_dialer.h"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include <array>
#include <utility>

#include "weir/base/check.h"
#include "weir/base/limits.h"
#include "weir/env/socket_thread.h"

namespace weir::env {
namespace {

using asio::ip::tcp;
using Error = asio::error_code;

// Between two looks at what the other machine has not confirmed yet: from the time of a fast
// network on, doubled, to that of a slow one.
constexpr Duration kDrainLook = std::chrono::microseconds(100);
constexpr Duration kDrainLookMax = std::chrono::milliseconds(20);

}  // namespace

std::string HostAndPort(const std::string& host, uint16_t port) {
  const bool is_v6 = host.find(':') != std::string::npos;
  return is_v6 ? Concat("[", host, "]:", port) : Concat(host, ":", port);
}

// One connection, from its name to its close. All methods but Post run on the thread.
class SocketDialer::Wire final : public SocketMember, public std::enable_shared_from_this<Wire> {
 public:
  Wire(std::shared_ptr<SocketThread> thread, const std::string& host, uint16_t port)
      : thread_(std::move(thread)),
        peer_(HostAndPort(host, port)),
        resolver_(thread_->context()),
        socket_(thread_->context()),
        dial_timer_(thread_->context()),
        drain_timer_(thread_->context()) {}

  // Runs `call` on the thread; drops it when the wire was shut. Any thread.
  template <class F>
  void Post(F call) {
    const MutexLock lock(mutex_);
    if (!shut_) asio::post(thread_->context(), std::move(call));
  }

  void Dial(const std::string& host, uint16_t port,
            ResultCallback<std::unique_ptr<ByteStream>> done);
  void Read(ResultCallback<std::string> done);
  void Write(std::string bytes, StatusCallback done);
  void Drain(StatusCallback done);

  void Shut() override {
    {
      const MutexLock lock(mutex_);
      shut_ = true;
    }
    dialed_ = nullptr;  // a name that is found later connects no more
    Error ignored;      // Linux closes it whatever close(2) says
    socket_.close(ignored);
    resolver_.cancel();
    dial_timer_.cancel();
    drain_timer_.cancel();
  }

 private:
  Status StatusOf(const Error& error, std::string_view doing) const {
    return UnavailableError(doing, " ", peer_, ": ", error.message());
  }
  void Connected(const Error& error);
  void EndDial(StatusOr<std::unique_ptr<ByteStream>> result);
  void LookAtDrain(Duration pause);
  Status Confirmed(bool& all);

  const std::shared_ptr<SocketThread> thread_;
  const std::string peer_;
  tcp::resolver resolver_;
  tcp::socket socket_;
  asio::steady_timer dial_timer_;
  asio::steady_timer drain_timer_;
  ResultCallback<std::unique_ptr<ByteStream>> dialed_;
  StatusCallback drained_;
  std::array<char, limits::kStreamReadBytesMax> read_;
  bool ended_ = false;  // the other end has said all
  std::string writing_;

  Mutex mutex_;
  bool shut_ WEIR_GUARDED_BY(mutex_) = false;
};

// What a caller holds of a connection. Its calls run on the thread.
class SocketDialer::Stream final : public ByteStream {
 public:
  explicit Stream(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}
  ~Stream() override {
    wire_->Post([wire = wire_] { wire->Shut(); });
  }

  void Read(ResultCallback<std::string> done) override {
    wire_->Post([wire = wire_, done = std::move(done)]() mutable { wire->Read(std::move(done)); });
  }
  void Write(std::string bytes, StatusCallback done) override {
    wire_->Post([wire = wire_, bytes = std::move(bytes), done = std::move(done)]() mutable {
      wire->Write(std::move(bytes), std::move(done));
    });
  }
  void Drain(StatusCallback done) override {
    wire_->Post([wire = wire_, done = std::move(done)]() mutable { wire->Drain(std::move(done)); });
  }

 private:
  const std::shared_ptr<Wire> wire_;  // owners: the stream, and operations under way
};

void SocketDialer::Wire::Dial(const std::string& host, uint16_t port,
                              ResultCallback<std::unique_ptr<ByteStream>> done) {
  thread_->Add(shared_from_this());
  dialed_ = std::move(done);
  dial_timer_.expires_after(limits::kDialTimeout);
  dial_timer_.async_wait([self = shared_from_this()](const Error& error) {
    if (error || !self->dialed_) return;
    self->EndDial(UnavailableError("connect to ", self->peer_, ": no answer"));
    self->Shut();
  });
  // An address waits for no name server.
  Error no_address;
  const asio::ip::address address = asio::ip::make_address(host, no_address);
  if (!no_address) {
    return socket_.async_connect(
        tcp::endpoint(address, port),
        [self = shared_from_this()](const Error& failure) { self->Connected(failure); });
  }
  // Also names of this machine while it has no other address: no address_configured.
  resolver_.async_resolve(
      host, std::to_string(port), tcp::resolver::numeric_service,
      [self = shared_from_this()](const Error& error, const tcp::resolver::results_type& found) {
        if (!self->dialed_) return;
        if (error) return self->Connected(error);
        asio::async_connect(
            self->socket_, found,
            [self](const Error& failure, const tcp::endpoint&) { self->Connected(failure); });
      });
}

void SocketDialer::Wire::Connected(const Error& error) {
  if (!dialed_) return;  // too late
  if (error) return EndDial(StatusOf(error, "connect to"));
  Error ignored;  // slower without it, no more
  if (socket_.local_endpoint(ignored) == socket_.remote_endpoint(ignored)) {
    // Linux connects a port of this machine to itself when nobody listens and chance wills it.
    EndDial(UnavailableError("connect to ", peer_, ": nobody listens there"));
    return Shut();
  }
  socket_.set_option(tcp::no_delay(true), ignored);
  // A machine that is gone without a word is noticed after two minutes.
  const int number = socket_.native_handle();
  const auto set = [number](int level, int option, int value) {
    ::setsockopt(number, level, option, &value, sizeof(value));
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set(IPPROTO_TCP, TCP_KEEPCNT, 6);
  EndDial(std::make_unique<Stream>(shared_from_this()));
}

void SocketDialer::Wire::EndDial(StatusOr<std::unique_ptr<ByteStream>> result) {
  dial_timer_.cancel();
  auto done = std::move(dialed_);
  dialed_ = nullptr;
  done(std::move(result));
}

void SocketDialer::Wire::Read(ResultCallback<std::string> done) {
  // asio would wait for ever for news of an end that it has told already.
  if (ended_) return done(std::string());
  socket_.async_read_some(asio::buffer(read_), [self = shared_from_this(), done = std::move(done)](
                                                   const Error& error, size_t count) mutable {
    self->ended_ = error == asio::error::eof;
    if (self->ended_) return done(std::string());
    if (error) return done(self->StatusOf(error, "read from"));
    done(std::string(self->read_.data(), count));
  });
}

void SocketDialer::Wire::Write(std::string bytes, StatusCallback done) {
  writing_ = std::move(bytes);
  asio::async_write(
      socket_, asio::buffer(writing_),
      [self = shared_from_this(), done = std::move(done)](const Error& error, size_t) mutable {
        done(error ? self->StatusOf(error, "write to") : Status());
      });
}

void SocketDialer::Wire::Drain(StatusCallback done) {
  drained_ = std::move(done);
  LookAtDrain(kDrainLook);
}

void SocketDialer::Wire::LookAtDrain(Duration pause) {
  bool all = false;
  const Status status = Confirmed(all);
  if (!status.ok() || all) {
    StatusCallback done = std::move(drained_);
    drained_ = nullptr;
    return done(status);
  }
  drain_timer_.expires_after(pause);
  drain_timer_.async_wait([self = shared_from_this(), pause](const Error& error) {
    if (!error && self->drained_) self->LookAtDrain(std::min(2 * pause, kDrainLookMax));
  });
}

// Whether the other machine has confirmed everything. A connection that broke has an empty queue
// too: so its state is asked for behind the queue.
Status SocketDialer::Wire::Confirmed(bool& all) {
  int left = 0;
  tcp_info info{};
  socklen_t bytes = sizeof(info);
  const int number = socket_.native_handle();
  if (::ioctl(number, SIOCOUTQ, &left) != 0 ||
      ::getsockopt(number, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0 ||
      info.tcpi_state == TCP_CLOSE) {
    return UnavailableError("write to ", peer_, ": the connection broke");
  }
  all = left == 0;
  return {};
}

SocketDialer::SocketDialer() = default;

SocketDialer::~SocketDialer() {
  std::shared_ptr<SocketThread> thread;
  {
    const MutexLock lock(mutex_);
    thread = std::move(thread_);
  }
  if (thread != nullptr) thread->Stop();
}

std::shared_ptr<SocketThread> SocketDialer::Thread() {
  const MutexLock lock(mutex_);
  if (thread_ == nullptr) thread_ = std::make_shared<SocketThread>("weir-dialer");
  return thread_;
}

void SocketDialer::Dial(std::string host, uint16_t port,
                        ResultCallback<std::unique_ptr<ByteStream>> done) {
  std::shared_ptr<SocketThread> thread = Thread();
  auto wire = std::make_shared<Wire>(thread, host, port);
  asio::post(thread->context(),
             [wire, host = std::move(host), port, done = std::move(done)]() mutable {
               wire->Dial(host, port, std::move(done));
             });
}

}  // namespace weir::env
