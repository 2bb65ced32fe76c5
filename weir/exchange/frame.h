// Frames: what two workers say to each other about their channels. docs/formats/frames.md is the
// specification.
//
// A frame of elements holds a number of rows, one control element, or a fragment: a piece of rows
// that are too long for one frame. A credit frame goes the other way. All numbers in it are totals
// since the channel was opened, so a credit frame that comes late or twice does no harm.
// Threads: pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "weir/base/bytes.h"
#include "weir/base/ids.h"
#include "weir/base/status.h"

namespace weir::exchange {

/// Names a channel. Both processes derive it from the plan, so nothing needs to be agreed on.
struct ChannelKey {
  base::Epoch epoch{};
  base::Attempt attempt{};
  uint32_t edge = 0;  // index in the job graph
  base::SubtaskIndex from{};
  base::SubtaskIndex to{};
  friend auto operator<=>(const ChannelKey&, const ChannelKey&) = default;

  /// "epoch 3 attempt 1 edge 0 subtask 2 -> 5".
  std::string ToString() const;
};

/// How much the sender of a channel may have sent in all.
struct Credit {
  uint64_t frames = 0;    // rows and fragments
  uint64_t controls = 0;  // control elements
  friend bool operator==(const Credit&, const Credit&) = default;
};

/// Numbers are part of the format.
enum class FrameKind : uint8_t {
  kHello = 1,
  kRows = 2,  // the last piece of some rows, usually the only one
  kControl = 3,
  kFragment = 4,  // a piece of rows that is not the last
  kCredit = 5,
};

/// The first frame of the side that connected.
struct HelloFrame {
  std::string address;  // where the sender's DataPlane listens
  friend bool operator==(const HelloFrame&, const HelloFrame&) = default;
};

struct ElementFrame {
  FrameKind kind = FrameKind::kRows;  // kRows, kControl or kFragment
  ChannelKey key;
  uint64_t sequence = 0;  // counts the channel's element frames from 0
  // The payload is the rest of the frame; the encoder does not read this.
  size_t payload_offset = 0;
  friend bool operator==(const ElementFrame&, const ElementFrame&) = default;
};

struct CreditFrame {
  ChannelKey key;
  Credit credit;
  friend bool operator==(const CreditFrame&, const CreditFrame&) = default;
};

using Frame = std::variant<HelloFrame, ElementFrame, CreditFrame>;

/// What the head of an element frame takes at most: the kind, six varints of up to 64 bits.
inline constexpr size_t kElementHeadBytesMax = 1 + 6 * 10;

std::string EncodeHello(const HelloFrame& hello);
std::string EncodeCredit(const CreditFrame& credit);

/// Writes the head of an element frame; the payload is to follow.
void EncodeElementHead(const ElementFrame& head, base::ByteWriter& out);

/// Errors: DataLoss when the bytes are no frame, or longer than limits::kFrameBytesMax.
StatusOr<Frame> DecodeFrame(std::string_view bytes);

}  // namespace weir::exchange
