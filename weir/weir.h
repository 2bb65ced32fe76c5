// Weir: everything that a program needs.
//
//   #include <weir/weir.h>
//
//   int main(int argc, char** argv) {
//     return weir::Main(argc, argv, [](weir::Pipeline& p) { ... });
//   }
//
// Records: record/record.h. Verbs: api/pipeline.h, api/stream.h, api/keyed_stream.h,
// api/connected_streams.h. Process functions: operators/process_function.h, co_process_function.h,
// output_tag.h. State: state/value_state.h and its neighbours. Own sources and sinks:
// runtime/source.h, runtime/sink.h.
//
/// @namespace weir
/// What a program sees.
/// @namespace weir::runtime
/// The contracts of sources, sinks and operators, for those who write their own. No version yet.
/// @namespace weir::testing
/// For tests of programs. No version yet.
#pragma once

#include "weir/api/connected_streams.h"
#include "weir/api/job_options.h"
#include "weir/api/keyed_stream.h"
#include "weir/api/pipeline.h"
#include "weir/api/stream.h"
#include "weir/base/status.h"
#include "weir/base/time.h"
#include "weir/cli/main.h"
#include "weir/operators/co_process_function.h"
#include "weir/operators/collector.h"
#include "weir/operators/output_tag.h"
#include "weir/operators/process_function.h"
#include "weir/record/record.h"
#include "weir/runtime/sink.h"
#include "weir/runtime/source.h"
#include "weir/state/aggregating_state.h"
#include "weir/state/broadcast_state.h"
#include "weir/state/list_state.h"
#include "weir/state/map_state.h"
#include "weir/state/operator_list_state.h"
#include "weir/state/reducing_state.h"
#include "weir/state/value_state.h"
