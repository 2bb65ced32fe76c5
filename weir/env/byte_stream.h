// ByteStream: a connection of bytes to somebody outside, who speaks no protocol of Weir; Dialer
// makes them. (Processes of Weir talk over env/transport.h.)
//
// Bytes arrive in order, none twice, none after a gap; how many come at once means nothing. Every
// call answers once, on any thread, never inside the call. Destroying a stream closes it: what a
// Write has answered for is still sent, and calls under way answer Unavailable or not at all.
// The sockets and the simulated ones keep the same promises (env/dialer_conformance.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "weir/env/callback.h"

namespace weir::env {

/// Errors: Unavailable: the connection broke, and will not get better.
/// Threads: any thread; a second call of one method only after the first has answered.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  /// Some of the bytes that arrived, at most limits::kStreamReadBytesMax, as soon as there are any;
  /// none at all when the other end has said all that it will say. What arrived before the
  /// connection broke may be lost.
  virtual void Read(ResultCallback<std::string> done) = 0;

  /// Hands bytes to this machine to be sent. Ok does not mean that they arrived.
  virtual void Write(std::string bytes, StatusCallback done) = 0;

  /// Answers when the other machine has everything that was written so far. Whether the program
  /// there has read it, nobody knows.
  virtual void Drain(StatusCallback done) = 0;
};

/// Threads: any thread.
class Dialer {
 public:
  virtual ~Dialer() = default;

  /// Connects to a machine by its name or address.
  /// Errors: Unavailable: the name is not known, nobody listens, no answer within
  ///   limits::kDialTimeout. The message ends with the reason, as the machine words it.
  virtual void Dial(std::string host, uint16_t port,
                    ResultCallback<std::unique_ptr<ByteStream>> done) = 0;
};

/// "localhost:9999", "[::1]:9999".
std::string HostAndPort(const std::string& host, uint16_t port);

}  // namespace weir::env
