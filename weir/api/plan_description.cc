#include "weir/api/plan_description.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "weir/api/plan_checks.h"
#include "weir/base/hash.h"
#include "weir/operators/declared_states.h"
#include "weir/record/type_ops.h"

namespace weir::api {
namespace {

std::string Digest(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  const uint64_t hash = base::HashBytes(/*seed=*/0, text);
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[(hash >> shift) & 15];
  return digits;
}

// How other lines call a node: by its uid, or by its place among the nodes.
std::string Called(const std::vector<std::string>& uids, size_t index) {
  return uids[index].empty() ? "#" + std::to_string(index) : uids[index];
}

std::string OutputTypes(const Node& node) {
  std::string types;
  for (const record::TypeOps* type : node.output_types()) {
    types += (types.empty() ? "" : ", ") + type->schema().ToString();
  }
  return types.empty() ? "nothing" : types;
}

std::string DescribeNode(const Node& node, const std::vector<std::string>& uids, size_t index) {
  std::string line = Concat("operator ", Called(uids, index), ": ", node.what());
  base::PortIndex port;
  for (const InputEdge& input : node.inputs) {
    const bool first = &input == &node.inputs.front();
    line += Concat(first                   ? " of "
                   : port == input.to_port ? " and "
                                           : " with ",
                   Called(uids, input.from.number()));
    port = input.to_port;
    if (input.from_port.number() != 0) line += Concat(" port ", input.from_port);
    if (input.partitioning != runtime::Partitioning::kForward)
      line += Concat(" by ", runtime::PartitioningName(input.partitioning));
  }
  return line + " makes " + OutputTypes(node);
}

// What all processes must agree on besides the description.
std::vector<std::string> DescribeParallelism(const runtime::JobGraph& graph) {
  std::vector<std::string> lines = {Concat("max parallelism ", graph.max_parallelism)};
  for (const runtime::Chain& chain : graph.chains) {
    lines.push_back(
        Concat("chain ", chain.name, " of ", chain.operators.size(), " in ", chain.parallelism));
  }
  for (const runtime::Edge& edge : graph.edges) {
    lines.push_back(Concat("edge ", edge.from, " operator ", edge.from_operator, " port ",
                           edge.from_port, " to ", edge.to, " port ", edge.to_port, " ",
                           runtime::PartitioningName(edge.partitioning)));
  }
  return lines;
}

}  // namespace

void Describe(const Program& program, JobPlan& plan, std::vector<ProgramError>& errors) {
  const std::vector<std::string> uids = UidsOf(program);
  std::vector<std::string>& lines = plan.description;
  lines.push_back("job " + program.name());
  for (size_t i = 0; i < uids.size(); ++i) {
    const Node& node = program.nodes()[i];
    lines.push_back(DescribeNode(node, uids, i));
    if (node.source != nullptr) continue;
    const auto states =
        operators::DeclaredStates(*node.factory, uids[i], plan.graph.max_parallelism);
    if (!states.ok()) {
      errors.push_back({node.place, std::string(states.status().message())});
      continue;
    }
    for (const std::string& state : *states) lines.push_back("state " + state);
  }
  for (const auto& [name, value] : program.options().values()) {
    lines.push_back(Concat("option ", name, ": ", value));
  }
  std::vector<std::string> all = DescribeParallelism(plan.graph);
  all.insert(all.end(), lines.begin(), lines.end());
  plan.graph.digest = Digest(all);
}

std::string FirstDifference(std::span<const std::string> here, std::span<const std::string> there) {
  for (size_t i = 0; i < std::max(here.size(), there.size()); ++i) {
    const std::string_view a = i < here.size() ? std::string_view(here[i]) : "nothing";
    const std::string_view b = i < there.size() ? std::string_view(there[i]) : "nothing";
    if (a != b) return Concat("\"", a, "\" here, \"", b, "\" there");
  }
  return {};
}

std::string Picture(const runtime::JobGraph& graph) {
  std::string picture;
  const auto chain = [&graph](base::ChainIndex index) {
    const runtime::Chain& shown = graph.chains[index.number()];
    return Concat(shown.name, " ×", shown.parallelism);
  };
  for (const runtime::Edge& edge : graph.edges) {
    picture += Concat(chain(edge.from), " ──", runtime::PartitioningName(edge.partitioning), "──▶ ",
                      chain(edge.to), "\n");
  }
  if (graph.edges.empty() && !graph.chains.empty()) picture = chain(base::ChainIndex(0)) + "\n";
  return picture;
}

}  // namespace weir::api
