// CommitPermit: the only key to a sink's Commit. It says that the record of a checkpoint stands in
// the history; it is made in one place, from the coordinator's message that the record stands.
// Threads: a value.
#pragma once

#include "weir/base/ids.h"

namespace weir::cluster {
class PermitIssuer;
}
namespace weir::testing {
class PermitForTests;
}

namespace weir::runtime {

class CommitPermit {
 public:
  /// Everything closed at or before this checkpoint may be committed.
  base::CheckpointId checkpoint() const { return checkpoint_; }

 private:
  friend class ::weir::cluster::PermitIssuer;
  friend class ::weir::testing::PermitForTests;
  explicit CommitPermit(base::CheckpointId checkpoint) : checkpoint_(checkpoint) {}
  base::CheckpointId checkpoint_;
};

}  // namespace weir::runtime
