#include "weir/cli/plan_text.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "weir/api/values.h"
#include "weir/cli/table.h"
#include "weir/drawing/text_picture.h"

namespace weir::cli {
namespace {

using drawing::Guarantee;
using drawing::JobOutline;
using drawing::OperatorOutline;
using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;  // docs/formats/plan.md

std::string Counted(size_t count, std::string_view what) {
  return Concat(count, " ", what, count == 1 ? "" : "s");
}

template <class Visit>
void ForEachOperator(const JobOutline& outline, Visit visit) {
  for (const drawing::ChainOutline& chain : outline.chains) {
    for (const OperatorOutline& op : chain.operators) visit(op);
  }
}

std::string HeadText(const JobOutline& outline, const api::JobOptions& options,
                     std::string_view checkpoints) {
  const Duration interval = options.checkpoints.interval;
  const std::string when = interval == Duration(0)
                               ? "one at the start, one at the end"
                               : Concat("every ", api::FormatDuration(interval));
  return Concat(outline.job, ": ", Counted(outline.chains.size(), "chain"), ", ",
                Counted(outline.subtasks, "subtask"), ", max parallelism ", outline.max_parallelism,
                "\ncheckpoints ", when, ", in ", checkpoints, "\n");
}

std::string StatesText(const JobOutline& outline) {
  Table table({{""}, {""}, {""}, {""}});
  bool any = false;
  ForEachOperator(outline, [&](const OperatorOutline& op) {
    for (const drawing::StateOutline& state : op.states) {
      any = true;
      table.Add({Concat("  ", op.uid, ".", state.name), state.kind, state.type,
                 Concat("by ", state.key)});
    }
  });
  return any ? "\nkeyed state\n" + table.ToString() : "\nno keyed state\n";
}

std::string_view GuaranteeText(Guarantee guarantee) {
  switch (guarantee) {
    case Guarantee::kExactlyOnce:
      return "exactly once";
    case Guarantee::kAtLeastOnce:
      return "at least once: a restart writes again what came behind the newest checkpoint";
    case Guarantee::kAtMostOnce:
      return "at most once: a restart loses what came behind the newest checkpoint";
    case Guarantee::kNone:
      return "none: what came behind the newest checkpoint may be lost, or written twice";
  }
  return "unknown";
}

std::string GuaranteesText(const JobOutline& outline) {
  Table sinks({{""}, {""}});
  std::string lost;
  size_t count = 0;
  ForEachOperator(outline, [&](const OperatorOutline& op) {
    if (op.role == OperatorOutline::Role::kSource && !op.can_replay)
      lost += Concat("  ", op.uid, " (", op.kind, ") cannot be read again after a failure\n");
    if (op.role != OperatorOutline::Role::kSink) return;
    ++count;
    sinks.Add({"  " + op.uid, std::string(GuaranteeText(op.guarantee))});
  });
  if (count == 0) return "\nno sink: nothing leaves the job\n" + lost;
  const bool exact = outline.end_to_end() == Guarantee::kExactlyOnce;
  return Concat("\nguarantee", exact ? ": exactly once, end to end\n" : "\n", sinks.ToString(),
                lost);
}

Json OperatorJson(const OperatorOutline& op) {
  Json json;
  if (!op.uid.empty()) json["uid"] = op.uid;
  json["kind"] = op.kind;
  switch (op.role) {
    case OperatorOutline::Role::kSource:
      json["role"] = "source";
      json["bounded"] = op.bounded;
      json["can_replay"] = op.can_replay;
      break;
    case OperatorOutline::Role::kOperator:
      json["role"] = "operator";
      break;
    case OperatorOutline::Role::kSink:
      json["role"] = "sink";
      json["guarantee"] = std::string(drawing::GuaranteeName(op.guarantee));
      break;
  }
  json["output_types"] = op.output_types;
  json["states"] = Json::array();
  for (const drawing::StateOutline& state : op.states) {
    json["states"].push_back(
        {{"name", state.name}, {"kind", state.kind}, {"type", state.type}, {"key", state.key}});
  }
  return json;
}

Json ChainsJson(const JobOutline& outline) {
  Json chains = Json::array();
  for (const drawing::ChainOutline& chain : outline.chains) {
    Json operators = Json::array();
    for (const OperatorOutline& op : chain.operators) operators.push_back(OperatorJson(op));
    chains.push_back({{"name", chain.name},
                      {"parallelism", chain.parallelism},
                      {"operators", std::move(operators)}});
  }
  return chains;
}

Json EdgesJson(const JobOutline& outline) {
  Json edges = Json::array();
  for (const drawing::EdgeOutline& edge : outline.edges) {
    edges.push_back({{"from", edge.from},
                     {"from_operator", edge.from_operator},
                     {"from_port", edge.from_port},
                     {"to", edge.to},
                     {"to_port", edge.to_port},
                     {"partitioning", edge.partitioning},
                     {"type", edge.type}});
  }
  return edges;
}

}  // namespace

std::string PlanText(const JobOutline& outline, const api::JobOptions& options,
                     std::string_view checkpoints, size_t columns) {
  return HeadText(outline, options, checkpoints) + "\n" + drawing::TextPicture(outline, columns) +
         StatesText(outline) + GuaranteesText(outline);
}

std::string PlanJson(const JobOutline& outline, const api::JobPlan& plan,
                     std::string_view checkpoints) {
  const auto interval =
      std::chrono::duration<double, std::milli>(plan.options.checkpoints.interval).count();
  const Json json = {{"format", kFormat},
                     {"job", outline.job},
                     {"plan_digest", plan.graph.digest},
                     {"max_parallelism", outline.max_parallelism},
                     {"subtasks", outline.subtasks},
                     {"checkpoints",
                      {{"in", std::string(checkpoints)},
                       {"interval_ms", interval},
                       {"retained", plan.options.checkpoints.retained_max}}},
                     {"guarantee", std::string(drawing::GuaranteeName(outline.end_to_end()))},
                     {"chains", ChainsJson(outline)},
                     {"edges", EdgesJson(outline)}};
  return json.dump(2) + "\n";
}

}  // namespace weir::cli
