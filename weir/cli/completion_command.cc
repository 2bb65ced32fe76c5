#include "weir/cli/completion_command.h"

#include <algorithm>
#include <ranges>
#include <utility>
#include <vector>

#include "weir/cli/completion.h"
#include "weir/cli/help.h"
#include "weir/cli/job_store.h"
#include "weir/cli/units.h"
#include "weir/env/posix_env.h"

namespace weir::cli {
namespace {

// The checkpoints of the program's job. Nobody can be told what is wrong with them here.
std::vector<Candidate> CheckpointsOf(const UserProgram& program) {
  std::vector<Candidate> candidates = {{"latest", "the newest one"}};
  if (program.job().empty()) return candidates;
  env::PosixEnv world;
  StatusOr<JobStore> store = JobStore::Open(world.env(), program);
  if (!store.ok()) return candidates;
  const StatusOr<checkpoint::HistoryView> history = store->ReadHistory();
  if (!history.ok()) return candidates;
  const int64_t now = world.env().clock.UnixMillis();
  const std::vector<checkpoint::HistoryRecord> records = history->Retained();
  for (const checkpoint::HistoryRecord& record : std::views::reverse(records)) {
    const std::chrono::milliseconds age(now - record.written_unix_ms);
    const std::string help =
        Concat(FormatAge(age), " old, ", FormatBytes(record.checkpoint->state_bytes), " of state");
    candidates.push_back({Concat(record.checkpoint->id), help});
    if (!record.savepoint.empty()) candidates.push_back({record.savepoint, "savepoint, " + help});
  }
  return candidates;
}

// The program as far as the line up to the cursor says what it is.
StatusOr<UserProgram> ProgramOf(const std::vector<std::string>& words, const BuildCallback& build) {
  const std::vector<std::string> reserved = ReservedOptions();
  const std::vector<CommandSpec> commands = Commands();
  const auto command = std::ranges::find(commands, words.front(), &CommandSpec::name);
  if (command == commands.end()) return NotFoundError("no such command");
  const auto before = std::span(words).subspan(1, words.size() - 2);
  StatusOr<UserProgram> program = UserProgram::Read(before, command->options, reserved, build);
  return program.ok() ? std::move(program)
                      : UserProgram::Read({}, command->options, reserved, build);
}

int ShowCandidates(const Invocation& invocation, Console& console) {
  std::vector<std::string> words(invocation.line.begin() + 1, invocation.line.end());
  if (!words.empty() && words.front() == "--") words.erase(words.begin());
  if (words.empty()) words.emplace_back();
  StatusOr<UserProgram> program = NotFoundError("not needed");
  if (words.size() > 1) program = ProgramOf(words, invocation.build);
  CompletionOptions options;
  options.words = std::move(words);
  if (program.ok()) options.program_options = program->options();
  options.checkpoints = [&] {
    return program.ok() ? CheckpointsOf(*program) : std::vector<Candidate>();
  };
  std::string text;
  for (const Candidate& candidate : CandidatesFor(options))
    text += Concat(candidate.text, "\t", candidate.help, "\n");
  console.Result(text);
  return Code(ExitCode::kDone);
}

}  // namespace

// Not by Invoke: the words behind "candidates" are another command line, which may ask for help.
int CompletionCommand(const Invocation& invocation) {
  Console console(env::LookAround(), Console::Notes::kShown);
  const std::span<const std::string> line = invocation.line;
  if (!line.empty() && line.front() == "candidates") return ShowCandidates(invocation, console);
  if (AsksForHelp(line))
    return ShowHelp(invocation.program_name, invocation.command, invocation.build);
  if (line.size() > 1) return Misused(console, invocation, Concat("unexpected \"", line[1], "\""));
  const std::string shell = line.empty() ? std::string() : line.front();
  const auto print = [&](Shell which) {
    console.Result(CompletionScript(which, invocation.program_name));
    return Code(ExitCode::kDone);
  };
  if (shell == "bash") return print(Shell::kBash);
  if (shell == "zsh") return print(Shell::kZsh);
  if (shell == "fish") return print(Shell::kFish);
  return Misused(console, invocation,
                 shell.empty() ? std::string("completion: for bash, zsh or fish?")
                               : Concat("completion: \"", shell, "\" is none of bash, zsh, fish"));
}

}  // namespace weir::cli
