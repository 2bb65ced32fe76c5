#include "weir/record/control_codec.h"

namespace weir::record {
namespace {

// Numbers are part of the format.
enum class Tag : uint8_t { kWatermark = 1, kBarrier = 2, kIdle = 3, kActive = 4, kEndOfInput = 5 };

struct Encoder {
  void operator()(const Watermark& watermark) const {
    Put(Tag::kWatermark);
    out.U64(static_cast<uint64_t>(watermark.time));
  }
  void operator()(const Barrier& barrier) const {
    Put(Tag::kBarrier);
    out.U64(barrier.checkpoint.number());
    out.U64(barrier.base.number());
    out.U8(static_cast<uint8_t>(barrier.mode));
    out.U8(barrier.savepoint ? 1 : 0);
  }
  void operator()(Idle) const { Put(Tag::kIdle); }
  void operator()(Active) const { Put(Tag::kActive); }
  void operator()(EndOfInput) const { Put(Tag::kEndOfInput); }

  void Put(Tag tag) const { out.U8(static_cast<uint8_t>(tag)); }
  base::ByteWriter& out;
};

Barrier DecodeBarrier(base::ByteReader& in) {
  Barrier barrier;
  barrier.checkpoint = base::CheckpointId(in.U64());
  barrier.base = base::CheckpointId(in.U64());
  const uint8_t mode = in.U8();
  const uint8_t savepoint = in.U8();
  if (mode > static_cast<uint8_t>(CheckpointMode::kAtLeastOnce) || savepoint > 1) in.Fail();
  barrier.mode = static_cast<CheckpointMode>(mode);
  barrier.savepoint = savepoint == 1;
  return barrier;
}

ControlElement DecodeTagged(base::ByteReader& in) {
  switch (static_cast<Tag>(in.U8())) {
    case Tag::kWatermark:
      return Watermark{static_cast<Timestamp>(in.U64())};
    case Tag::kBarrier:
      return DecodeBarrier(in);
    case Tag::kIdle:
      return Idle{};
    case Tag::kActive:
      return Active{};
    case Tag::kEndOfInput:
      return EndOfInput{};
  }
  in.Fail();
  return {};
}

}  // namespace

void EncodeControl(const ControlElement& element, base::ByteWriter& out) {
  std::visit(Encoder{out}, element);
}

StatusOr<ControlElement> DecodeControl(base::ByteReader& in) {
  const ControlElement element = DecodeTagged(in);
  WEIR_RETURN_IF_ERROR(in.Check("control element", base::ByteReader::Rest::kMayFollow));
  return element;
}

}  // namespace weir::record
