// Operator list state: items that belong to no key, and how they are dealt out when a checkpoint is restored.
// Threads: values.
#pragma once

#include <cstdint>

namespace weir::state {

/// Numbers are part of the format (docs/formats/history.md).
enum class Redistribution : uint8_t {
  kSplit = 1,  // each item goes to one subtask: origin % parallelism
  kUnion = 2,  // every subtask gets all items
};

}  // namespace weir::state
