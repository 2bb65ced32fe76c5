// The options that Weir itself has, for each subcommand.
// Threads: pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "weir/cli/arguments.h"

namespace weir::cli {

/// Where the checkpoints of a job are when nothing says otherwise: below the working directory.
inline constexpr const char* kCheckpointDirectoryDefault = ".weir";

std::vector<OptionSpec> RunOptions();
std::vector<OptionSpec> CheckpointsOptions();

/// The names of all of them: a program cannot have options of these names.
std::vector<std::string> ReservedOptions();

}  // namespace weir::cli
