#include "weir/cli/own_options.h"

namespace weir::cli {
namespace {

using enum OptionSpec::Takes;

const OptionSpec kCheckpointDir = {"--checkpoint-dir", "DIR",
                                   "where the checkpoints are: a directory or file:///path",
                                   kCheckpointDirectoryDefault};
const OptionSpec kSetting = {.name = "-D",
                             .value = "KEY=VALUE",
                             .help = "a setting (see docs/configuration.md); may be repeated",
                             .takes = kValues};
const OptionSpec kQuiet = {
    .name = "--quiet", .value = "", .help = "only results and errors", .takes = kFlag};
const OptionSpec kHelp = {.name = "--help", .value = "", .help = "this text", .takes = kFlag};

}  // namespace

std::vector<OptionSpec> RunOptions() {
  return {
      {.name = "--fresh",
       .value = "",
       .help = "start over, although the job has checkpoints; they stay",
       .takes = kFlag},
      {"--from", "WHICH", "start from checkpoint ID, from savepoint NAME, or from latest",
       "latest, or empty if there is none"},
      {"--parallelism", "N", "subtasks of each operator", "all cores"},
      kCheckpointDir,
      kSetting,
      {.name = "--repeat-output",
       .value = "",
       .help = "with --from: write again what sinks have committed since",
       .takes = kFlag},
      {.name = "--allow-dropped-state",
       .value = "NAME",
       .help = "lose state that no operator claims: operator.state; may be repeated",
       .takes = kValues},
      {"--progress", "HOW", "auto, line, json or none", "auto"},
      kQuiet,
      kHelp,
  };
}

std::vector<OptionSpec> CheckpointsOptions() {
  return {kCheckpointDir, kSetting, {"--output", "FORMAT", "text or json", "text"}, kQuiet, kHelp};
}

std::vector<std::string> ReservedOptions() {
  std::vector<std::string> names = {"--version"};
  for (const std::vector<OptionSpec>& options : {RunOptions(), CheckpointsOptions()}) {
    for (const OptionSpec& option : options) names.push_back(option.name);
  }
  return names;
}

}  // namespace weir::cli
