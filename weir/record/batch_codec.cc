#include "weir/record/batch_codec.h"

#include <algorithm>
#include <cstring>

namespace weir::record {
namespace {

// A run: version, column bits, count (2 bytes), rows, columns. The columns stand behind the rows
// because only the rows tell how many fit.
constexpr uint8_t kVersion = 1;
constexpr size_t kCountAt = 2;

enum ColumnBit : uint8_t { kTimestamps = 1, kHashes = 2, kKinds = 4, kAllColumns = 7 };

uint8_t ColumnsOf(const AnyBatch& batch) {
  return static_cast<uint8_t>((batch.timestamps() ? kTimestamps : 0) |
                              (batch.hashes() ? kHashes : 0) | (batch.kinds() ? kKinds : 0));
}

size_t ColumnBytes(uint8_t columns) {
  return ((columns & kTimestamps) ? sizeof(Timestamp) : 0) +
         ((columns & kHashes) ? sizeof(uint64_t) : 0) + ((columns & kKinds) ? sizeof(RowKind) : 0);
}

// Rows are encoded this many at a time, with room kept for the columns of as many.
constexpr uint32_t kStride = 64;

// Appends rows [begin, …) until the writer, together with their columns, would pass `bytes_max`; at
// least one.
uint32_t AppendRows(const AnyBatch& batch, uint32_t begin, size_t bytes_max, size_t column_bytes,
                    base::ByteWriter& out) {
  uint32_t next = begin;
  while (next < batch.size()) {
    const uint32_t end = std::min(next + kStride, batch.size());
    const size_t kept = (end - begin) * column_bytes;
    const size_t before = out.size();
    const uint32_t reached =
        batch.type().Encode(batch, next, end, bytes_max - std::min(kept, bytes_max), out);
    if (next > begin &&
        out.size() + kept > bytes_max) {  // not even the first row of this stride had room
      out.bytes().resize(before);
      return next;
    }
    next = reached;
    if (reached < end) break;
  }
  return next;
}

template <class U>
void AppendColumn(const U* column, uint32_t begin, uint32_t end, base::ByteWriter& out) {
  if (column != nullptr)
    out.Raw({reinterpret_cast<const char*>(column + begin), (end - begin) * sizeof(U)});
}

// Writes the entries of `count` rows behind the first `first`: those that came, or the default when
// this run has no such column.
template <class U>
void TakeColumn(std::string_view bytes, U missing, uint32_t count, uint32_t first, U* column) {
  if (column == nullptr) return;
  if (bytes.empty()) {
    std::fill_n(column + first, count, missing);
  } else {
    std::memcpy(column + first, bytes.data(), bytes.size());
  }
}

bool AreKinds(std::string_view bytes) {
  constexpr auto kLast = static_cast<uint8_t>(RowKind::kDelete);
  return std::ranges::all_of(bytes, [](char c) { return static_cast<uint8_t>(c) <= kLast; });
}

Status CheckHeader(uint8_t version, uint8_t columns, uint32_t count, const AnyBatch& batch) {
  if (version != kVersion)
    return DataLossError("run of records has an unknown version: ", int{version});
  if (columns > kAllColumns)
    return DataLossError("run of records has unknown columns: ", int{columns});
  const uint32_t room = batch.capacity() - batch.size();
  if (count == 0 || count > room)
    return DataLossError("run of records does not fit: ", count, " rows, room for ", room);
  return {};
}

}  // namespace

uint32_t EncodeRows(const AnyBatch& batch, uint32_t begin, size_t bytes_max,
                    base::ByteWriter& out) {
  WEIR_CHECK(begin < batch.size());
  const uint8_t columns = ColumnsOf(batch);
  const size_t start = out.size();
  out.U8(kVersion);
  out.U8(columns);
  out.U16(0);  // the count, once it is known
  const uint32_t end = AppendRows(batch, begin, bytes_max, ColumnBytes(columns), out);
  const auto count = static_cast<uint16_t>(end - begin);
  std::memcpy(out.bytes().data() + start + kCountAt, &count, sizeof count);
  AppendColumn(batch.timestamps(), begin, end, out);
  AppendColumn(batch.hashes(), begin, end, out);
  AppendColumn(batch.kinds(), begin, end, out);
  return end;
}

Status DecodeRows(base::ByteReader& in, AnyBatch& batch) {
  const uint8_t version = in.U8();
  const uint8_t columns = in.U8();
  const uint32_t count = in.U16();
  WEIR_RETURN_IF_ERROR(in.Check("run of records", base::ByteReader::Rest::kMayFollow));
  WEIR_RETURN_IF_ERROR(CheckHeader(version, columns, count, batch));
  const uint32_t first = batch.size();
  const uint64_t heap_bytes = batch.heap_bytes();
  WEIR_RETURN_IF_ERROR(batch.type().Decode(in, count, batch).Annotated("run of records"));
  batch.set_size(first);  // until the columns are there, too
  const std::string_view timestamps =
      in.Raw((columns & kTimestamps) ? count * sizeof(Timestamp) : 0);
  const std::string_view hashes = in.Raw((columns & kHashes) ? count * sizeof(uint64_t) : 0);
  const std::string_view kinds = in.Raw((columns & kKinds) ? count * sizeof(RowKind) : 0);
  if (!AreKinds(kinds)) in.Fail();
  if (Status columns_there =
          in.Check("columns of a run of records", base::ByteReader::Rest::kMayFollow);
      !columns_there.ok()) {
    batch.set_heap_bytes(heap_bytes);
    return columns_there;
  }
  if (columns & kTimestamps)
    batch.AddTimestamps();  // which fills in the defaults of the rows before
  if (columns & kHashes) batch.AddHashes();
  if (columns & kKinds) batch.AddKinds();
  TakeColumn(timestamps, kNoTimestamp, count, first, batch.timestamps());
  TakeColumn(hashes, uint64_t{0}, count, first, batch.hashes());
  TakeColumn(kinds, RowKind::kInsert, count, first, batch.kinds());
  batch.set_size(first + count);
  return {};
}

}  // namespace weir::record
