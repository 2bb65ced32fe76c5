// What a user can do about a failure whose message names no cure of its own.
// Threads: pure.
#pragma once

#include <string>

#include "weir/base/status.h"

namespace weir::cli {

/// One clause without a full stop; empty when there is nothing better than to run it again, or when
/// the message ends in a cure.
std::string CureOf(const Status& status);

}  // namespace weir::cli
