// The texts of `--help`.
// Threads: the main thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "weir/cli/arguments.h"
#include "weir/cli/user_program.h"

namespace weir::cli {

/// Whether a command line asks for help, wherever.
bool AsksForHelp(std::span<const std::string> line);

/// Beginnings of help texts: usage and what the command is for.
std::string MainHelp(std::string_view program_name);
std::string RunHelp(std::string_view program_name);
std::string CheckpointsHelp(std::string_view program_name);

/// Shows a help text, then the program's options and Weir's own; returns the exit code.
int ShowHelp(std::string_view beginning, std::span<const OptionSpec> own,
             std::span<const std::string> reserved, const BuildCallback& build);

}  // namespace weir::cli
