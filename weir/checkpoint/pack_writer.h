// PackWriter: puts the chunks of one subtask's snapshot into a pack, on the pool.
//
// The task that hands chunks over does nothing but move strings: encoding, checksums and the
// store's calls happen in jobs of the pool, one at a time. The task watches `buffered_bytes` and
// stops to take input above its budget.
// Ownership: destroyed before Finish, it writes nothing more and nothing is left behind. Afterwards
//   the pack goes on without it and answers: the jobs and store calls under way own what they need.
// Threads: Add and Finish one caller at a time; buffered_bytes from any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/base/function.h"
#include "weir/checkpoint/job_files.h"
#include "weir/checkpoint/pack.h"
#include "weir/env/blob_store.h"
#include "weir/env/executor.h"

namespace weir::checkpoint {

class PackWriter {
 public:
  struct Options {
    std::string name;  // PackName::ToString
    std::vector<PackState> states;
    base::KeyGroupRange key_groups;
    base::Closure on_progress;  // after each write: buffered_bytes fell; on any thread
    bool answer_early = false;  // the mutant "record-before-pack": Finish does not wait
  };

  /// Shapes: `store` and `pool` outlive every call that they were given.
  PackWriter(env::BlobStore& store, env::Executor& pool, const JobFiles& files, Options options);
  ~PackWriter();

  void Add(Chunk chunk);

  /// Writes what is left and answers once, on any thread, with what the record must say of the
  /// pack.
  /// Errors: the first that the store gave; nothing is left behind then.
  void Finish(env::ResultCallback<PackRef> done);

  /// Bytes handed over and not yet written.
  size_t buffered_bytes() const;

 private:
  struct Core;
  std::shared_ptr<Core> core_;  // shared with the jobs and store calls under way
};

/// Encodes a small snapshot as a pack that lies in the record itself.
/// Shapes: the whole is at most limits::kInlinePackBytesMax; checked.
PackRef InlinePack(std::vector<PackState> states, base::KeyGroupRange key_groups,
                   const std::vector<Chunk>& chunks);

}  // namespace weir::checkpoint
