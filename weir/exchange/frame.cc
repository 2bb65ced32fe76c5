#include "weir/exchange/frame.h"

#include <limits>

#include "weir/base/limits.h"

namespace weir::exchange {
namespace {

using base::ByteReader;
using base::ByteWriter;

constexpr std::string_view kMagic = "weir";
constexpr uint64_t kVersion = 1;

void EncodeKey(const ChannelKey& key, ByteWriter& out) {
  out.Varint(key.epoch.number());
  out.Varint(key.attempt.number());
  out.Varint(key.edge);
  out.Varint(key.from.number());
  out.Varint(key.to.number());
}

uint32_t DecodeU32(ByteReader& in) {
  const uint64_t number = in.Varint();
  if (number > std::numeric_limits<uint32_t>::max()) in.Fail();
  return static_cast<uint32_t>(number);
}

ChannelKey DecodeKey(ByteReader& in) {
  ChannelKey key;
  key.epoch = base::Epoch(in.Varint());
  key.attempt = base::Attempt(DecodeU32(in));
  key.edge = DecodeU32(in);
  key.from = base::SubtaskIndex(DecodeU32(in));
  key.to = base::SubtaskIndex(DecodeU32(in));
  return key;
}

StatusOr<Frame> DecodeHello(ByteReader& in) {
  const std::string_view magic = in.Raw(kMagic.size());
  const uint64_t version = in.Varint();
  HelloFrame hello{.address = std::string(in.String())};
  WEIR_RETURN_IF_ERROR(in.Check("hello frame", ByteReader::Rest::kMustBeEmpty));
  if (magic != kMagic) return DataLossError("hello frame: not a worker's");
  if (version != kVersion) {
    return DataLossError("hello frame: version ", version, " is not ", kVersion);
  }
  return Frame(std::move(hello));
}

StatusOr<Frame> DecodeCredit(ByteReader& in) {
  CreditFrame credit{.key = DecodeKey(in), .credit = {}};
  credit.credit.frames = in.Varint();
  credit.credit.controls = in.Varint();
  WEIR_RETURN_IF_ERROR(in.Check("credit frame", ByteReader::Rest::kMustBeEmpty));
  return Frame(credit);
}

StatusOr<Frame> DecodeElement(FrameKind kind, size_t bytes, ByteReader& in) {
  ElementFrame head{.kind = kind, .key = DecodeKey(in)};
  head.sequence = in.Varint();
  head.payload_offset = bytes - in.remaining();
  WEIR_RETURN_IF_ERROR(in.Check("element frame", ByteReader::Rest::kMayFollow));
  return Frame(head);
}

}  // namespace

std::string ChannelKey::ToString() const {
  return Concat("epoch ", epoch, " attempt ", attempt, " edge ", edge, " subtask ", from, " -> ",
                to);
}

std::string EncodeHello(const HelloFrame& hello) {
  ByteWriter out;
  out.U8(static_cast<uint8_t>(FrameKind::kHello));
  out.Raw(kMagic);
  out.Varint(kVersion);
  out.String(hello.address);
  return out.Take();
}

std::string EncodeCredit(const CreditFrame& credit) {
  ByteWriter out;
  out.U8(static_cast<uint8_t>(FrameKind::kCredit));
  EncodeKey(credit.key, out);
  out.Varint(credit.credit.frames);
  out.Varint(credit.credit.controls);
  return out.Take();
}

void EncodeElementHead(const ElementFrame& head, ByteWriter& out) {
  out.U8(static_cast<uint8_t>(head.kind));
  EncodeKey(head.key, out);
  out.Varint(head.sequence);
}

StatusOr<Frame> DecodeFrame(std::string_view bytes) {
  if (bytes.size() > limits::kFrameBytesMax) {
    return DataLossError("frame: longer than ", limits::kFrameBytesMax, " bytes: ", bytes.size());
  }
  ByteReader in(bytes);
  const uint8_t kind = in.U8();
  switch (static_cast<FrameKind>(kind)) {
    case FrameKind::kHello:
      return DecodeHello(in);
    case FrameKind::kCredit:
      return DecodeCredit(in);
    case FrameKind::kRows:
    case FrameKind::kControl:
    case FrameKind::kFragment:
      return DecodeElement(static_cast<FrameKind>(kind), bytes.size(), in);
  }
  return DataLossError("frame: unknown kind ", static_cast<uint32_t>(kind));
}

}  // namespace weir::exchange
