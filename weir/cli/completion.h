// Completion: what may stand where the cursor is in a command line, and the scripts that make
// shells ask for it.
// Threads: pure, but for the function that names checkpoints.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/cli/commands.h"

namespace weir::cli {

struct Candidate {
  std::string text;  // the whole word; one that ends in "=" goes on
  std::string help;
  friend bool operator==(const Candidate&, const Candidate&) = default;
};

struct CompletionOptions {
  // Behind the program's name, up to the cursor; the last one is being written, and may be empty.
  // A shell may have split "--name=value" into three.
  std::vector<std::string> words;
  std::span<const OptionSpec> program_options;
  std::function<std::vector<Candidate>()> checkpoints;  // called when one may stand there
};

/// Empty: the shell offers files.
/// Shapes: `words` is not empty.
std::vector<Candidate> CandidatesFor(const CompletionOptions& options);

enum class Shell : uint8_t { kBash, kZsh, kFish };

/// Shapes: `program` is a path or a name; the script completes what is called by its last part.
std::string CompletionScript(Shell shell, std::string_view program);

}  // namespace weir::cli
