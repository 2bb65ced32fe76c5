#include "weir/api/sinks.h"

#include <utility>

#include "weir/connectors/committing_sink.h"
#include "weir/connectors/print_sink.h"

namespace weir::api {

StreamSink AddSink(Program& program, const std::vector<InputEdge>& inputs,
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

StreamSink Print(Program& program, const std::vector<InputEdge>& inputs, Place place) {
  return AddSink(program, inputs, std::make_shared<connectors::PrintSinkFactory>(),
                 std::move(place));
}

StreamSink WriteToSocket(Program& program, const std::vector<InputEdge>& inputs,
                         SocketSinkOptions options, Place place) {
  if (const Status status = connectors::CheckSocketSinkOptions(options); !status.ok())
    program.AddError(place, Concat("WriteToSocket: ", status.message()));
  return AddSink(program, inputs,
                 std::make_shared<connectors::SocketSinkFactory>(std::move(options)),
                 std::move(place))
      .SetParallelism(1);
}

StreamSink SinkTo(Program& program, const std::vector<InputEdge>& inputs,
                  std::shared_ptr<const runtime::Sink> sink, Place place) {
  return AddSink(program, inputs,
                 std::make_shared<connectors::CommittingSinkFactory>(std::move(sink)),
                 std::move(place));
}

}  // namespace weir::api
