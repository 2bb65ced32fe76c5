// `run`: runs the job in this process until it is finished, fails or is stopped.
// Threads: the main thread.
#pragma once

#include "weir/cli/invocation.h"

namespace weir::cli {

/// Returns an exit code of exit_code.h.
int RunCommand(const Invocation& invocation);

}  // namespace weir::cli
