#include "weir/cli/main.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/nearest.h"
#include "weir/cli/checkpoints_command.h"
#include "weir/cli/console.h"
#include "weir/cli/exit_code.h"
#include "weir/cli/help.h"
#include "weir/cli/run_command.h"
#include "weir/cli/version.h"
#include "weir/env/process.h"

namespace weir {
inline namespace v0 {

int Main(int argc, char** argv, const std::function<void(Pipeline&)>& build, BuildCheck check) {
  env::KeepStandardStreams();
  std::vector<std::string> words(argv, argv + argc);
  const std::string program_name = words.empty() ? "program" : words.front();
  if (!words.empty()) words.erase(words.begin());
  const std::span<const std::string> line(words);
  cli::Console console(env::LookAround(), cli::Console::Notes::kShown);

  const std::string command = words.empty() ? std::string() : words.front();
  if (command == "run") return cli::RunCommand(program_name, line.subspan(1), build, check);
  if (command == "checkpoints") {
    return cli::CheckpointsCommand(program_name, line.subspan(1), build);
  }
  if (command == "--version") {
    console.Result(Concat("weir ", cli::Version(), "\n"));
    return static_cast<int>(cli::ExitCode::kDone);
  }
  if (command == "--help" || command == "-h" || command == "help") {
    console.Result(cli::MainHelp(program_name));
    return static_cast<int>(cli::ExitCode::kDone);
  }
  const std::array<std::string, 4> known = {"run", "checkpoints", "--help", "--version"};
  const std::string sentence = command.empty() ? "no command"
                                               : Concat("unknown command \"", command, "\"",
                                                        base::DidYouMean(command, known));
  console.Error(sentence, Concat(program_name, " run    runs the job; ", program_name,
                                 " --help shows the other commands"));
  return static_cast<int>(cli::ExitCode::kUsage);
}

}  // namespace v0
}  // namespace weir
