// PermitIssuer: the one place where a CommitPermit is made, from the coordinator's message that the
// record stands. That message in turn is made from the proof.
// Threads: pure.
#pragma once

#include "weir/checkpoint/completion.h"
#include "weir/cluster/control.pb.h"
#include "weir/runtime/commit_permit.h"

namespace weir::cluster {

class PermitIssuer {
 public:
  /// The coordinator's side: the message that carries the proof to the workers.
  static proto::Complete Announce(const checkpoint::Completion& completion) {
    proto::Complete message;
    message.set_checkpoint(completion.checkpoint().number());
    return message;
  }

  /// The worker's side. The caller has checked that the message is of the coordinator that it
  /// obeys.
  static runtime::CommitPermit FromMessage(const proto::Complete& message) {
    return runtime::CommitPermit(base::CheckpointId(message.checkpoint()));
  }
};

}  // namespace weir::cluster
