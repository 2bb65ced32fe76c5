#include "weir/cli/help.h"

#include <algorithm>

#include "weir/api/config.h"
#include "weir/cli/console.h"
#include "weir/cli/exit_code.h"

namespace weir::cli {

namespace {

std::string DescribeSettings() {
  std::string text;
  for (const api::ConfigKey& key : api::ConfigKeys()) {
    text += Concat("  ", key.name);
    if (!key.default_value.empty()) text += Concat(" (", key.default_value, ")");
    text += Concat("\n      ", key.help, "\n");
  }
  return text;
}

}  // namespace

bool AsksForHelp(std::span<const std::string> line) {
  return std::ranges::any_of(
      line, [](const std::string& text) { return text == "--help" || text == "-h"; });
}

std::string MainHelp(std::string_view program_name) {
  return Concat(
      "usage: ", program_name,
      " COMMAND [options]\n"
      "\n"
      "  run                          run the job; it resumes from its newest checkpoint\n"
      "  checkpoints list             the checkpoints that are kept\n"
      "  checkpoints show ID          what is in one\n"
      "  checkpoints verify [ID]      read every byte of one, or of all\n"
      "\n"
      "  --help                       this text; behind a command, its options\n"
      "  --version                    the version of Weir\n");
}

std::string RunHelp(std::string_view program_name) {
  return Concat("usage: ", program_name,
                " run [options]\n"
                "Runs the job in this process. It resumes by itself from its newest checkpoint.\n"
                "Exit codes: 0 done, 1 the job failed, 2 bad usage, 3 refused (state or output "
                "would be\nlost or repeated), 130 stopped by Ctrl-C, 143 by SIGTERM.\n");
}

std::string CheckpointsHelp(std::string_view program_name) {
  return Concat("usage: ", program_name,
                " checkpoints list [options]\n"
                "       ",
                program_name,
                " checkpoints show ID|SAVEPOINT|latest [options]\n"
                "       ",
                program_name,
                " checkpoints verify [ID|SAVEPOINT|latest] [options]\n"
                "Looks at what the job left in its checkpoint store, without running it; verify "
                "reads every\nbyte and exits with 1 when something is damaged.\n");
}

int ShowHelp(std::string_view beginning, std::span<const OptionSpec> own,
             std::span<const std::string> reserved, const BuildCallback& build) {
  Console console(env::LookAround(), Console::Notes::kShown);
  const StatusOr<UserProgram> program = UserProgram::Read({}, own, reserved, build);
  std::string text(beginning);
  if (program.ok() && !program->options().empty()) {
    text += Concat("\noptions of ", program->job().empty() ? "the program" : program->job(), ":\n",
                   DescribeOptions(program->options()));
  }
  text += "\noptions:\n" + DescribeOptions(own);
  if (std::ranges::find(own, "-D", &OptionSpec::name) != own.end())
    text += "\nsettings, each -D KEY=VALUE (docs/configuration.md):\n" + DescribeSettings();
  console.Result(text);
  if (program.ok()) return static_cast<int>(ExitCode::kDone);
  console.Error(program.status().message());
  return static_cast<int>(ExitCode::kUsage);
}

}  // namespace weir::cli
