// The ends of streams: what Stream's Print, WriteToSocket, ForEach and SinkTo write down.
// Threads: one caller at a time.
#pragma once

#include <memory>
#include <vector>

#include "weir/api/node_handle.h"
#include "weir/connectors/socket_sink.h"
#include "weir/runtime/sink.h"

namespace weir::api {

StreamSink Print(Program& program, const std::vector<InputEdge>& inputs, Place place);

/// In one subtask: whoever listens wants one connection.
StreamSink WriteToSocket(Program& program, const std::vector<InputEdge>& inputs,
                         SocketSinkOptions options, Place place);

/// A sink that is an operator of its own.
StreamSink AddSink(Program& program, const std::vector<InputEdge>& inputs,
                   std::shared_ptr<const runtime::OperatorFactory> factory, Place place);

StreamSink SinkTo(Program& program, const std::vector<InputEdge>& inputs,
                  std::shared_ptr<const runtime::Sink> sink, Place place);

}  // namespace weir::api
