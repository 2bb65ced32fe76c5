// The ends of streams: what Stream's Print, WriteCsv and SinkTo write down.
// Threads: one caller at a time.
#pragma once

#include <memory>
#include <string>

#include "weir/api/node_handle.h"
#include "weir/record/type_ops.h"
#include "weir/runtime/sink.h"

namespace weir::api {

StreamSink Print(Program& program, NodeIndex from, Place place);

/// Shapes: `type` is that of the records of `from`, and has fields that CSV can hold.
StreamSink WriteCsv(Program& program, NodeIndex from, std::string directory,
                    const record::TypeOps& type, Place place);

StreamSink SinkTo(Program& program, NodeIndex from, std::shared_ptr<const runtime::Sink> sink,
                  Place place);

}  // namespace weir::api
