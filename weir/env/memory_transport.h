// The transport of one process: coordinator and worker of `run` talk over it.
//
// Addresses are any names. Every call to a handler or acceptor is a closure on one event loop, so
// the loop's order is the order of the frames.
// Threads: any thread.
#pragma once

#include "weir/env/executor.h"
#include "weir/env/transport.h"

namespace weir::env {

class MemoryTransport final : public Transport {
 public:
  /// `delivery` outlives the transport and everything made by it.
  explicit MemoryTransport(EventLoop& delivery);
  /// Ends every connection; nobody hears of it.
  ~MemoryTransport() override;

  StatusOr<std::unique_ptr<Listener>> Listen(const std::string& address,
                                             Acceptor& acceptor) override;
  std::shared_ptr<Connection> Connect(const std::string& address,
                                      std::shared_ptr<ConnectionHandler> handler) override;

 private:
  class Hub;
  class Link;
  class End;
  class Port;
  const std::shared_ptr<Hub> hub_;  // owners: the transport, its listeners, and closures under way
};

}  // namespace weir::env
