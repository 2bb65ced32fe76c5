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
  constexpr size_t kColumn = 31;
  std::string text = Concat("usage: ", program_name, " COMMAND [options]\n\n");
  const auto add = [&text](std::string name, std::string_view what) {
    name.resize(std::max(name.size() + 1, kColumn - 2), ' ');
    text += Concat("  ", name, what, "\n");
  };
  for (const CommandSpec& command : Commands()) {
    if (command.words.empty()) add(command.name, command.summary);
    for (const WordSpec& word : command.words) {
      const std::string argument = word.argument.empty() ? "" : " " + word.argument;
      add(Concat(command.name, " ", word.name, argument), word.help);
    }
  }
  text += "\n";
  add("--help", "this text; behind a command, its options");
  add("--version", "the version of Weir");
  return text;
}

int ShowHelp(std::string_view program_name, const CommandSpec& command,
             const BuildCallback& build) {
  Console console(env::LookAround(), Console::Notes::kShown);
  const std::vector<OptionSpec>& own = command.options;
  const StatusOr<UserProgram> program = UserProgram::Read({}, own, ReservedOptions(), build);
  std::string text;
  for (const std::string& way : command.synopsis)
    text += Concat(text.empty() ? "usage: " : "       ", program_name, " ", way, "\n");
  text += command.description;
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
