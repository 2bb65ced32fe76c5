// PermitForTests: commit permits for tests that play the coordinator.
// Threads: pure.
#pragma once

#include "weir/runtime/commit_permit.h"

namespace weir::testing {

class PermitForTests {
 public:
  static runtime::CommitPermit Of(base::CheckpointId checkpoint) {
    return runtime::CommitPermit(checkpoint);
  }
};

}  // namespace weir::testing
