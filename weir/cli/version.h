// The version of Weir that this program was built with.
// Threads: pure.
#pragma once

namespace weir::cli {

/// "0.1.0".
const char* Version();

}  // namespace weir::cli
