// What a program must satisfy before it can be planned: names, parallelism, shape. Each function
// adds its sentences to `errors`.
// Threads: pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weir/api/program.h"

namespace weir::api {

/// Names of jobs and operators become parts of file names.
inline constexpr std::string_view kNameRule =
    "A-Z, a-z, 0-9, \".\", \"_\" and \"-\", not beginning with \".\"";
bool IsName(std::string_view name);

/// The uid of each node: its name, or its kind for a source or sink without one, or nothing.
std::vector<std::string> UidsOf(const Program& program);

void CheckNames(const Program& program, std::vector<ProgramError>& errors);

/// Every node but a stateful one must be read by somebody: what it makes would be lost.
void CheckShape(const Program& program, std::vector<ProgramError>& errors);

/// Shapes: parallelism is the job's setting, 0 when there is none.
void CheckParallelism(const Program& program, uint32_t parallelism, uint32_t max_parallelism,
                      std::vector<ProgramError>& errors);

}  // namespace weir::api
