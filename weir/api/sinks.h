// The ends of streams: what Stream's Print, WriteCsv and SinkTo write down.
// Threads: one caller at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/api/node_handle.h"
#include "weir/record/type_ops.h"
#include "weir/runtime/sink.h"

namespace weir::api {

StreamSink Print(Program& program, const std::vector<InputEdge>& inputs, Place place);

/// Shapes: `type` is that of the records of `inputs`, and has fields that CSV can hold.
StreamSink WriteCsv(Program& program, const std::vector<InputEdge>& inputs, std::string directory,
                    const record::TypeOps& type, Place place);

StreamSink SinkTo(Program& program, const std::vector<InputEdge>& inputs,
                  std::shared_ptr<const runtime::Sink> sink, Place place);

}  // namespace weir::api
