// The transport between processes of one machine: TCP on the loopback interface, or sockets with a
// name in the file system; one thread.
//
// On the wire both ends first send a hello (the four bytes "WEIR" and a version, u32), then frames:
// a length (u32) and that many bytes. Integers are little endian. A peer with another magic or
// version, or a length above limits::kMessageBytesMax, ends the connection.
// It neither encrypts nor knows its peer, and so speaks to loopback addresses only, and to sockets
// of files, which only their owner may use.
// Threads: any thread; handlers and acceptors are called on the transport's one thread.
#pragma once

#include "weir/env/transport.h"

namespace weir::env {

class SocketThread;

/// Addresses are "127.0.0.1:7077", "[::1]:7077" or "localhost:7077"; port 0 listens on a free one.
/// "unix:/path/of/socket", of any length, is a socket of a file: it is made by Listen, and is gone
/// with its listener; one that a killed process has left must be removed first.
/// Errors: OnClosed says Unavailable (nobody listens, refused, broken, silent), NotFound (no such
///   folder), PermissionDenied (somebody else's), InvalidArgument (the address makes no sense),
///   FailedPrecondition (the peer is no Weir process of this version), DataLoss (a
///   length that no peer would send).
class SocketTransport final : public Transport {
 public:
  SocketTransport();
  /// Ends every connection; only the other ends hear of it.
  ~SocketTransport() override;

  StatusOr<std::unique_ptr<Listener>> Listen(const std::string& address,
                                             Acceptor& acceptor) override;
  std::shared_ptr<Connection> Connect(const std::string& address,
                                      std::shared_ptr<ConnectionHandler> handler) override;

 private:
  class Link;
  class End;
  class Port;
  class PortHandle;
  const std::shared_ptr<SocketThread> io_;  // owners: the transport and everything made by it
};

}  // namespace weir::env
