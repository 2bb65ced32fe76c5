// DotPicture: the chains of a job and the edges between them in the language of Graphviz.
// Threads: pure.
#pragma once

#include <string>

#include "weir/drawing/job_outline.h"

namespace weir::drawing {

/// A graph for `dot`: `./clicks plan --output dot | dot -Tpng > clicks.png`.
std::string DotPicture(const JobOutline& outline);

}  // namespace weir::drawing
