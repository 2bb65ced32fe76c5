// `checkpoints list | show ID | verify [ID] | size [ID]`: looks at what a job left in its
// checkpoint store, without running it.
// Threads: the main thread.
#pragma once

#include "weir/cli/invocation.h"

namespace weir::cli {

/// Returns an exit code of exit_code.h.
int CheckpointsCommand(const Invocation& invocation);

}  // namespace weir::cli
