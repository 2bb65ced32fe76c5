#include "weir/state/snapshot_writer.h"

#include <algorithm>
#include <utility>

#include "weir/base/bytes.h"
#include "weir/base/check.h"
#include "weir/base/limits.h"

namespace weir::state {

namespace {

constexpr size_t kChunkBytesMin = 4 << 10;

void AppendField(std::string& out, uint32_t fixed_bytes, std::string_view field) {
  if (fixed_bytes == ChunkHeader::kVariable) {
    base::ByteWriter length;
    length.Varint(field.size());
    out += length.bytes();
  }
  out += field;
}

}  // namespace

SnapshotWriter::SnapshotWriter(SnapshotSink& sink, base::KeyGroupRange groups, uint32_t key_bytes,
                               std::vector<uint32_t> value_bytes)
    : sink_(sink),
      groups_(groups),
      key_bytes_(key_bytes),
      value_bytes_(std::move(value_bytes)),
      // All buffers together stay under half of what a snapshot may hold back.
      chunk_bytes_(std::clamp(limits::kSnapshotBufferBytesMax / 2 / groups.count() /
                                  std::max<size_t>(value_bytes_.size(), 1),
                              kChunkBytesMin, limits::kSnapshotChunkBytes)),
      buffers_(groups.count()) {}

void SnapshotWriter::Add(uint32_t group_index, uint32_t state, std::string_view key,
                         std::string_view value) {
  std::unique_ptr<Buffer[]>& of_group = buffers_[group_index];
  if (of_group == nullptr) of_group = std::make_unique<Buffer[]>(value_bytes_.size());
  Buffer& buffer = of_group[state];
  if (buffer.count == 0) buffer.bytes.resize(ChunkHeader::kBytes);
  const size_t before = buffer.bytes.size();
  AppendField(buffer.bytes, key_bytes_, key);
  AppendField(buffer.bytes, value_bytes_[state], value);
  ++buffer.count;
  bytes_buffered_ += buffer.bytes.size() - before;
  if (buffer.bytes.size() < chunk_bytes_) return;
  HandOn(group_index, state, buffer);
  buffer.bytes.reserve(chunk_bytes_);  // a group that filled one chunk will fill another
}

void SnapshotWriter::BeginLong(uint32_t group_index, uint32_t state, std::string_view key,
                               size_t value_bytes) {
  WEIR_CHECK(long_.buffer.count == 0 && value_bytes_[state] == ChunkHeader::kVariable);
  long_ = {.group_index = group_index, .state = state, .buffer = {.bytes = {}, .count = 1}};
  std::string& bytes = long_.buffer.bytes;
  constexpr size_t kLengthsBytesMax = 20;
  bytes.reserve(ChunkHeader::kBytes + kLengthsBytesMax + key.size() + value_bytes);
  bytes.resize(ChunkHeader::kBytes);
  AppendField(bytes, key_bytes_, key);
  base::ByteWriter length;
  length.Varint(value_bytes);
  bytes += length.bytes();
  bytes_buffered_ += bytes.size() - ChunkHeader::kBytes;
}

void SnapshotWriter::AddPiece(std::string_view piece) {
  long_.buffer.bytes += piece;
  bytes_buffered_ += piece.size();
}

void SnapshotWriter::EndLong() { HandOn(long_.group_index, long_.state, long_.buffer); }

void SnapshotWriter::Flush(uint32_t group_index) {
  std::unique_ptr<Buffer[]> of_group = std::move(buffers_[group_index]);
  if (of_group == nullptr) return;
  for (uint32_t state = 0; state < value_bytes_.size(); ++state) {
    if (of_group[state].count > 0) HandOn(group_index, state, of_group[state]);
  }
}

void SnapshotWriter::FlushAll() {
  for (uint32_t index = 0; index < buffers_.size(); ++index) Flush(index);
}

void SnapshotWriter::HandOn(uint32_t group_index, uint32_t state, Buffer& buffer) {
  const base::KeyGroup group(groups_.first.number() + group_index);
  base::ByteWriter head;
  ChunkHeader{.kind = ChunkKind::kUpsert,
              .state = static_cast<uint16_t>(state),
              .group = group,
              .count = buffer.count,
              .key_bytes = key_bytes_,
              .value_bytes = value_bytes_[state]}
      .Encode(head);
  buffer.bytes.replace(0, ChunkHeader::kBytes, head.bytes());
  bytes_buffered_ -= buffer.bytes.size() - ChunkHeader::kBytes;
  bytes_written_ += buffer.bytes.size();
  sink_.Add({.group = group, .state = state, .bytes = std::exchange(buffer.bytes, {})});
  buffer.count = 0;
}

}  // namespace weir::state
