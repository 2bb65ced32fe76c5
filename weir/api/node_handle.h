// NodeHandle: what can be said of a source, an operator or a sink after it was written down.
// Threads: one caller at a time; a handle dies with the build callback.
#pragma once

#include <cstdint>
#include <source_location>

#include "weir/api/program.h"

namespace weir::api {

template <class Derived>
class NodeHandle {
 public:
  /// Names the operator. The name of one that keeps state (a source's positions and a sink's files
  /// count) is its uid: its state is found under it, also by the next version of the program.
  Derived Named(NameHere name) const {
    program_->SetNodeName(node_, name);
    return static_cast<const Derived&>(*this);
  }
  /// The same, in Flink's word.
  Derived Uid(NameHere name) const { return Named(name); }

  /// How many subtasks it has; without it the job's parallelism.
  Derived SetParallelism(uint32_t parallelism,
                         std::source_location place = std::source_location::current()) const {
    program_->SetNodeParallelism(node_, place, parallelism);
    return static_cast<const Derived&>(*this);
  }

 protected:
  NodeHandle(Program& program, NodeIndex node) : program_(&program), node_(node) {}
  ~NodeHandle() = default;

  Program& program() const { return *program_; }
  NodeIndex node() const { return node_; }

 private:
  Program* program_;  // the Pipeline's
  NodeIndex node_;
};

}  // namespace weir::api

namespace weir {
inline namespace v0 {

/// The end of a stream.
class StreamSink : public api::NodeHandle<StreamSink> {
 public:
  StreamSink(api::Program& program, api::NodeIndex node) : NodeHandle(program, node) {}
};

}  // namespace v0
}  // namespace weir
