#include "weir/runtime/job_graph.h"

#include "weir/base/check.h"

namespace weir::runtime {

const record::TypeOps& JobGraph::TypeOf(const Edge& edge) const {
  const Chain& chain = chains[edge.from.number()];
  if (edge.from_operator == Edge::kFromSource) {
    WEIR_CHECK(chain.source != nullptr);
    return *chain.source->output_types()[edge.from_port.number()];
  }
  return *chain.operators[edge.from_operator].output_types()[edge.from_port.number()];
}

uint32_t JobGraph::subtasks() const {
  uint32_t count = 0;
  for (const Chain& chain : chains) count += chain.parallelism;
  return count;
}

}  // namespace weir::runtime
