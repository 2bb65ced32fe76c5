// JobGraph: the plan of a job: chains of operators and the edges between them. Every process builds
// the same one from the program; subtasks are named by (chain, subtask), so that nothing but
// numbers travels when a job is deployed.
// Invariants: operators of a chain have forward edges and equal parallelism; uids are unique; edges
//   go from lower to higher chain numbers.
// Threads: immutable once built.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/base/ids.h"
#include "weir/exchange/partitioner.h"
#include "weir/runtime/operator.h"
#include "weir/runtime/source.h"

namespace weir::runtime {

using exchange::Partitioning;
using exchange::PartitioningName;

struct OperatorNode {
  // The user's name; empty for a helper without state (a map, the hashing of keys).
  std::string uid;
  std::shared_ptr<const OperatorFactory> factory;
  std::vector<SideOutput> side_outputs = {};  // those that are read

  std::vector<const record::TypeOps*> output_types() const {
    return OutputTypesOf(*factory, side_outputs);
  }
};

/// Operators run together. `source`, when present, feeds operators[0] (or the edges, when there is
/// no operator).
struct Chain {
  std::string name;  // for plans and logs: "[csv-source]", "[per-page ▸ csv-sink]"
  std::string source_uid;
  std::shared_ptr<const Source> source;
  std::vector<OperatorNode> operators;  // operators[i] port 0 feeds operators[i + 1]
  uint32_t parallelism = 1;
  // Of each input port of the head; empty with a source.
  std::vector<const record::TypeOps*> input_types;
};

/// From an output port to the head of another chain. Several edges may leave one port: each gets
/// all rows.
struct Edge {
  base::ChainIndex from;
  uint32_t from_operator = 0;  // index in Chain::operators; kFromSource for the source itself
  base::PortIndex from_port;
  base::ChainIndex to;
  base::PortIndex to_port;
  Partitioning partitioning = Partitioning::kForward;
  static constexpr uint32_t kFromSource = UINT32_MAX;
};

struct JobGraph {
  std::string name;
  uint32_t max_parallelism = 256;
  std::vector<Chain> chains;
  std::vector<Edge> edges;

  /// A digest of everything that all processes must agree on: chains, uids, types, states, edges,
  /// parallelism, options.
  std::string digest;

  /// The type that leaves an edge's origin.
  const record::TypeOps& TypeOf(const Edge& edge) const;

  /// Total number of subtasks.
  uint32_t subtasks() const;
};

}  // namespace weir::runtime
