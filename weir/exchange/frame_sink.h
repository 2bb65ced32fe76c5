// FrameSink: what an end of a channel knows of the connection below it.
#pragma once

#include <string>

#include "weir/base/status.h"

namespace weir::exchange {

/// One end's way to its peer. Destroying it says that the end is gone.
/// Threads: any thread.
class FrameSink {
 public:
  virtual ~FrameSink() = default;

  /// Sends a frame to the peer; dropped while there is no connection.
  virtual void Send(std::string frame) = 0;

  /// The peer sent bytes that make no sense: closes the connection, for all channels on it.
  virtual void Refuse(const Status& reason) = 0;
};

}  // namespace weir::exchange
