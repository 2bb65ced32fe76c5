// Planning: from what a program wrote down to a JobGraph.
//
//   * An operator joins the chain of the one it reads from when that is its only input, it is the
//     only reader of its first output, the edge is forward, both have the same parallelism, and
//     nobody forbade it.
//   * Behind KeyBy an edge is by hash; between different parallelisms it is rebalanced.
//   * A union is no operator: its reader has an edge for each of its streams, on one port.
//   * A source or sink without a name has the name of its kind ("csv-source"); a stateful
//     operator's name is its uid. Names never come from counters.
//   * Settings: a key on the command line beats the program, which beats the default.
//
// Every process of a job plans for itself and must come to the same; `description` says in lines
// what that is, so that two processes that differ can name the first difference.
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "weir/api/config.h"
#include "weir/api/job_options.h"
#include "weir/api/program.h"
#include "weir/base/status.h"
#include "weir/runtime/job_graph.h"

namespace weir::api {

/// What planning must know from outside the program.
struct PlanRequest {
  uint32_t cores = 1;                                 // the default parallelism
  Config config;                                      // from the command line
  std::optional<uint32_t> inherited_max_parallelism;  // of the history that the job resumes from
};

struct JobPlan {
  runtime::JobGraph graph;
  JobOptions options;
  /// Operators, types, states, edges, options: nothing that depends on parallelism.
  std::vector<std::string> description;
};

/// All mistakes are in `errors` (and the result is the first of them) when there are any.
/// Errors: InvalidArgument: the user's program or settings are wrong.
StatusOr<JobPlan> PlanJob(const Program& program, const PlanRequest& request,
                          std::vector<ProgramError>& errors);

/// "operator \"a\" ... here, ... there", or empty when the two agree.
std::string FirstDifference(std::span<const std::string> here, std::span<const std::string> there);

/// The graph as text, one line a chain, for plans and tests:
///   [csv-source ▸ key-by] ×2 ──hash──▶ [per-page ▸ csv-sink] ×2
std::string Picture(const runtime::JobGraph& graph);

}  // namespace weir::api
