// LocalChannel: a channel between two subtasks of one process. Batches are handed over by pointer
// on a forward ring and return empty on a second one; they are allocated on first use, at most
// limits::kChannelBatches of them. Nobody is woken who does not wait.
// Threads: the two ends may be on different threads; no locks.
#pragma once

#include <memory>

#include "weir/env/env.h"
#include "weir/exchange/channel.h"

namespace weir::exchange {

struct LocalChannel {
  std::unique_ptr<ChannelWriter> writer;
  std::unique_ptr<ChannelReader> reader;
};

/// A channel for batches of `type`, which outlives them. The ends may be destroyed in any order;
/// what waits in the channel goes with the second.
/// Errors: none; the status of its ends is always ok.
LocalChannel MakeLocalChannel(const record::TypeOps& type, env::Chaos& chaos);

}  // namespace weir::exchange
