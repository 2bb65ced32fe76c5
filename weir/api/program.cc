#include "weir/api/program.h"

#include <utility>

#include "weir/base/check.h"

namespace weir::api {

std::vector<const record::TypeOps*> Node::output_types() const {
  if (source != nullptr) return source->output_types();
  return runtime::OutputTypesOf(*factory, side_outputs);
}

std::string NotAnOperator(std::string_view verb) {
  return Concat(verb,
                " speaks of an operator, and there is none between Union, Rebalance and the "
                "like and their reader: say it before them, or of the reader");
}

NodeIndex Program::Add(Node node) {
  base::PortIndex port;
  for (const InputEdge& input : node.inputs) {
    WEIR_CHECK(input.from.number() < nodes_.size());
    WEIR_CHECK(input.to_port == port || input.to_port == port.Next());
    port = input.to_port;
  }
  nodes_.push_back(std::move(node));
  return NodeIndex(static_cast<uint32_t>(nodes_.size() - 1));
}

void Program::SetName(Place place, std::string_view name) {
  if (name_place_.line != 0) {
    AddError(std::move(place), Concat("the pipeline has the name \"", name_, "\" from ",
                                      name_place_.ToString(), " already: name it once"));
    return;
  }
  name_ = name;
  name_place_ = std::move(place);
}

void Program::SetNodeName(NodeIndex index, const NameHere& name) {
  Node& node = nodes_[index.number()];
  if (node.name) {
    AddError(name.place, Concat("this ", node.what(), " has the name \"", *node.name,
                                "\" already: name it once"));
    return;
  }
  node.name = std::string(name.name);
  node.place = name.place;
}

void Program::SetNodeParallelism(NodeIndex index, Place place, uint32_t parallelism) {
  Node& node = nodes_[index.number()];
  if (parallelism == 0) {
    AddError(std::move(place),
             "parallelism 0: an operator has at least 1 subtask; leave SetParallelism out for the "
             "job's default");
    return;
  }
  node.parallelism = parallelism;
}

void Program::SetNodeChaining(NodeIndex index, Chaining chaining) {
  nodes_[index.number()].chaining = chaining;
}

base::PortIndex Program::SideOutputOf(NodeIndex index, Place place, std::string_view name,
                                      const record::TypeOps& type) {
  Node& node = nodes_[index.number()];
  if (node.source != nullptr || !node.factory->has_side_outputs()) {
    AddError(std::move(place), Concat("this ", node.what(),
                                      " has no side outputs: those of a "
                                      "process function are read from the stream of its Process"));
    return {};
  }
  const auto main_ports = static_cast<uint32_t>(node.factory->output_types().size());
  for (uint32_t i = 0; i < node.side_outputs.size(); ++i) {
    if (node.side_outputs[i].name != name) continue;
    if (node.side_outputs[i].type != &type) {
      AddError(std::move(place), Concat("the side output \"", name, "\" has two types, ",
                                        node.side_outputs[i].type->schema().ToString(), " and ",
                                        type.schema().ToString(), ": give each its own tag"));
    }
    return base::PortIndex(main_ports + i);
  }
  node.side_outputs.push_back({std::string(name), &type});
  return base::PortIndex(main_ports + static_cast<uint32_t>(node.side_outputs.size()) - 1);
}

void Program::Set(Place place, std::string_view key, std::string_view value) {
  const Status status = config_.Set(key, value);
  if (!status.ok()) AddError(std::move(place), std::string(status.message()));
}

void Program::AddError(Place place, std::string message) {
  errors_.push_back({std::move(place), std::move(message)});
}

std::vector<ProgramError> Program::errors() const {
  std::vector<ProgramError> errors = errors_;
  for (ProgramError& error : options_.errors()) errors.push_back(std::move(error));
  return errors;
}

}  // namespace weir::api
