// The texts of `--help`.
// Threads: the main thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "weir/cli/commands.h"
#include "weir/cli/user_program.h"

namespace weir::cli {

/// Whether a command line asks for help, wherever.
bool AsksForHelp(std::span<const std::string> line);

/// All commands, a line each.
std::string MainHelp(std::string_view program_name);

/// In the manner of a page of a manual.
/// Shapes: `job` may be empty.
std::string CommandHelp(std::string_view program_name, const CommandSpec& command,
                        std::string_view job, std::span<const OptionSpec> program_options);

/// Shows what a command is for, the program's options and Weir's own; returns the exit code.
int ShowHelp(std::string_view program_name, const CommandSpec& command, const BuildCallback& build);

}  // namespace weir::cli
