// SnapshotUpload: one subtask's snapshot on its way to the store. It puts chunks of keyed state
// into a pack (or, when they are few, into the acknowledgement itself), runs the jobs that
// operators deferred, and answers once everything is durable.
//
// Invariants: the answer comes at most once, and ok only after the pack's Finish and every job
//   answered ok. Destroyed before Finish, it never answers, and nothing of it will be seen.
// Threads: the methods from the subtask's thread; the answer on any.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/checkpoint/job_files.h"
#include "weir/checkpoint/pack.h"
#include "weir/checkpoint/pack_writer.h"
#include "weir/cluster/control.h"
#include "weir/env/blob_store.h"
#include "weir/env/env.h"
#include "weir/runtime/subtask.h"

namespace weir::cluster {

/// What an acknowledgement says.
struct UploadedSnapshot {
  runtime::SubtaskState state;
  runtime::SnapshotStream::Costs costs;
  std::vector<checkpoint::PackRef> packs;
  uint64_t bytes_written = 0;
};

/// What the coordinator is told of a snapshot: an Acknowledge, or a Decline when it failed. One
/// that does not fit into a message is declined with ResourceExhausted.
proto::ToCoordinator SnapshotNews(base::SubtaskId subtask, base::CheckpointId checkpoint,
                                  const StatusOr<UploadedSnapshot>& uploaded);

class SnapshotUpload final : public runtime::SnapshotStream {
 public:
  struct Options {
    env::BlobStore& store;
    env::Env& env;
    const checkpoint::JobFiles& files;
    checkpoint::PackName pack;
    std::vector<checkpoint::PackState> states;  // of all operators of the chain
    // For each operator of the chain, where its states begin in `states`.
    std::vector<uint32_t> first_state;
    base::KeyGroupRange key_groups;
    // Of the subtask, which is woken when bytes_waiting fell.
    std::shared_ptr<runtime::Mailbox> mailbox;
    env::ResultCallback<UploadedSnapshot> done;
  };
  explicit SnapshotUpload(Options options);
  ~SnapshotUpload() override;

  void Write(uint32_t index, state::SnapshotChunk chunk) override;
  void Defer(base::UniqueFunction<Status()> job) override;
  base::UniqueFunction<void(Status)> Hold() override;
  size_t bytes_waiting() const override;
  void Finish(runtime::SubtaskState state, Costs costs) override;

 private:
  class Answer;
  void OpenPack();

  Options options_;
  std::shared_ptr<Answer> answer_;        // shared with jobs and store calls under way
  std::vector<checkpoint::Chunk> small_;  // what may still fit into the acknowledgement
  size_t small_bytes_ = 0;
  std::unique_ptr<checkpoint::PackWriter> pack_;  // null while small
};

}  // namespace weir::cluster
