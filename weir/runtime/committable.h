// Committable: a closed batch of a sink that is not known to be committed. Snapshots hold them as
// what they are, so that a rewind can list what it would repeat and a restore can deal each to
// exactly one subtask (origin % parallelism).
// Threads: values.
#pragma once

#include <string>

#include "weir/base/ids.h"

namespace weir::runtime {

/// All that is needed to make the batch visible, by any subtask, in any later process.
struct Committable {
  base::SubtaskIndex origin;      // the subtask that wrote it
  base::Lineage lineage;          // under which it was written; kept for its whole life
  base::CheckpointId checkpoint;  // that closed it
  std::string payload;            // the sink's own
  friend bool operator==(const Committable&, const Committable&) = default;
};

}  // namespace weir::runtime
