// Reading packs: only the footer and the blocks that hold what is wanted, each byte checked before
// it is handed on.
// Threads: free functions that may be called from any thread; callbacks come on the store's
//   threads, one at a time; those of a pack that is inlined in its record inside the call.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/base/function.h"
#include "weir/base/hash.h"
#include "weir/checkpoint/chunk_window.h"
#include "weir/checkpoint/job_files.h"
#include "weir/checkpoint/pack.h"
#include "weir/env/blob_store.h"

namespace weir::checkpoint {

/// What a subtask wants of a pack.
struct PackWant {
  std::string operator_uid;
  base::KeyGroupRange key_groups;
};

/// Takes one chunk; a status that is not ok ends the reading with it.
using ChunkSink = base::UniqueFunction<Status(const PackState& state, Chunk chunk)>;

struct PackReading {
  PackRef pack;
  std::vector<PackWant> wants;
  ChunkSink sink;
  // Bounds what the sink keeps, and has given a place here: beside it, the reading holds a block
  // and a chunk. Null: the sink keeps nothing.
  // Owners: the reading, and the chunks' places.
  std::shared_ptr<ChunkWindow> window = nullptr;
};

/// Reads the chunks of the pack that `wants` name, in the order in which they were written, and
/// then answers `done` once. Holds one block and one chunk at a time. When a chunk loses its place
/// in the window untaken, it ends and never answers.
/// Shapes: `store` outlives the call.
/// Errors: DataLoss naming the pack and the piece; NotFound naming the pack; the sink's own;
///   whatever the store gave.
void ReadPack(env::BlobStore& store, const JobFiles& files, PackReading reading,
              env::StatusCallback done);

/// Reads the footer of `pack`: what lies where in it, and how large each chunk is.
/// Errors: as ReadPack.
void ReadPackIndex(env::BlobStore& store, const JobFiles& files, PackRef pack,
                   env::ResultCallback<PackIndex> done);

/// Reads all of `pack` and compares it with what its record says of it.
/// Errors: as ReadPack.
void VerifyPack(env::BlobStore& store, const JobFiles& files, PackRef pack,
                env::StatusCallback done);

}  // namespace weir::checkpoint
