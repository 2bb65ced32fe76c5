#include "weir/cli/commands.h"

#include <algorithm>

#include "weir/base/check.h"

namespace weir::cli {
namespace {

using enum OptionSpec::Takes;

OptionSpec CheckpointDir() {
  return {.name = "--checkpoint-dir",
          .value = "DIR",
          .help = "where the checkpoints are: a directory or file:///path",
          .default_value = kCheckpointDirectoryDefault};
}

OptionSpec Setting() {
  return {.name = "-D",
          .value = "KEY=VALUE",
          .help = "a setting (see docs/configuration.md); may be repeated",
          .takes = kValues,
          .means = OptionSpec::Means::kSetting};
}

OptionSpec Parallelism() {
  return {.name = "--parallelism",
          .value = "N",
          .help = "subtasks of each operator",
          .default_value = "all cores"};
}

OptionSpec Output(std::vector<std::string> formats) {
  std::string help;
  for (size_t i = 0; i < formats.size(); ++i)
    help += (i == 0 ? "" : i + 1 == formats.size() ? " or " : ", ") + formats[i];
  std::string first = formats.front();
  return {.name = "--output",
          .value = "FORMAT",
          .help = std::move(help),
          .default_value = std::move(first),
          .choices = std::move(formats)};
}

OptionSpec Flag(std::string name, std::string help) {
  return {.name = std::move(name), .value = "", .help = std::move(help), .takes = kFlag};
}

OptionSpec Quiet() { return Flag("--quiet", "only results and errors"); }
OptionSpec Help() { return Flag("--help", "this text"); }

CommandSpec Run() {
  return {
      .name = "run",
      .summary = "run the job; it resumes from its newest checkpoint",
      .synopsis = {"run [options]"},
      .description =
          "Runs the job in this process. It resumes by itself from its newest checkpoint; with\n"
          "none it starts empty. Ctrl-C ends it behind one more checkpoint, and pressed once more\n"
          "at once; neither loses anything, nor does a kill. What happens is written to standard\n"
          "error, a line for each event; on a terminal one line is kept up to date.\n",
      .words = {},
      .options =
          {
              Flag("--fresh", "start over, although the job has checkpoints; they stay"),
              {.name = "--from",
               .value = "WHICH",
               .help = "start from checkpoint ID, savepoint NAME, or latest",
               .default_value = "latest, or empty",
               .means = OptionSpec::Means::kCheckpoint},
              Parallelism(),
              CheckpointDir(),
              Setting(),
              Flag("--repeat-output", "with --from: write again what sinks have committed since"),
              {.name = "--allow-dropped-state",
               .value = "NAME",
               .help = "lose state that no operator claims: operator.state; may be repeated",
               .takes = kValues},
              {.name = "--progress",
               .value = "HOW",
               .help = "auto, line, json or none",
               .default_value = "auto",
               .choices = {"auto", "line", "json", "none"}},
              {.name = "--metrics-address",
               .value = "HOST:PORT",
               .help = "show metrics at http://HOST:PORT/metrics, for Prometheus"},
              Flag("--insecure", "metrics on an address that others can reach"),
              Quiet(),
              Help(),
          },
      .exit_codes = {{"0", "the job is finished, all its output committed"},
                     {"1", "the job failed; the next run resumes"},
                     {"2", "the command line or the program is wrong; nothing was started"},
                     {"3",
                      "refused: state or output would be lost or repeated, or the job runs "
                      "already"},
                     {"130", "stopped by Ctrl-C"},
                     {"143", "stopped by SIGTERM, by stop or by cancel"}},
      .examples = {{"run", "all cores, a checkpoint every second below .weir"},
                   {"run --parallelism 4 -D execution.checkpointing.interval=200ms", ""},
                   {"run --from 251 --repeat-output", "go back to checkpoint 251"},
                   {"run --progress json", "events for scripts"},
                   {"run --metrics-address 127.0.0.1:9249", "and read by Prometheus"}}};
}

CommandSpec Plan() {
  return {.name = "plan",
          .summary = "show what would run: a picture, states, guarantees",
          .synopsis = {"plan [options]"},
          .description =
              "Shows the chains of the job, the edges between them, the states that it declares\n"
              "and what its sinks promise. It runs nothing and looks at no checkpoint: a job that\n"
              "has some keeps the max parallelism that it started with.\n",
          .words = {},
          .options = {Output({"text", "dot", "json", "svg"}), Parallelism(), CheckpointDir(),
                      Setting(), Quiet(), Help()},
          .exit_codes = {{"0", "shown"},
                         {"2", "run would not start: the program or the line is wrong"}},
          .examples = {{"plan", "a picture on the terminal"},
                       {"plan --output svg > plan.svg", "for a browser"},
                       {"plan --output dot | dot -Tpdf > plan.pdf", "with Graphviz"}}};
}

OptionSpec Timeout() {
  return {.name = "--timeout",
          .value = "TIME",
          .help = "how long to wait; the job goes on ending behind it",
          .default_value = "for ever"};
}

CommandSpec Stop() {
  return {.name = "stop",
          .summary = "end the job that runs, behind one more checkpoint",
          .synopsis = {"stop [options]"},
          .description =
              "Asks the process that runs the job to take one more checkpoint, to commit what its\n"
              "sinks hold, and to end; waits until it has. The next run resumes there and reads\n"
              "nothing twice. The job is found by its name and the directory of its checkpoints:\n"
              "give the options that decide them.\n",
          .words = {},
          .options = {Timeout(), CheckpointDir(), Setting(), Quiet(), Help()},
          .exit_codes = {{"0", "stopped, or the job had finished"},
                         {"1", "it does not run, has not ended in time, or ended otherwise"},
                         {"2", "the command line is wrong"}},
          .examples = {{"stop", ""}, {"stop --timeout 30s || PROGRAM cancel", "not for ever"}}};
}

CommandSpec Cancel() {
  return {.name = "cancel",
          .summary = "end the job that runs, at once",
          .synopsis = {"cancel [options]"},
          .description =
              "Asks the process that runs the job to end at once, also when the job hangs; waits\n"
              "until it has. Nothing is lost: the next run resumes from the newest checkpoint.\n",
          .words = {},
          .options = {Timeout(), CheckpointDir(), Setting(), Quiet(), Help()},
          .exit_codes = {{"0", "cancelled, or the job had finished"},
                         {"1", "it does not run, or has not ended in time"},
                         {"2", "the command line is wrong"}},
          .examples = {{"cancel", ""}}};
}

CommandSpec List() {
  return {
      .name = "list",
      .summary = "the jobs that run",
      .synopsis = {"list [options]"},
      .description =
          "Lists the jobs of all programs that run on this machine with their checkpoints below\n"
          "one directory: state, time since the start, rows a second, bytes of state, newest\n"
          "checkpoint, process. DEGRADED completes no checkpoints; SILENT does not answer.\n",
      .words = {},
      .options = {Output({"text", "json"}), CheckpointDir(), Setting(), Quiet(), Help()},
      .exit_codes = {{"0", "listed, also when nothing runs"},
                     {"1", "the directory cannot be read"},
                     {"2", "the command line is wrong"}},
      .examples = {{"list", ""}, {"list --checkpoint-dir /srv/weir --output json", ""}}};
}

CommandSpec Completion() {
  return {
      .name = "completion",
      .summary = "make a shell complete commands, options and checkpoints",
      .synopsis = {"completion bash|zsh|fish"},
      .description =
          "Prints a script for a shell, after which it completes the words of this program: its\n"
          "commands, Weir's options and the program's own, settings, ids of checkpoints. The\n"
          "shell asks the program itself (completion candidates -- WORDS), so that what it\n"
          "offers is always right.\n",
      .words = {{"bash", "", "source <(PROGRAM completion bash), in ~/.bashrc"},
                {"zsh", "", "source <(PROGRAM completion zsh), in ~/.zshrc behind compinit"},
                {"fish", "", "PROGRAM completion fish | source, in config.fish"}},
      .options = {Help()},
      .exit_codes = {{"0", "printed"}, {"2", "the command line is wrong"}},
      .examples = {{"completion bash > ~/.local/share/bash-completion/completions/NAME",
                    "NAME: how the program is called"}}};
}

CommandSpec Checkpoints() {
  return {
      .name = "checkpoints",
      .summary = "look at the checkpoints of the job",
      .synopsis = {"checkpoints list [options]", "checkpoints show ID|SAVEPOINT|latest [options]",
                   "checkpoints verify [ID|SAVEPOINT|latest] [options]",
                   "checkpoints size [ID|SAVEPOINT|latest] [options]"},
      .description =
          "Looks at what the job left in its checkpoint store, without running it; the job may "
          "run\n"
          "meanwhile. ID is the number of a checkpoint, the name of a savepoint, or latest.\n",
      .words = {{"list", "", "the checkpoints that are kept"},
                {"show", "ID", "what is in one"},
                {"verify", "[ID]", "read every byte of one, or of all"},
                {"size", "[ID]", "bytes of one, or of all: by operator and state, and shared"}},
      .options = {CheckpointDir(), Setting(), Output({"text", "json"}), Quiet(), Help()},
      .exit_codes = {{"0", "shown; verify: all is whole"},
                     {"1", "something is damaged, or not there"},
                     {"2", "the command line is wrong"}},
      .examples = {{"checkpoints list", ""},
                   {"checkpoints show latest", ""},
                   {"checkpoints verify && PROGRAM run", "only from what is whole"},
                   {"checkpoints size --output json", ""}}};
}

}  // namespace

std::vector<CommandSpec> Commands() {
  return {Run(), Plan(), List(), Stop(), Cancel(), Checkpoints(), Completion()};
}

CommandSpec CommandNamed(std::string_view name) {
  std::vector<CommandSpec> commands = Commands();
  const auto found = std::ranges::find(commands, name, &CommandSpec::name);
  WEIR_CHECK(found != commands.end());
  return std::move(*found);
}

std::vector<std::string> ReservedOptions() {
  std::vector<std::string> names = {"--version"};
  for (const CommandSpec& command : Commands()) {
    for (const OptionSpec& option : command.options) names.push_back(option.name);
  }
  return names;
}

}  // namespace weir::cli
