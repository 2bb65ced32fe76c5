// The ends of streams: what Stream's Print and SinkTo write down.
// Threads: one caller at a time.
#pragma once

#include <memory>
#include <vector>

#include "weir/api/node_handle.h"
#include "weir/runtime/sink.h"

namespace weir::api {

StreamSink Print(Program& program, const std::vector<InputEdge>& inputs, Place place);

StreamSink SinkTo(Program& program, const std::vector<InputEdge>& inputs,
                  std::shared_ptr<const runtime::Sink> sink, Place place);

}  // namespace weir::api
