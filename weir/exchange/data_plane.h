// DataPlane: the channels between this process and the other workers. It listens, connects to
// peers, and routes the frames that arrive to the ends of channels. All channels of a pair of
// processes share one connection (docs/formats/frames.md).
//
// A peer is named by the address that its own DataPlane listens on. Of two peers the one with the
// smaller address connects, when its first channel to the other is opened; the other waits for it.
// When the connection breaks, every end that lies on it is broken for good; ends opened later get a
// new connection. Frames for ends that are not there (another attempt, an end already closed) are
// stale: ignored and counted.
// Threads: any thread; frames arrive on the transport's threads and are only queued there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "weir/env/env.h"
#include "weir/exchange/channel.h"
#include "weir/exchange/frame.h"

namespace weir::exchange {

class DataPlane {
 public:
  struct Options {
    std::string listen_address;  // see env::Transport::Listen
    env::Transport& transport;
    env::Chaos& chaos;
  };

  /// Errors: those of Transport::Listen.
  static StatusOr<std::unique_ptr<DataPlane>> Open(const Options& options);

  /// Closes every connection; ends that are still there are broken (Cancelled). Returns when no
  /// callback is running.
  ~DataPlane();

  /// The address under which peers name this process.
  const std::string& address() const;

  /// The upstream end of a channel whose downstream end is at `peer`. It sends nothing before the
  /// other end granted credit.
  /// Shapes: not twice for a key at a time. `type` outlives the end. Never fails: an end that
  ///   cannot be connected is one that breaks.
  std::unique_ptr<ChannelWriter> OpenWriter(const ChannelKey& key, const std::string& peer,
                                            const record::TypeOps& type);

  /// The downstream end of a channel whose upstream end is at `peer`.
  std::unique_ptr<ChannelReader> OpenReader(const ChannelKey& key, const std::string& peer,
                                            const record::TypeOps& type);

  struct Counters {
    uint64_t frames_sent = 0;
    uint64_t frames_received = 0;
    uint64_t stale_frames = 0;    // for ends that are not there
    uint64_t refused_frames = 0;  // made no sense; each cost its connection
    uint64_t connections_lost = 0;
  };
  Counters counters() const;

 private:
  class Core;
  explicit DataPlane(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;  // owners: this, the ends and the handlers of connections
};

}  // namespace weir::exchange
