// `run`: runs the job in this process until it is finished, fails or is stopped.
// Threads: the main thread.
#pragma once

#include <span>
#include <string>

#include "weir/cli/exit_code.h"
#include "weir/cli/user_program.h"

namespace weir::cli {

/// Returns an exit code of exit_code.h.
/// Shapes: `line` begins behind "run".
int RunCommand(std::string_view program_name, std::span<const std::string> line,
               const BuildCallback& build, BuildCheck check);

}  // namespace weir::cli
