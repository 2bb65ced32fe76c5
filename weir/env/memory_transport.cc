#include "weir/env/memory_transport.h"

#include <array>
#include <map>
#include <utility>
#include <vector>

#include "weir/base/limits.h"
#include "weir/env/call_gate.h"

namespace weir::env {

// The two handlers of a connection; end 0 connected, end 1 accepted.
class MemoryTransport::Link : public std::enable_shared_from_this<Link> {
 public:
  Link(EventLoop& delivery, std::string address, std::shared_ptr<ConnectionHandler> connected)
      : delivery_(delivery), address_(std::move(address)) {
    handlers_[0].Open(std::move(connected));
  }

  const std::string& address() const { return address_; }

  void Accept(Acceptor& acceptor);

  void Send(size_t to, std::string frame) {
    delivery_.Post([self = shared_from_this(), to, frame = std::move(frame)]() mutable {
      self->handlers_[to].Call([&](ConnectionHandler& h) { h.OnFrame(std::move(frame)); });
    });
  }

  // `end` hears that the connection is over, and nothing after.
  void Break(size_t end, Status reason) {
    delivery_.Post([self = shared_from_this(), end, reason = std::move(reason)] {
      CallGate<ConnectionHandler>& handler = self->handlers_[end];
      handler.Call([&](ConnectionHandler& h) { h.OnClosed(reason); });
      handler.Close();
    });
  }

  // The owner of `end` has destroyed it.
  void Close(size_t end) {
    handlers_[end].Close();
    Break(1 - end, UnavailableError("connection to ", address_, ": closed by the other end"));
  }

  void CloseBoth() {
    for (CallGate<ConnectionHandler>& handler : handlers_) handler.Close();
  }

 private:
  EventLoop& delivery_;
  const std::string address_;
  std::array<CallGate<ConnectionHandler>, 2> handlers_;
};

class MemoryTransport::End final : public Connection {
 public:
  End(std::shared_ptr<Link> link, size_t end) : link_(std::move(link)), end_(end) {}
  ~End() override { link_->Close(end_); }

  void Send(std::string frame) override {
    WEIR_CHECK(frame.size() <= limits::kMessageBytesMax);
    link_->Send(1 - end_, std::move(frame));
  }

 private:
  const std::shared_ptr<Link> link_;  // owners: both ends, and closures under way
  const size_t end_;
};

void MemoryTransport::Link::Accept(Acceptor& acceptor) {
  auto handler = acceptor.Accept(std::make_shared<End>(shared_from_this(), 1));
  if (handler == nullptr) return Close(1);
  handlers_[1].Open(std::move(handler));
}

// Who listens where, and all connections that may still be open.
class MemoryTransport::Hub : public std::enable_shared_from_this<Hub> {
 public:
  using Gate = CallGate<Acceptor>;

  explicit Hub(EventLoop& delivery) : delivery_(delivery) {}

  Status Listen(const std::string& address, std::shared_ptr<Gate> gate) {
    const MutexLock lock(mutex_);
    if (listening_.emplace(address, std::move(gate)).second) return {};
    return AlreadyExistsError("listen on ", address, ": address is taken");
  }

  void StopListening(const std::string& address) {
    const MutexLock lock(mutex_);
    listening_.erase(address);
  }

  std::shared_ptr<Connection> Connect(const std::string& address,
                                      std::shared_ptr<ConnectionHandler> handler) {
    auto link = std::make_shared<Link>(delivery_, address, std::move(handler));
    {
      const MutexLock lock(mutex_);
      std::erase_if(links_, [](const std::weak_ptr<Link>& l) { return l.expired(); });
      links_.push_back(link);
    }
    delivery_.Post([self = shared_from_this(), link] { self->Accept(link); });
    return std::make_shared<End>(link, 0);
  }

  void CloseAll() {
    std::vector<std::weak_ptr<Link>> links;
    {
      const MutexLock lock(mutex_);
      links.swap(links_);
    }
    for (const std::weak_ptr<Link>& weak : links) {
      if (const std::shared_ptr<Link> link = weak.lock()) link->CloseBoth();
    }
  }

 private:
  std::shared_ptr<Gate> GateOf(const std::string& address) {
    const MutexLock lock(mutex_);
    const auto found = listening_.find(address);
    return found == listening_.end() ? nullptr : found->second;
  }

  void Accept(const std::shared_ptr<Link>& link) {
    const std::shared_ptr<Gate> gate = GateOf(link->address());
    const bool accepted =
        gate != nullptr && gate->Call([&](Acceptor& acceptor) { link->Accept(acceptor); });
    if (!accepted) {
      link->Break(0, UnavailableError("connect to ", link->address(), ": nobody listens there"));
    }
  }

  EventLoop& delivery_;
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<Gate>> listening_ WEIR_GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<Link>> links_ WEIR_GUARDED_BY(mutex_);
};

class MemoryTransport::Port final : public Listener {
 public:
  Port(std::shared_ptr<Hub> hub, std::shared_ptr<Hub::Gate> gate, std::string address)
      : hub_(std::move(hub)), gate_(std::move(gate)), address_(std::move(address)) {}
  ~Port() override {
    hub_->StopListening(address_);
    gate_->Close();
  }
  std::string address() const override { return address_; }

 private:
  const std::shared_ptr<Hub> hub_;
  const std::shared_ptr<Hub::Gate> gate_;  // owners: the port, the hub, and an Accept under way
  const std::string address_;
};

MemoryTransport::MemoryTransport(EventLoop& delivery) : hub_(std::make_shared<Hub>(delivery)) {}

MemoryTransport::~MemoryTransport() { hub_->CloseAll(); }

StatusOr<std::unique_ptr<Listener>> MemoryTransport::Listen(const std::string& address,
                                                            Acceptor& acceptor) {
  if (address.empty()) return InvalidArgumentError("listen: the address is empty");
  auto gate = std::make_shared<Hub::Gate>(Borrowed(acceptor));
  WEIR_RETURN_IF_ERROR(hub_->Listen(address, gate));
  return std::make_unique<Port>(hub_, std::move(gate), address);
}

std::shared_ptr<Connection> MemoryTransport::Connect(const std::string& address,
                                                     std::shared_ptr<ConnectionHandler> handler) {
  return hub_->Connect(address, std::move(handler));
}

}  // namespace weir::env
