// TypeOpsOf<T>(): the TypeOps of a C++ type. Rows lie as an array of T.
//
// Rows that own nothing are copied by memcpy; rows that own strings or lists are exchanged with the
// rows whose place they take, so that no capacity is lost: what was filled once is filled again
// without allocation.
// Threads: as TypeOps.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstring>
#include <memory>
#include <typeinfo>
#include <utility>

#include "weir/record/any_batch.h"
#include "weir/record/columns.h"
#include "weir/record/record.h"
#include "weir/record/type_ops.h"

namespace weir::record {

/// Rows in a batch of T.
template <class T>
inline constexpr uint32_t kCapacityOf = static_cast<uint32_t>(
    std::clamp<size_t>(limits::kBatchBytesMax / sizeof(T), 1, limits::kBatchRecordsMax));

template <FieldType T>
class TypedOps final : public TypeOps {
 public:
  using Traits = TypeTraits<T>;

  TypedOps() : schema_(Traits::MakeSchema()) {}

  const Schema& schema() const override { return schema_; }
  bool SameLayout(const TypeOps& other) const override {
    return &other == this || typeid(other) == typeid(*this);
  }
  uint32_t capacity() const override { return kCapacityOf<T>; }
  uint32_t row_bytes() const override { return sizeof(T); }

  void* NewRows() const override {
    return std::make_unique_for_overwrite<T[]>(kCapacityOf<T>).release();
  }
  void DeleteRows(void* rows) const override { std::unique_ptr<T[]>(static_cast<T*>(rows)); }

  void ReleaseRows(void* rows) const override {
    if constexpr (!Traits::kFlat) {
      for (T& row : std::span(static_cast<T*>(rows), kCapacityOf<T>)) {
        T fresh{};  // exchanged, because an assignment may keep the capacity
        std::swap(row, fresh);
      }
    }
  }

  uint64_t HeapBytes(const AnyBatch& batch, uint32_t begin, uint32_t end) const override {
    uint64_t bytes = 0;
    if constexpr (!Traits::kFlat) {
      for (uint32_t i = begin; i < end; ++i) bytes += Traits::HeapBytes(batch.Rows<T>()[i]);
    }
    return bytes;
  }

  uint32_t Encode(const AnyBatch& batch, uint32_t begin, uint32_t end, size_t bytes_max,
                  base::ByteWriter& out) const override {
    const T* const rows = batch.Rows<T>();
    if constexpr (Traits::kEncodedAsLies) {
      const size_t room = (bytes_max - std::min(out.size(), bytes_max)) / sizeof(T);
      const auto count =
          static_cast<uint32_t>(std::min<size_t>(end - begin, std::max<size_t>(room, 1)));
      out.Raw({reinterpret_cast<const char*>(rows + begin), count * sizeof(T)});
      return begin + count;
    } else {
      for (uint32_t i = begin; i < end; ++i) {
        const size_t before = out.size();
        Traits::Encode(rows[i], out);
        if (out.size() > bytes_max && i > begin) {
          out.bytes().resize(before);
          return i;
        }
      }
      return end;
    }
  }

  Status Decode(base::ByteReader& in, uint32_t count, AnyBatch& batch) const override {
    WEIR_DCHECK(count <= batch.capacity() - batch.size());
    T* const rows = batch.Rows<T>() + batch.size();
    if constexpr (Traits::kEncodedAsLies) {
      const std::string_view raw = in.Raw(count * sizeof(T));
      if (!raw.empty()) std::memcpy(static_cast<void*>(rows), raw.data(), raw.size());
    } else {
      for (uint32_t i = 0; i < count && in.ok(); ++i) Traits::Decode(in, rows[i]);
    }
    WEIR_RETURN_IF_ERROR(in.Check(schema_.ToString(), base::ByteReader::Rest::kMayFollow));
    Grow(batch, count);
    return {};
  }

  uint32_t Scatter(AnyBatch& batch, uint32_t begin, std::span<const uint16_t> destinations,
                   std::span<AnyBatch* const> outputs) const override {
    WEIR_DCHECK(destinations.size() == batch.size());
    Placement placement;
    if constexpr (Traits::kFlat) {
      PlaceRows(begin, destinations, outputs, placement);
      ScatterArray(std::as_const(batch).Rows<T>(), destinations, placement, outputs,
                   [](AnyBatch& output) { return output.Rows<T>(); });
    } else {
      ExchangeRows(batch, begin, destinations, outputs, placement);
    }
    ScatterColumns(batch, destinations, placement, outputs);
    return placement.end;
  }

  void Move(AnyBatch& from, uint32_t begin, uint32_t end, AnyBatch& to) const override {
    if constexpr (Traits::kFlat) {
      Copy(from, begin, end, to);
    } else {
      WEIR_DCHECK(end - begin <= to.capacity() - to.size());
      AppendColumns(from, begin, end, to);
      T* const rows = to.Rows<T>() + to.size();
      for (uint32_t i = begin; i < end; ++i) Exchange(from.Rows<T>()[i], rows[i - begin]);
      Grow(to, end - begin);
    }
  }

  void Copy(const AnyBatch& from, uint32_t begin, uint32_t end, AnyBatch& to) const override {
    WEIR_DCHECK(end - begin <= to.capacity() - to.size());
    AppendColumns(from, begin, end, to);
    std::copy(from.Rows<T>() + begin, from.Rows<T>() + end, to.Rows<T>() + to.size());
    Grow(to, end - begin);
  }

  void AppendJson(const AnyBatch& batch, uint32_t row, std::string& out) const override {
    if constexpr (std::is_same_v<T, std::string>) {
      AppendBareString(batch.Rows<T>()[row], out);
    } else {
      Traits::AppendJson(batch.Rows<T>()[row], out);
    }
  }

  Status AppendCsv(const AnyBatch& batch, uint32_t row, std::string& out) const override {
    WEIR_RETURN_IF_ERROR(CheckCsv());
    for (bool first = true; const CsvColumn<T>& column : CsvColumns<T>()) {
      if (!std::exchange(first, false)) out += ',';
      column.append(batch.Rows<T>()[row], out);
    }
    return {};
  }

  StatusOr<std::string> CsvHeader() const override {
    WEIR_RETURN_IF_ERROR(CheckCsv());
    std::string header;
    for (const CsvColumn<T>& column : CsvColumns<T>())
      header.append(header.empty() ? "" : ",").append(column.name);
    return header;
  }

 private:
  // Moves `from` to `to`, and what `to` owned to `from`.
  static void Exchange(T& from, T& to) {
    if constexpr (Record<T> && std::is_aggregate_v<T>) {  // then WEIR_RECORD has all fields
      Traits::Exchange(from, to);
    } else {
      std::swap(from, to);
    }
  }

  // Makes `count` rows that were written behind the last one the batch's.
  static void Grow(AnyBatch& batch, uint32_t count) {
    if constexpr (!Traits::kFlat) {
      const T* const rows = batch.Rows<T>() + batch.size();
      for (uint32_t i = 0; i < count; ++i) batch.add_heap_bytes(Traits::HeapBytes(rows[i]));
    }
    batch.set_size(batch.size() + count);
  }

  // As PlaceRows and ScatterArray in one, for rows that own something.
  static void ExchangeRows(AnyBatch& batch, uint32_t begin, std::span<const uint16_t> destinations,
                           std::span<AnyBatch* const> outputs, Placement& placement) {
    placement.begin = begin;
    uint16_t* place = placement.rows.data();
    uint32_t i = begin;
    for (; i < batch.size(); ++i) {
      AnyBatch& output = *outputs[destinations[i]];
      if (output.full()) break;
      *place++ = static_cast<uint16_t>(output.size());
      Exchange(batch.Rows<T>()[i], output.Rows<T>()[output.size()]);
      Grow(output, 1);
    }
    placement.end = i;
  }

  Status CheckCsv() const {
    if (!CsvColumns<T>().empty()) return {};
    return UnimplementedError(
        "CSV cannot hold a list, map, variant or record in a field; write JSON, or map to a flat "
        "record: ",
        schema_.ToString());
  }

  Schema schema_;
};

}  // namespace weir::record

namespace weir {
inline namespace v0 {

/// The TypeOps of a C++ type: one object for each type, made at first use.
/// Threads: any thread.
template <class T>
const record::TypeOps& TypeOpsOf() {
  static_assert(FieldType<T>,
                "name the fields of this struct with WEIR_RECORD(Type, field, ...) right behind "
                "it, or use a type that Weir knows");
  static_assert(std::default_initializable<T> && std::copyable<T>,
                "give this record type a default constructor and let it be copied: batches keep "
                "their rows and copy at fan-out");
  static const record::TypedOps<T> ops;
  return ops;
}

}  // namespace v0
}  // namespace weir
