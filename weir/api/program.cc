#include "weir/api/program.h"

#include <utility>

#include "weir/base/check.h"

namespace weir::api {

NodeIndex Program::Add(Node node) {
  for (const InputEdge& input : node.inputs) WEIR_CHECK(input.from.number() < nodes_.size());
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
