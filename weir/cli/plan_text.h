// The plan of a job as people and scripts read it.
// Threads: pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "weir/api/plan.h"
#include "weir/drawing/job_outline.h"

namespace weir::cli {

/// What the job is, its picture, its states, its guarantees.
/// Shapes: `checkpoints` is where they are; no line of the picture has more than `columns`.
std::string PlanText(const drawing::JobOutline& outline, const api::JobOptions& options,
                     std::string_view checkpoints, size_t columns);

/// docs/formats/plan.md.
std::string PlanJson(const drawing::JobOutline& outline, const api::JobPlan& plan,
                     std::string_view checkpoints);

}  // namespace weir::cli
