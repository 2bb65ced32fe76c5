// `plan`: shows what would run: a picture of the chains, the states that they declare and what the
// sinks promise. Nothing is run, no store is touched.
// Threads: the main thread.
#pragma once

#include "weir/cli/invocation.h"

namespace weir::cli {

/// Returns an exit code of exit_code.h.
int PlanCommand(const Invocation& invocation);

}  // namespace weir::cli
