// How many bytes checkpoints take, by operator and state, and what several of them share.
// Threads: pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weir/checkpoint/history_record.h"
#include "weir/checkpoint/pack.h"

namespace weir::cli {

/// A part of a checkpoint.
struct PartSize {
  enum class Kind : uint8_t {
    kKeyedState,  // `name` is the state's
    kListState,
    kSplits,   // positions of a source
    kCommits,  // output that is sealed and not yet visible, as far as it is in the record
    kIndex,    // of packs: what they have besides states; of no operator
  };
  std::string operator_uid;
  std::string name;
  Kind kind = Kind::kKeyedState;
  uint64_t bytes = 0;
  friend bool operator==(const PartSize&, const PartSize&) = default;
};

struct CheckpointSize {
  uint64_t id = 0;
  std::string savepoint;
  uint64_t packs = 0;
  uint64_t own_bytes = 0;     // would be free without it
  uint64_t shared_bytes = 0;  // other checkpoints have them, too
  std::vector<PartSize> parts;
  uint64_t bytes() const { return own_bytes + shared_bytes; }
};

struct CheckpointSizes {
  std::vector<CheckpointSize> checkpoints;
  uint64_t total_bytes = 0;  // what is shared counts once
};

/// Shapes: each record holds a checkpoint; indices[i] has the index of each pack of records[i].
CheckpointSizes SizesOf(const std::vector<checkpoint::HistoryRecord>& records,
                        const std::vector<std::vector<checkpoint::PackIndex>>& indices);

/// A table of all, newest first, and the parts of the last of `sizes`.
std::string SizesText(const CheckpointSizes& sizes);

/// An object (docs/configuration.md, "Sizes of checkpoints").
std::string SizesJson(const std::string& job, const CheckpointSizes& sizes);

}  // namespace weir::cli
