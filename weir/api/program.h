// Program: what the verbs of Pipeline, Stream and KeyedStream write down: operators, the edges
// between them, settings, and every mistake with its place. Nothing here fails; planning
// (api/plan.h) judges.
// Threads: one caller at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/api/config.h"
#include "weir/api/place.h"
#include "weir/api/program_options.h"
#include "weir/base/ids.h"
#include "weir/runtime/job_graph.h"
#include "weir/runtime/operator.h"
#include "weir/runtime/source.h"

namespace weir::api {

/// A node of the program, by its number; later nodes read from earlier ones.
using NodeIndex = base::Id<struct NodeIndexTag, uint32_t>;

enum class NodeKind : uint8_t {
  kSource,
  kStateless,  // nothing of it is in a checkpoint: it needs no name
  kStateful,   // its name is where its state is kept
  kRouting,    // says where rows go on the edges that leave it; runs with what it reads from
  kSink,
};

/// One way on which rows come to a node. An input port may have several: a union.
struct InputEdge {
  NodeIndex from;
  base::PortIndex from_port;
  runtime::Partitioning partitioning = runtime::Partitioning::kForward;
  base::PortIndex to_port;
};

/// Whether a node may run in the chain of the one that it reads from.
enum class Chaining : uint8_t {
  kWherePossible,
  kStartsNew,  // it is the head of its chain
  kNever,      // it is a chain of its own
};

struct Node {
  NodeKind kind;
  Place place;
  std::optional<std::string> name;
  std::optional<uint32_t> parallelism;
  std::shared_ptr<const runtime::Source> source;  // of a kSource; shared with the JobGraph
  // Of all others; shared with the JobGraph.
  std::shared_ptr<const runtime::OperatorFactory> factory;
  std::vector<InputEdge> inputs;  // by port; each port from 0 on has one at least
  Chaining chaining = Chaining::kWherePossible;
  std::vector<runtime::SideOutput> side_outputs = {};  // those that are read
  // A node that another brought with it has no name of its own: "<uid of that one>.<part>".
  std::optional<NodeIndex> part_of = {};
  std::string part = {};

  /// "csv-source", "map".
  std::string what() const { return source != nullptr ? source->kind() : factory->kind(); }

  /// The type of each output port.
  std::vector<const record::TypeOps*> output_types() const;
};

/// The sentence about a verb that speaks of an operator, said of something else.
std::string NotAnOperator(std::string_view verb);

class Program {
 public:
  explicit Program(OptionValues given) : options_(std::move(given)) {}

  NodeIndex Add(Node node);
  const std::vector<Node>& nodes() const { return nodes_; }

  void SetName(Place place, std::string_view name);
  const std::string& name() const { return name_; }
  const Place& name_place() const { return name_place_; }

  void SetNodeName(NodeIndex node, const NameHere& name);
  void SetNodeParallelism(NodeIndex node, Place place, uint32_t parallelism);
  void SetNodeChaining(NodeIndex node, Chaining chaining);

  /// The output port on which `node` puts what its function gives to the tag `name`.
  base::PortIndex SideOutputOf(NodeIndex node, Place place, std::string_view name,
                               const record::TypeOps& type);

  /// A setting that the program makes itself.
  void Set(Place place, std::string_view key, std::string_view value);
  const Config& config() const { return config_; }

  void AddError(Place place, std::string message);
  /// In the order of the program; options last.
  std::vector<ProgramError> errors() const;

  ProgramOptions& options() { return options_; }
  const ProgramOptions& options() const { return options_; }

 private:
  std::string name_;
  Place name_place_;
  std::vector<Node> nodes_;
  Config config_;
  ProgramOptions options_;
  std::vector<ProgramError> errors_;
};

}  // namespace weir::api
