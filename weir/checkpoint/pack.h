// The pack: the file in which a subtask's share of a checkpoint lies (docs/formats/pack.md).
//
//   header · blocks of at most 1 MiB · footer (states, blocks with checksums, chunks) · trailer
//
// A chunk is the bytes that weir/state wrote for one state and one key group. Chunks lie one behind
// the other and know nothing of blocks: many small ones share a block, a large one runs through
// several. Every byte of a pack is covered by a checksum or compared with what it must be.
// Threads: values; an encoder has one caller at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/checksum.h"
#include "weir/base/hash.h"
#include "weir/base/ids.h"
#include "weir/base/status.h"
#include "weir/checkpoint/history_record.h"

namespace weir::checkpoint {

inline constexpr uint32_t kPackFormatVersion = 1;
inline constexpr size_t kPackHeaderBytes = 16;
inline constexpr size_t kPackTrailerBytes = 32;

enum class ChunkScope : uint8_t {
  // All of the state's rows of the key group: what older packs say of it does not count.
  kWhole = 1,
  kDelta = 2,  // changes to what older packs say
};

/// A state whose chunks lie in a pack; chunks name it by its index in the pack's list.
struct PackState {
  std::string operator_uid;
  std::string state;
  friend bool operator==(const PackState&, const PackState&) = default;
};

struct Chunk {
  uint32_t state = 0;  // index into the pack's states
  base::KeyGroup key_group;
  ChunkScope scope = ChunkScope::kWhole;
  std::string bytes;
  friend bool operator==(const Chunk&, const Chunk&) = default;
};

/// The footer: where everything lies.
struct PackIndex {
  struct Block {
    uint64_t offset = 0;  // in the file
    uint64_t bytes = 0;
    uint64_t checksum = 0;
    friend bool operator==(const Block&, const Block&) = default;
  };
  struct Entry {
    uint32_t state = 0;
    base::KeyGroup key_group;
    ChunkScope scope = ChunkScope::kWhole;
    uint64_t offset = 0;  // in the bytes of all blocks, one behind the other
    uint64_t bytes = 0;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  std::vector<PackState> states;
  std::vector<Block> blocks;
  std::vector<Entry> entries;  // in the order in which the chunks were added

  /// Errors: DataLoss.
  static StatusOr<PackIndex> Decode(std::string_view footer, uint64_t footer_offset);
  std::string Encode() const;
};

/// Where a pack's footer lies, from the pack's last kPackTrailerBytes bytes.
struct PackTrailer {
  uint64_t footer_offset = 0;
  uint64_t footer_bytes = 0;
  uint64_t footer_checksum = 0;

  /// Errors: DataLoss; the footer must fill the room between its offset and the trailer of a pack
  ///   of `pack_bytes`.
  static StatusOr<PackTrailer> Decode(std::string_view trailer, uint64_t pack_bytes);
  std::string Encode() const;
};

/// Ok if a pack can be as long, and its footer where and as long, as `pack` says.
/// Errors: DataLoss.
Status CheckPackShape(const PackRef& pack);

/// Ok if `header` is that of a pack.
/// Errors: DataLoss; FailedPrecondition when a newer version of Weir wrote it.
Status CheckPackHeader(std::string_view header);

/// Turns chunks into the bytes of a pack, a block at a time.
class PackEncoder {
 public:
  /// Shapes: chunks name `states` by index and lie in `key_groups`.
  PackEncoder(std::vector<PackState> states, base::KeyGroupRange key_groups);

  /// Adds a chunk behind the others.
  void Add(uint32_t state, base::KeyGroup key_group, ChunkScope scope, std::string_view bytes);

  /// The bytes of the pack that are final and were not taken before.
  std::string Take();

  /// Bytes that Take would give, and those of the block that is not full yet.
  size_t buffered_bytes() const { return ready_.size() + block_.size(); }

  /// Ends the pack and returns what a record says of it, without name; the rest of the bytes is
  /// there to be taken. No call but Take may follow.
  PackRef Finish();

 private:
  void Emit(std::string_view bytes);
  void EndBlock();

  base::KeyGroupRange key_groups_;
  PackIndex index_;
  std::string block_;  // the payload of the block being filled
  std::string ready_;
  uint64_t offset_ = 0;   // bytes of the pack so far, taken or not
  uint64_t payload_ = 0;  // bytes of chunks so far
  base::Checksum whole_;
};

}  // namespace weir::checkpoint
