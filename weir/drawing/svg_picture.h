// SvgPicture: the chains of a job and the edges between them as an SVG that needs nothing else: no
// script, no font, no link. Its colours follow the reader's choice of light or dark.
// Threads: pure.
#pragma once

#include <string>

#include "weir/drawing/job_outline.h"

namespace weir::drawing {

std::string SvgPicture(const JobOutline& outline);

}  // namespace weir::drawing
