#include "weir/state/snapshot_chunk.h"

namespace weir::state {

void ChunkHeader::Encode(base::ByteWriter& out) const {
  out.U8(kVersion);
  out.U8(static_cast<uint8_t>(kind));
  out.U16(state);
  out.U32(group.number());
  out.U32(count);
  out.U32(key_bytes);
  out.U32(value_bytes);
}

StatusOr<ChunkHeader> ChunkHeader::Decode(base::ByteReader& in) {
  const uint8_t version = in.U8();
  const uint8_t kind = in.U8();
  ChunkHeader header;
  header.kind = static_cast<ChunkKind>(kind);
  header.state = in.U16();
  header.group = base::KeyGroup(in.U32());
  header.count = in.U32();
  header.key_bytes = in.U32();
  header.value_bytes = in.U32();
  WEIR_RETURN_IF_ERROR(in.Check("keyed state chunk", base::ByteReader::Rest::kMayFollow));
  if (version != kVersion) return DataLossError("keyed state chunk: unknown version ", +version);
  if (kind > 1) return DataLossError("keyed state chunk: unknown kind ", +kind);
  // An entry takes at least a byte, so that the bytes bound what a count makes the reader do.
  if (header.key_bytes == 0) return DataLossError("keyed state chunk: keys of no bytes");
  if (header.kind == ChunkKind::kDelete && header.value_bytes != 0) {
    return DataLossError("keyed state chunk: deletions with values");
  }
  return header;
}

StatusOr<ChunkReader> ChunkReader::Open(std::string_view bytes) {
  base::ByteReader in(bytes);
  WEIR_ASSIGN_OR_RETURN(const ChunkHeader header, ChunkHeader::Decode(in));
  return ChunkReader(header, in);
}

bool ChunkReader::Next(Entry& entry) {
  if (read_ == header_.count || !in_.ok()) return false;
  const auto read = [this](uint32_t bytes) {
    return bytes == ChunkHeader::kVariable ? in_.String() : in_.Raw(bytes);
  };
  entry.key = read(header_.key_bytes);
  entry.value = read(header_.value_bytes);
  read_ += in_.ok() ? 1u : 0u;
  return in_.ok();
}

Status ChunkReader::Finish() const {
  WEIR_RETURN_IF_ERROR(in_.Check("keyed state chunk", base::ByteReader::Rest::kMustBeEmpty));
  if (read_ != header_.count) return DataLossError("keyed state chunk: entries are missing");
  return OkStatus();
}

}  // namespace weir::state
