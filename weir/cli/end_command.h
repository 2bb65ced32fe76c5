// `stop` and `cancel`: end the job that another process runs, and wait until it may be run again.
// Threads: the main thread.
#pragma once

#include "weir/cli/invocation.h"

namespace weir::cli {

/// Behind one more checkpoint. Returns an exit code of exit_code.h.
int StopCommand(const Invocation& invocation);

/// At once. Returns an exit code of exit_code.h.
int CancelCommand(const Invocation& invocation);

}  // namespace weir::cli
