#include "weir/cli/version.h"

namespace weir::cli {

const char* Version() { return WEIR_VERSION; }

}  // namespace weir::cli
