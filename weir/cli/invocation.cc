#include "weir/cli/invocation.h"

#include <utility>
#include <vector>

#include "weir/cli/help.h"

namespace weir::cli {

int Invoke(const Invocation& invocation, const std::function<int(UserProgram&, Console&)>& body) {
  if (AsksForHelp(invocation.line))
    return ShowHelp(invocation.program_name, invocation.command, invocation.build);
  const std::vector<std::string> reserved = ReservedOptions();
  StatusOr<UserProgram> program =
      UserProgram::Read(invocation.line, invocation.command.options, reserved, invocation.build);
  Console console(env::LookAround(), program.ok() && program->arguments().Flag("--quiet")
                                         ? Console::Notes::kHidden
                                         : Console::Notes::kShown);
  if (!program.ok()) return Misused(console, invocation, program.status().message());
  const std::vector<std::string>& words = program->arguments().words;
  if (invocation.command.words.empty() && !words.empty())
    return Misused(console, invocation, Concat("unexpected \"", words.front(), "\""));
  return body(*program, console);
}

int Misused(Console& console, const Invocation& invocation, std::string_view sentence) {
  console.Error(sentence, Concat(invocation.program_name, " ", invocation.command.name,
                                 " --help shows what there is"));
  return Code(ExitCode::kUsage);
}

std::optional<api::JobPlan> PlanOrComplain(UserProgram& program,
                                           std::optional<uint32_t> inherited_max_parallelism,
                                           BuildCheck check, Console& console) {
  StatusOr<api::JobPlan> plan = program.Plan(inherited_max_parallelism, check);
  if (plan.ok()) return *std::move(plan);
  std::vector<std::string> mistakes = program.mistakes();
  if (mistakes.empty()) mistakes.emplace_back(plan.status().message());
  for (const std::string& mistake : mistakes) console.Error(mistake);
  return {};
}

}  // namespace weir::cli
