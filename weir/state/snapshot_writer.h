// SnapshotWriter: collects the encoded entries of a running snapshot, per state and key group, and
// hands them on in chunks.
//
// A long value comes in pieces, and its entry is a chunk of its own. Entries come from two sides:
// the walk over the table, group by group, and the rows that are about to be changed, from
// anywhere. A buffer is handed on when it is full or when the walk is done with its group, so what
// waits here is bounded by groups, not by state.
// Threads: the task's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/hash.h"
#include "weir/state/snapshot_chunk.h"

namespace weir::state {

/// A piece of a snapshot. A group and state may have several, in any order.
struct SnapshotChunk {
  base::KeyGroup group;
  uint32_t state = 0;
  // As docs/formats/keyed-state.md says; limits::kSnapshotChunkBytes and one entry at most.
  std::string bytes;
};

/// Where the chunks go.
/// Threads: called on the task's thread, from KeyedBackend::EncodeSome and from writes of the
///   state.
class SnapshotSink {
 public:
  virtual ~SnapshotSink() = default;
  virtual void Add(SnapshotChunk chunk) = 0;
};

class SnapshotWriter {
 public:
  /// Shapes: value_bytes has an entry for each state; the bytes of a value, or kVariable. `sink`
  ///   outlives the writer.
  SnapshotWriter(SnapshotSink& sink, base::KeyGroupRange groups, uint32_t key_bytes,
                 std::vector<uint32_t> value_bytes);

  /// Shapes: group_index counts from the first group of the range.
  void Add(uint32_t group_index, uint32_t state, std::string_view key, std::string_view value);

  /// Begins an entry whose value comes in pieces and is a chunk of its own, so that none need be
  /// copied in one step.
  /// Shapes: no other such entry is under way; the values of the state are of variable length.
  void BeginLong(uint32_t group_index, uint32_t state, std::string_view key, size_t value_bytes);
  void AddPiece(std::string_view piece);
  /// All pieces were added.
  void EndLong();

  /// Hands on what the group has, but for a long entry.
  void Flush(uint32_t group_index);
  void FlushAll();

  /// Bytes of entries that were not handed on yet.
  size_t bytes_buffered() const { return bytes_buffered_; }
  /// Bytes handed on.
  uint64_t bytes_written() const { return bytes_written_; }

 private:
  struct Buffer {
    std::string bytes;
    uint32_t count = 0;
  };
  void HandOn(uint32_t group_index, uint32_t state, Buffer& buffer);

  SnapshotSink& sink_;
  const base::KeyGroupRange groups_;
  const uint32_t key_bytes_;
  const std::vector<uint32_t> value_bytes_;
  const size_t chunk_bytes_;
  std::vector<std::unique_ptr<Buffer[]>> buffers_;  // by group; null until it has an entry
  struct Long {
    uint32_t group_index = 0;
    uint32_t state = 0;
    Buffer buffer;  // count is 0 when no entry is under way
  };
  Long long_;
  size_t bytes_buffered_ = 0;
  uint64_t bytes_written_ = 0;
};

}  // namespace weir::state
