// StateRestore: brings the keyed state of one subtask from the store to it, one pack after the
// other. It reads ahead of the subtask, but never by more than a named number of bytes.
//
// It owns itself through the call or the chunk that is under way. When a chunk is dropped instead
// of taken, as those of an attempt that ended, it ends without an answer.
// Threads: `take` and `done` come on the store's threads or on that which took a chunk, one at a
//   time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/base/limits.h"
#include "weir/checkpoint/chunk_window.h"
#include "weir/checkpoint/job_files.h"
#include "weir/checkpoint/pack.h"
#include "weir/cluster/control.h"
#include "weir/env/blob_store.h"

namespace weir::cluster {

class StateRestore : public std::enable_shared_from_this<StateRestore> {
 public:
  /// Hands one chunk on. `taken` is called when its bytes are no longer held, on any thread.
  using Take = base::UniqueFunction<void(const checkpoint::PackState& state, std::string bytes,
                                         base::Closure taken)>;
  struct Options {
    env::BlobStore& store;
    const checkpoint::JobFiles& files;
    std::vector<proto::Segment> segments;
    Take take;
    env::StatusCallback done;  // all chunks were handed on; not all need be taken
    size_t bytes_max = limits::kRestoreBytesMax;
  };
  /// Shapes: store outlives the calls under way.
  /// Errors: as checkpoint::ReadPack, but DataLoss for a pack that is not there.
  static void Begin(Options options);

  explicit StateRestore(Options options);  // Begin makes it shared

 private:
  void Next();

  env::BlobStore& store_;
  const checkpoint::JobFiles files_;
  const std::vector<proto::Segment> segments_;
  Take take_;
  env::StatusCallback done_;
  const std::shared_ptr<checkpoint::ChunkWindow> window_;  // owners: chunks under way, readings
  size_t next_ = 0;
};

}  // namespace weir::cluster
