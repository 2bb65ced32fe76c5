// JobOutline: what people want to know of a job before it runs: its chains and their operators, the
// edges between them, the states that it declares, and what each sink promises.
// Threads: values; OutlineOf calls the user's code.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/status.h"
#include "weir/runtime/job_graph.h"

namespace weir::drawing {

/// How often a row of the input counts in what a sink writes, whatever fails.
enum class Guarantee : uint8_t {
  kExactlyOnce,  // every source can replay, and the sink commits with checkpoints
  kAtLeastOnce,  // every source can replay: rows since the newest checkpoint are written again
  kAtMostOnce,   // the sink commits; a source loses what came since the newest checkpoint
  kNone,         // neither
};

/// "exactly-once", "at-least-once", "at-most-once", "none".
std::string_view GuaranteeName(Guarantee guarantee);

struct StateOutline {
  std::string name;
  std::string kind;  // "value"
  std::string type;
  std::string key;  // the key's type
};

struct OperatorOutline {
  enum class Role : uint8_t { kSource, kOperator, kSink };
  Role role = Role::kOperator;
  std::string uid;  // empty for a helper without state
  std::string kind;
  std::vector<std::string> output_types;
  std::vector<StateOutline> states;
  bool can_replay = true;                         // of a source
  bool bounded = true;                            // of a source
  Guarantee guarantee = Guarantee::kExactlyOnce;  // of a sink

  /// The uid, or the kind of a helper.
  const std::string& called() const { return uid.empty() ? kind : uid; }
  /// What people need not see: the routing of rows, which is drawn as an edge.
  bool hidden() const { return uid.empty() && (kind == "key-by" || kind == "partition-custom"); }
};

struct ChainOutline {
  std::string name;  // "[per-page ▸ csv-sink]"
  uint32_t parallelism = 1;
  std::vector<OperatorOutline> operators;  // the source first
};

struct EdgeOutline {
  uint32_t from = 0;           // numbers of chains
  uint32_t from_operator = 0;  // in ChainOutline::operators
  uint32_t from_port = 0;
  uint32_t to = 0;
  uint32_t to_port = 0;
  std::string partitioning;  // "hash"
  std::string type;          // of its rows
};

struct JobOutline {
  std::string job;
  uint32_t max_parallelism = 0;
  uint32_t subtasks = 0;
  std::vector<ChainOutline> chains;
  std::vector<EdgeOutline> edges;  // from lower to higher numbers

  /// What is written beside an edge: "hash"; "in 2: broadcast" where the chain that it leads to has
  /// several inputs; "out 2 of windows: forward" where it leaves by another port than the first,
  /// and from within its chain.
  std::string LabelOf(const EdgeOutline& edge) const;

  /// The weakest promise of all sinks; kExactlyOnce without any.
  Guarantee end_to_end() const;
};

/// Opens each operator once, without a world, to learn the states that it declares.
/// Errors: those of Open, annotated with the uid.
StatusOr<JobOutline> OutlineOf(const runtime::JobGraph& graph);

}  // namespace weir::drawing
