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

// Each line two columns in.
std::string Indented(std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    text += Concat("  ", lines.substr(0, end), "\n");
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  return text;
}

std::string Line(std::string what, std::string_view help) {
  constexpr size_t kColumn = 12;
  what.resize(std::max(what.size() + 1, kColumn), ' ');
  return Concat("  ", what, help, "\n");
}

// With the program's name where "PROGRAM" stands.
std::string Filled(std::string text, std::string_view program_name) {
  constexpr std::string_view kProgram = "PROGRAM";
  for (size_t at = text.find(kProgram); at != std::string::npos;
       at = text.find(kProgram, at + program_name.size()))
    text.replace(at, kProgram.size(), program_name);
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

std::string CommandHelp(std::string_view program_name, const CommandSpec& command,
                        std::string_view job, std::span<const OptionSpec> program_options) {
  const std::string_view name = program_name.substr(program_name.rfind('/') + 1);
  std::string text =
      Concat("NAME\n  ", name, " ", command.name, " - ", command.summary, "\n\nSYNOPSIS\n");
  for (const std::string& way : command.synopsis)
    text += Concat("  ", program_name, " ", way, "\n");
  text += "\nDESCRIPTION\n" + Indented(command.description);
  if (!command.words.empty()) {
    text += "\nWHAT THERE IS\n";
    for (const WordSpec& word : command.words) {
      const std::string argument = word.argument.empty() ? "" : " " + word.argument;
      text += Line(word.name + argument, Filled(word.help, program_name));
    }
  }
  if (!program_options.empty()) {
    text += Concat("\nOPTIONS OF ", job.empty() ? "the program" : job, "\n",
                   DescribeOptions(program_options));
  }
  text += "\nOPTIONS\n" + DescribeOptions(command.options);
  if (std::ranges::find(command.options, "-D", &OptionSpec::name) != command.options.end())
    text += "\nSETTINGS, each -D KEY=VALUE\n" + DescribeSettings();
  text += "\nEXIT CODES\n";
  for (const HelpLine& code : command.exit_codes) text += Line(code.what, code.help);
  text += "\nEXAMPLES\n";
  for (const HelpLine& example : command.examples) {
    text += Concat("  ", program_name, " ", Filled(example.what, program_name), "\n");
    if (!example.help.empty()) text += Concat("      ", example.help, "\n");
  }
  return text + "\nMORE\n  docs/configuration.md\n";
}

int ShowHelp(std::string_view program_name, const CommandSpec& command,
             const BuildCallback& build) {
  Console console(env::LookAround(), Console::Notes::kShown);
  const StatusOr<UserProgram> program =
      UserProgram::Read({}, command.options, ReservedOptions(), build);
  const std::string job = program.ok() ? program->job() : std::string();
  std::span<const OptionSpec> options;
  if (program.ok()) options = program->options();
  console.Result(CommandHelp(program_name, command, job, options));
  if (program.ok()) return static_cast<int>(ExitCode::kDone);
  console.Error(program.status().message());
  return static_cast<int>(ExitCode::kUsage);
}

}  // namespace weir::cli
