// UTF-8.
// Threads: pure.
#pragma once

#include <string_view>

namespace weir::base {

/// Whether `text` is well-formed UTF-8: no byte out of place, no overlong form, no surrogate.
bool IsUtf8(std::string_view text);

}  // namespace weir::base
