// What the standard streams of this process are connected to.
// Threads: LookAround before any other thread; StandardErrorColumns from any thread.
#pragma once

#include <cstddef>

namespace weir::env {

struct Surroundings {
  bool error_is_terminal = false;  // and one that lines can be redrawn on
  bool output_is_terminal = false;
  bool colour = false;  // standard error is a terminal that has colours, and NO_COLOR is not set
};
Surroundings LookAround();

/// The width of the terminal at standard error; 80 when it does not say.
size_t StandardErrorColumns();

}  // namespace weir::env
