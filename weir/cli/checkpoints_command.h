// `checkpoints list | show ID | verify [ID]`: looks at what a job left in its checkpoint store,
// without running it.
// Threads: the main thread.
#pragma once

#include <span>
#include <string>

#include "weir/cli/exit_code.h"
#include "weir/cli/user_program.h"

namespace weir::cli {

/// Returns an exit code of exit_code.h.
/// Shapes: `line` begins behind "checkpoints".
int CheckpointsCommand(std::string_view program_name, std::span<const std::string> line,
                       const BuildCallback& build);

}  // namespace weir::cli
