// Two operators around the ledger that watch event time and timers, whatever fails.
//
// The first stamps rows with a clock that all its subtasks share and says that event time is what
// it stamped last; in some worlds it is idle when no row comes, and may be late then as idle
// sources are. The second fails the job when a watermark overtook a row or runs ahead of the clock,
// when the end comes without the last watermark, when a timer comes early, or when the watermarks
// that it is given after a restore are not those that it had.
// Threads: the simulation's.
#pragma once

#include <cstdint>
#include <memory>

#include "weir/base/time.h"
#include "weir/record/any_batch.h"
#include "weir/runtime/operator.h"

namespace weir::simulation {

struct SharedTime {
  bool idleness = false;
  Timestamp clock = 0;
  uint64_t watermarks = 0, idle = 0, timers = 0, restored = 0;  // how often it happened
};

/// For rows of type `type`; `time` is shared by all subtasks of all attempts of a world.
std::shared_ptr<const runtime::OperatorFactory> StampEventTime(const record::TypeOps& type,
                                                               std::shared_ptr<SharedTime> time);
std::shared_ptr<const runtime::OperatorFactory> WatchEventTime(const record::TypeOps& type,
                                                               std::shared_ptr<SharedTime> time);

}  // namespace weir::simulation
