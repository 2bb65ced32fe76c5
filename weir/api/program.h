// Program: what the verbs of Pipeline, Stream and KeyedStream write down: operators, the edges
// between them, settings, and every mistake with its place. Nothing here fails; planning
// (api/plan.h) judges.
// Threads: one caller at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
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
  kKeyBy,      // hashes keys for the edges that leave it; always runs with what it reads from
  kSink,
};

/// One input port of a node.
struct InputEdge {
  NodeIndex from;
  base::PortIndex from_port;
  runtime::Partitioning partitioning = runtime::Partitioning::kForward;
};

struct Node {
  NodeKind kind;
  Place place;
  std::optional<std::string> name;
  std::optional<uint32_t> parallelism;
  std::shared_ptr<const runtime::Source> source;  // of a kSource; shared with the JobGraph
  // Of all others; shared with the JobGraph.
  std::shared_ptr<const runtime::OperatorFactory> factory;
  std::vector<InputEdge> inputs;

  /// "csv-source", "map".
  std::string what() const { return source != nullptr ? source->kind() : factory->kind(); }
};

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
