// Operator state: named lists of items of a subtask that belong to no key. What an item means is
// known to the operator alone.
// Threads: values.
#pragma once

#include <cstdint>

namespace weir::state {

/// How a restore deals the items out. Numbers are those of records and messages.
enum class Redistribution : uint8_t {
  kSplit = 1,  // each item goes to one subtask: back to its own, or dealt out in turn
  kUnion = 2,  // every subtask gets all items
};

}  // namespace weir::state
