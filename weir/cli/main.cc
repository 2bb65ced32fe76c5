#include "weir/cli/main.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/base/nearest.h"
#include "weir/cli/checkpoints_command.h"
#include "weir/cli/completion_command.h"
#include "weir/cli/console.h"
#include "weir/cli/end_command.h"
#include "weir/cli/exit_code.h"
#include "weir/cli/help.h"
#include "weir/cli/list_command.h"
#include "weir/cli/plan_command.h"
#include "weir/cli/run_command.h"
#include "weir/cli/version.h"
#include "weir/env/process.h"

namespace weir {
namespace {

using Execute = int (*)(const cli::Invocation& invocation);
constexpr std::array<std::pair<std::string_view, Execute>, 7> kCommands = {
    {{"run", cli::RunCommand},
     {"plan", cli::PlanCommand},
     {"list", cli::ListCommand},
     {"stop", cli::StopCommand},
     {"cancel", cli::CancelCommand},
     {"checkpoints", cli::CheckpointsCommand},
     {"completion", cli::CompletionCommand}}};

}  // namespace

inline namespace v0 {

int Main(int argc, char** argv, const std::function<void(Pipeline&)>& build, BuildCheck check) {
  env::KeepStandardStreams();
  std::vector<std::string> words(argv, argv + argc);
  const std::string program_name = words.empty() ? "program" : words.front();
  if (!words.empty()) words.erase(words.begin());
  const std::span<const std::string> line(words);
  cli::Console console(env::LookAround(), cli::Console::Notes::kShown);

  const std::string command = words.empty() ? std::string() : words.front();
  for (const auto& [name, execute] : kCommands) {
    if (command != name) continue;
    return execute({.program_name = program_name,
                    .command = cli::CommandNamed(name),
                    .line = line.subspan(1),
                    .build = build,
                    .check = check});
  }
  if (command == "--version") {
    console.Result(Concat("weir ", cli::Version(), "\n"));
    return cli::Code(cli::ExitCode::kDone);
  }
  if (command == "--help" || command == "-h" || command == "help") {
    console.Result(cli::MainHelp(program_name));
    return cli::Code(cli::ExitCode::kDone);
  }
  std::vector<std::string> known = {"--help", "--version"};
  for (const auto& [name, execute] : kCommands) known.emplace_back(name);
  const std::string sentence = command.empty() ? "no command"
                                               : Concat("unknown command \"", command, "\"",
                                                        base::DidYouMean(command, known));
  console.Error(sentence, Concat(program_name, " run    runs the job; ", program_name,
                                 " --help shows the other commands"));
  return cli::Code(cli::ExitCode::kUsage);
}

}  // namespace v0
}  // namespace weir
