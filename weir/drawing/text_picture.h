// TextPicture: the chains of a job and the edges between them, drawn with the characters that draw
// boxes: sources at the top, sinks at the bottom.
//
//   ╭───────────────────╮
//   │ csv-source     ×2 │
//   │ filter            │
//   ╰─────────┬─────────╯
//             │ hash
//             ▼
//
// Where lines cross without meeting there is a "┼": a line that turns has a round corner.
// Threads: pure.
#pragma once

#include <cstddef>
#include <string>

#include "weir/drawing/job_outline.h"

namespace weir::drawing {

/// Lines, each with its end. A graph that does not fit into `columns`, or whose lines cannot be
/// kept apart, is a line for each edge instead:
///   [csv-source ▸ filter] ×2 ──hash──▶ [per-page ▸ csv-sink] ×2
std::string TextPicture(const JobOutline& outline, size_t columns);

/// What the boxes of pictures say of an operator: "per-page (keyed-process)", "filter".
std::string OperatorText(const OperatorOutline& op);

}  // namespace weir::drawing
