#include "weir/checkpoint/pack.h"

#include <algorithm>
#include <limits>

#include "weir/base/bytes.h"
#include "weir/base/check.h"
#include "weir/base/limits.h"

namespace weir::checkpoint {
namespace {

constexpr std::string_view kHeaderMagic = "WEIRPACK";
constexpr std::string_view kTrailerMagic = "WEIRPEND";

std::string Header() {
  base::ByteWriter out;
  out.Raw(kHeaderMagic);
  out.U32(kPackFormatVersion);
  out.U32(0);  // free
  return out.Take();
}

}  // namespace

Status CheckPackShape(const PackRef& pack) {
  if (pack.bytes < kPackHeaderBytes + kPackTrailerBytes || pack.footer_offset < kPackHeaderBytes ||
      pack.footer_offset > pack.bytes - kPackTrailerBytes ||
      pack.bytes - pack.footer_offset > limits::kPackFooterBytesMax) {
    return DataLossError("record says impossible things of its size and footer");
  }
  return {};
}

Status CheckPackHeader(std::string_view header) {
  base::ByteReader in(header);
  const std::string_view magic = in.Raw(kHeaderMagic.size());
  const uint32_t version = in.U32();
  const uint32_t free = in.U32();
  WEIR_RETURN_IF_ERROR(in.Check("header", base::ByteReader::Rest::kMustBeEmpty));
  if (magic != kHeaderMagic) return DataLossError("is no pack: its first bytes are wrong");
  if (version > kPackFormatVersion) {
    return FailedPreconditionError("was written by a newer version of Weir (format ", version,
                                   ", this one reads up to ", kPackFormatVersion,
                                   "): use that version");
  }
  if (version == 0 || free != 0) return DataLossError("header is damaged");
  return {};
}

// ---- trailer

std::string PackTrailer::Encode() const {
  base::ByteWriter out;
  out.U64(footer_offset);
  out.U64(footer_bytes);
  out.U64(footer_checksum);
  out.Raw(kTrailerMagic);
  return out.Take();
}

StatusOr<PackTrailer> PackTrailer::Decode(std::string_view trailer, uint64_t pack_bytes) {
  base::ByteReader in(trailer);
  PackTrailer decoded;
  decoded.footer_offset = in.U64();
  decoded.footer_bytes = in.U64();
  decoded.footer_checksum = in.U64();
  const std::string_view magic = in.Raw(kTrailerMagic.size());
  WEIR_RETURN_IF_ERROR(in.Check("trailer", base::ByteReader::Rest::kMustBeEmpty));
  if (magic != kTrailerMagic) return DataLossError("is cut short: its last bytes are wrong");
  if (pack_bytes < kPackHeaderBytes + kPackTrailerBytes ||
      decoded.footer_offset < kPackHeaderBytes ||
      decoded.footer_offset > pack_bytes - kPackTrailerBytes ||
      decoded.footer_bytes != pack_bytes - kPackTrailerBytes - decoded.footer_offset) {
    return DataLossError("trailer is damaged: the footer does not fit between blocks and trailer");
  }
  return decoded;
}

// ---- footer

std::string PackIndex::Encode() const {
  base::ByteWriter out;
  out.Varint(states.size());
  for (const PackState& state : states) {
    out.String(state.operator_uid);
    out.String(state.state);
  }
  out.Varint(blocks.size());
  for (const Block& block : blocks) {
    out.Varint(block.bytes);
    out.U64(block.checksum);
  }
  out.Varint(entries.size());
  for (const Entry& entry : entries) {
    out.Varint(entry.state);
    out.Varint(entry.key_group.number());
    out.U8(static_cast<uint8_t>(entry.scope));
    out.Varint(entry.bytes);
  }
  return out.Take();
}

namespace {

// Blocks must lie one behind the other between header and footer, none empty, none too large.
StatusOr<uint64_t> DecodeBlocks(base::ByteReader& in, uint64_t footer_offset, PackIndex& index) {
  const uint64_t count = in.Varint();
  uint64_t offset = kPackHeaderBytes;
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    PackIndex::Block block{.offset = offset, .bytes = in.Varint()};
    block.checksum = in.U64();
    if (block.bytes == 0 || block.bytes > limits::kPackBlockBytesMax)
      return DataLossError("footer has a wrong block");
    offset += block.bytes;
    index.blocks.push_back(block);
  }
  if (in.ok() && offset != footer_offset) return DataLossError("footer does not name all blocks");
  return offset - kPackHeaderBytes;
}

// Chunks must fill the blocks.
Status DecodeEntries(base::ByteReader& in, uint64_t payload, PackIndex& index) {
  const uint64_t count = in.Varint();
  uint64_t offset = 0;
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    const uint64_t state = in.Varint();
    const uint64_t key_group = in.Varint();
    const auto scope = static_cast<ChunkScope>(in.U8());
    const uint64_t bytes = in.Varint();
    if (!in.ok()) break;
    if (state >= index.states.size() || key_group >= limits::kMaxParallelismMax ||
        (scope != ChunkScope::kWhole && scope != ChunkScope::kDelta) || bytes > payload - offset) {
      return DataLossError("footer has a wrong chunk");
    }
    index.entries.push_back({.state = static_cast<uint32_t>(state),
                             .key_group = base::KeyGroup(static_cast<uint32_t>(key_group)),
                             .scope = scope,
                             .offset = offset,
                             .bytes = bytes});
    offset += bytes;
  }
  if (in.ok() && offset != payload) return DataLossError("footer does not name all chunks");
  return {};
}

}  // namespace

StatusOr<PackIndex> PackIndex::Decode(std::string_view footer, uint64_t footer_offset) {
  base::ByteReader in(footer);
  PackIndex index;
  const uint64_t states = in.Varint();
  for (uint64_t i = 0; i < states && in.ok(); ++i) {
    PackState& state = index.states.emplace_back();
    state.operator_uid = in.String();
    state.state = in.String();
  }
  WEIR_ASSIGN_OR_RETURN(const uint64_t payload, DecodeBlocks(in, footer_offset, index));
  WEIR_RETURN_IF_ERROR(DecodeEntries(in, payload, index));
  WEIR_RETURN_IF_ERROR(in.Check("footer", base::ByteReader::Rest::kMustBeEmpty));
  return index;
}

// ---- encoder

PackEncoder::PackEncoder(std::vector<PackState> states, base::KeyGroupRange key_groups)
    : key_groups_(key_groups) {
  WEIR_CHECK(key_groups.first < key_groups.end);
  index_.states = std::move(states);
  Emit(Header());
}

void PackEncoder::Add(uint32_t state, base::KeyGroup key_group, ChunkScope scope,
                      std::string_view bytes) {
  WEIR_CHECK(state < index_.states.size());
  WEIR_CHECK(key_groups_.Contains(key_group));
  index_.entries.push_back({.state = state,
                            .key_group = key_group,
                            .scope = scope,
                            .offset = payload_,
                            .bytes = bytes.size()});
  payload_ += bytes.size();
  while (!bytes.empty()) {
    const size_t room = limits::kPackBlockBytesMax - block_.size();
    block_.append(bytes.substr(0, room));
    bytes.remove_prefix(std::min(room, bytes.size()));
    if (block_.size() == limits::kPackBlockBytesMax) EndBlock();
  }
}

std::string PackEncoder::Take() { return std::exchange(ready_, {}); }

PackRef PackEncoder::Finish() {
  if (!block_.empty()) EndBlock();
  const std::string footer = index_.Encode();
  const PackTrailer trailer{.footer_offset = offset_,
                            .footer_bytes = footer.size(),
                            .footer_checksum = base::ChecksumOf(footer)};
  Emit(footer);
  Emit(trailer.Encode());

  PackRef ref;
  ref.bytes = offset_;
  ref.checksum = whole_.value();
  ref.footer_offset = trailer.footer_offset;
  ref.footer_checksum = trailer.footer_checksum;
  ref.key_groups = key_groups_;
  for (const PackState& state : index_.states) {
    if (!std::ranges::count(ref.operators, state.operator_uid))
      ref.operators.push_back(state.operator_uid);
  }
  return ref;
}

void PackEncoder::EndBlock() {
  index_.blocks.push_back(
      {.offset = offset_, .bytes = block_.size(), .checksum = base::ChecksumOf(block_)});
  Emit(block_);
  block_.clear();
}

void PackEncoder::Emit(std::string_view bytes) {
  whole_.Add(bytes);
  offset_ += bytes.size();
  ready_ += bytes;
}

}  // namespace weir::checkpoint
