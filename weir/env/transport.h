// Transport: connections that carry frames between processes, in order, whole, until they break.
//
// A frame is an opaque string of bytes. A connection delivers a prefix of what was sent: nothing
// twice, nothing out of order, nothing after a gap. When it breaks, both ends hear OnClosed once
// and nothing after; which of the last frames arrived is unknown. The in-memory transport, the
// socket transport and the simulated network keep the same promises; cluster's messages and
// exchange's frames travel over it.
#pragma once

#include <memory>
#include <string>

#include "weir/base/status.h"

namespace weir::env {

/// What one end of a connection hears. Called on a thread of the transport, one call at a time per
/// connection, never inside a call of Connection. An implementation hands the event on (mailbox,
/// event loop) and returns at once.
class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  virtual void OnFrame(std::string frame) = 0;
  virtual void OnClosed(Status reason) = 0;
};

/// One end of a connection. Destroying it closes the connection; its handler hears nothing once the
/// destructor has returned. It may be destroyed inside a call of its handler.
/// Threads: any thread; frames sent by one thread keep their order.
class Connection {
 public:
  virtual ~Connection() = default;

  /// Queues a frame. On a broken connection it is dropped.
  /// Shapes: at most limits::kMessageBytesMax bytes. Senders bound what they have queued by credits
  ///   or by protocol.
  virtual void Send(std::string frame) = 0;
};

/// Called for each new connection, on a thread of the transport; returns the handler of the
/// accepted end, or null to refuse it. The handler lives until its OnClosed has returned or the
/// connection was destroyed.
class Acceptor {
 public:
  virtual ~Acceptor() = default;
  virtual std::shared_ptr<ConnectionHandler> Accept(std::shared_ptr<Connection> connection) = 0;
};

/// Keeps the address open until destroyed; accepted connections live on.
class Listener {
 public:
  virtual ~Listener() = default;

  /// The address others can connect to, with the real port where port 0 was asked for.
  virtual std::string address() const = 0;
};

/// Threads: any thread.
class Transport {
 public:
  virtual ~Transport() = default;

  /// `address` is "host:port" for sockets, any name for the others.
  /// Errors: AlreadyExists when the address is taken; InvalidArgument when it makes no sense.
  virtual StatusOr<std::unique_ptr<Listener>> Listen(const std::string& address,
                                                     Acceptor& acceptor) = 0;

  /// Starts to connect. Never fails at once: a connection that cannot be made is one that closes
  /// (OnClosed, Unavailable).
  virtual std::shared_ptr<Connection> Connect(const std::string& address,
                                              std::shared_ptr<ConnectionHandler> handler) = 0;
};

}  // namespace weir::env
