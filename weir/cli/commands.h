// Commands: every command of a program's command line, with its words, options and what help says
// of it. `Main` finds commands here; help and completion are made from it.
// Threads: pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weir/cli/arguments.h"

namespace weir::cli {

/// Where the checkpoints of a job are when nothing says otherwise: below the working directory.
inline constexpr const char* kCheckpointDirectoryDefault = ".weir";

/// A word behind a command: "checkpoints list".
struct WordSpec {
  std::string name;
  std::string argument;  // what may follow: "[WHICH]"; empty: nothing
  std::string help;
};

/// A line of help: a word or a code, and what it means.
struct HelpLine {
  std::string what;
  std::string help;
};

struct CommandSpec {
  std::string name;
  std::string summary;                // a line in the list of commands
  std::vector<std::string> synopsis;  // what stands behind the program's name, one way a line
  std::string description;            // whole lines of at most 90 characters
  std::vector<WordSpec> words;        // empty: nothing but options follows
  std::vector<OptionSpec> options;
  std::vector<HelpLine> exit_codes;
  std::vector<HelpLine> examples;  // `what` stands behind the program's name
};

/// In the order in which help shows them.
std::vector<CommandSpec> Commands();

/// Shapes: `name` is one of them.
CommandSpec CommandNamed(std::string_view name);

/// The names of all options: a program cannot have options of these names.
std::vector<std::string> ReservedOptions();

}  // namespace weir::cli
