#include "weir/api/sinks.h"

#include <utility>

#include "weir/connectors/committing_sink.h"
#include "weir/connectors/print_sink.h"

namespace weir::api {
namespace {

StreamSink Add(Program& program, const std::vector<InputEdge>& inputs,
               std::shared_ptr<const runtime::OperatorFactory> factory, Place place) {
  const NodeIndex node = program.Add({.kind = NodeKind::kSink,
                                      .place = std::move(place),
                                      .name = {},
                                      .parallelism = {},
                                      .source = nullptr,
                                      .factory = std::move(factory),
                                      .inputs = inputs});
  return {program, node};
}

}  // namespace

StreamSink Print(Program& program, const std::vector<InputEdge>& inputs, Place place) {
  return Add(program, inputs, std::make_shared<connectors::PrintSinkFactory>(), std::move(place));
}

StreamSink SinkTo(Program& program, const std::vector<InputEdge>& inputs,
                  std::shared_ptr<const runtime::Sink> sink, Place place) {
  return Add(program, inputs, std::make_shared<connectors::CommittingSinkFactory>(std::move(sink)),
             std::move(place));
}

}  // namespace weir::api
