// `list`: the jobs that run with their checkpoints below a directory, of all programs.
// Threads: the main thread.
#pragma once

#include "weir/cli/invocation.h"

namespace weir::cli {

/// Returns an exit code of exit_code.h.
int ListCommand(const Invocation& invocation);

}  // namespace weir::cli
