// `completion bash | zsh | fish`: prints a script for a shell; `completion candidates -- WORDS` is
// what the script asks.
// Threads: the main thread.
#pragma once

#include "weir/cli/invocation.h"

namespace weir::cli {

/// Returns an exit code of exit_code.h.
int CompletionCommand(const Invocation& invocation);

}  // namespace weir::cli
