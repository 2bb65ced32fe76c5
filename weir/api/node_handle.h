// NodeHandle: what can be said of a source, an operator or a sink after it was written down.
// Threads: one caller at a time; a handle dies with the build callback.
#pragma once

#include <cstdint>
#include <optional>
#include <source_location>
#include <string_view>

#include "weir/api/program.h"

namespace weir::api {

template <class Derived>
class NodeHandle {
 public:
  /// Names the operator. The name of one that keeps state (a source's positions and a sink's files
  /// count) is its uid: its state is found under it, also by the next version of the program.
  Derived Named(NameHere name) const {
    if (IsNode("Named", name.place)) program_->SetNodeName(*node_, name);
    return static_cast<const Derived&>(*this);
  }
  /// The same, in Flink's word.
  Derived Uid(NameHere name) const { return Named(name); }

  /// How many subtasks it has; without it the job's parallelism.
  Derived SetParallelism(uint32_t parallelism,
                         std::source_location place = std::source_location::current()) const {
    if (IsNode("SetParallelism", place)) program_->SetNodeParallelism(*node_, place, parallelism);
    return static_cast<const Derived&>(*this);
  }

  /// It does not run in the chain of what it reads from, but begins one.
  Derived StartNewChain(std::source_location place = std::source_location::current()) const {
    if (IsNode("StartNewChain", place)) program_->SetNodeChaining(*node_, Chaining::kStartsNew);
    return static_cast<const Derived&>(*this);
  }
  /// It runs in a chain of its own, alone.
  Derived DisableChaining(std::source_location place = std::source_location::current()) const {
    if (IsNode("DisableChaining", place)) program_->SetNodeChaining(*node_, Chaining::kNever);
    return static_cast<const Derived&>(*this);
  }

  /// For Weir's own verbs.
  Program& program() const { return *program_; }

 protected:
  /// Shapes: `node` is empty for what is no operator's stream alone: a union, a rebalanced one.
  NodeHandle(Program& program, std::optional<NodeIndex> node) : program_(&program), node_(node) {}
  ~NodeHandle() = default;

  std::optional<NodeIndex> node() const { return node_; }

  /// Writes a mistake down when it is no operator.
  bool IsNode(std::string_view verb, const Place& place) const {
    if (!node_) program_->AddError(place, NotAnOperator(verb));
    return node_.has_value();
  }

 private:
  Program* program_;  // the Pipeline's
  std::optional<NodeIndex> node_;
};

}  // namespace weir::api

namespace weir {
inline namespace v0 {

/// The end of a stream.
class StreamSink : public api::NodeHandle<StreamSink> {
 public:
  /// For Weir's own verbs.
  StreamSink(api::Program& program, api::NodeIndex node) : NodeHandle(program, node) {}
};

}  // namespace v0
}  // namespace weir
