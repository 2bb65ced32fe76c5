// Invocation: a command as it was called, and what all commands do with one: show help, read the
// command line, build the program for it, plan it.
// Threads: the main thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "weir/api/plan.h"
#include "weir/cli/commands.h"
#include "weir/cli/console.h"
#include "weir/cli/exit_code.h"
#include "weir/cli/user_program.h"

namespace weir::cli {

/// Lifetime: borrows; for the length of a call.
struct Invocation {
  std::string_view program_name;
  CommandSpec command;
  std::span<const std::string> line;  // behind the command
  const BuildCallback& build;
  BuildCheck check;
};

inline int Code(ExitCode code) { return static_cast<int>(code); }

/// Shows help if it is asked for; else reads the command line and calls `body`. Returns its exit
/// code, or kUsage after the mistake was said.
int Invoke(const Invocation& invocation, const std::function<int(UserProgram&, Console&)>& body);

/// Says what is wrong with the command line; returns kUsage.
int Misused(Console& console, const Invocation& invocation, std::string_view sentence);

/// The plan of the program, or nothing after every mistake of it was said.
std::optional<api::JobPlan> PlanOrComplain(UserProgram& program,
                                           std::optional<uint32_t> inherited_max_parallelism,
                                           BuildCheck check, Console& console);

}  // namespace weir::cli
