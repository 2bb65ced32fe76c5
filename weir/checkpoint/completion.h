// Completion: the proof that a checkpoint's record stands in the history. Only winning the record
// (Reign) or reading it (TakeOver) makes one; cluster turns it into the CommitPermit that sinks ask
// for, and nothing else can.
// Threads: a value.
#pragma once

#include "weir/base/ids.h"
#include "weir/checkpoint/history_record.h"

namespace weir::checkpoint {

class Completion {
 public:
  CheckpointRef ref() const { return ref_; }
  base::CheckpointId checkpoint() const { return ref_.checkpoint; }
  base::Lineage lineage() const { return lineage_; }

 private:
  friend class Reign;
  friend class TakeOver;
  Completion(CheckpointRef ref, base::Lineage lineage) : ref_(ref), lineage_(lineage) {}

  CheckpointRef ref_;
  base::Lineage lineage_;
};

}  // namespace weir::checkpoint
