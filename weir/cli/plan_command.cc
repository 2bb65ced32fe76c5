#include "weir/cli/plan_command.h"

#include "weir/cli/job_store.h"
#include "weir/cli/plan_text.h"
#include "weir/drawing/dot_picture.h"
#include "weir/drawing/job_outline.h"
#include "weir/drawing/svg_picture.h"

namespace weir::cli {
namespace {

// A picture that wraps is none; where nobody says how wide lines may be, it has this much.
constexpr size_t kColumns = 120;

}  // namespace

int PlanCommand(const Invocation& invocation) {
  return Invoke(invocation, [&](UserProgram& program, Console& console) {
    const std::optional<api::JobPlan> plan =
        PlanOrComplain(program, /*inherited_max_parallelism=*/{}, invocation.check, console);
    if (!plan) return Code(ExitCode::kUsage);
    const StatusOr<drawing::JobOutline> outline = drawing::OutlineOf(plan->graph);
    if (!outline.ok()) {
      console.Error(outline.status().message());
      return Code(ExitCode::kUsage);
    }
    const std::string format = program.arguments().Value("--output").value_or("text");
    const env::Surroundings& around = console.surroundings();
    const bool terminal = around.output_is_terminal && around.error_is_terminal;
    const size_t columns = terminal ? env::StandardErrorColumns() : kColumns;
    if (format == "text")
      console.Result(PlanText(*outline, plan->options, PlaceOf(program).uri, columns));
    if (format == "json") console.Result(PlanJson(*outline, *plan, PlaceOf(program).uri));
    if (format == "dot") console.Result(drawing::DotPicture(*outline));
    if (format == "svg") console.Result(drawing::SvgPicture(*outline));
    return Code(ExitCode::kDone);
  });
}

}  // namespace weir::cli
