// StreamElement: what a channel carries, in order: batches of records and, between them, control.
// Threads: values.
#pragma once

#include <cstdint>
#include <variant>

#include "weir/base/ids.h"
#include "weir/base/time.h"
#include "weir/record/any_batch.h"

namespace weir::record {

/// No record with a smaller timestamp follows on this channel (but late ones).
struct Watermark {
  Timestamp time = kMinTimestamp;
  friend bool operator==(const Watermark&, const Watermark&) = default;
};

enum class CheckpointMode : uint8_t {
  kAligned = 0,      // the barrier waits its turn
  kUnaligned = 1,    // the barrier overtakes; what it overtook is part of the snapshot
  kAtLeastOnce = 2,  // no channel is held back; not yet set by anybody
};

/// The in-band marker of a checkpoint: state before it is in, after it is not.
struct Barrier {
  base::CheckpointId checkpoint;
  base::CheckpointId base;  // the completed checkpoint that deltas build on; 0 = none, write whole
  CheckpointMode mode = CheckpointMode::kAligned;
  bool savepoint = false;  // whole, aligned, without elements in flight
  friend bool operator==(const Barrier&, const Barrier&) = default;
};

/// The channel has nothing to say of event time until Active: the merge of watermarks leaves it
/// out.
struct Idle {
  friend bool operator==(const Idle&, const Idle&) = default;
};
struct Active {
  friend bool operator==(const Active&, const Active&) = default;
};

/// No batch and no watermark follows; barriers still do.
struct EndOfInput {
  friend bool operator==(const EndOfInput&, const EndOfInput&) = default;
};

using ControlElement = std::variant<Watermark, Barrier, Idle, Active, EndOfInput>;
using StreamElement = std::variant<BatchPtr, Watermark, Barrier, Idle, Active, EndOfInput>;

}  // namespace weir::record
