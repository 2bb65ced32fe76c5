// The description of a plan: what all processes of a job must agree on, in lines.
// Threads: pure.
#pragma once

#include <vector>

#include "weir/api/plan.h"

namespace weir::api {

/// Fills in the description of a plan and its digests. Opens each operator once, without a world
/// (OperatorContext::env is null), to learn the states that it declares.
/// Errors: those of Open, with the operator's place, in `errors`.
void Describe(const Program& program, JobPlan& plan, std::vector<ProgramError>& errors);

}  // namespace weir::api
