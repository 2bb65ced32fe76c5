// TypeOps: all that the engine may do with records of a type it does not know.
//
// A C++ type gets its TypeOps from `TypeOpsOf<T>()` (record/typed_ops.h); a dynamic one (SQL,
// Python) builds an object at run time whose rows may be columns. Exchange, checkpoint and runtime
// see only this.
// Invariants: an object is immutable and outlives every batch of its type.
// Threads: const methods from any thread; a batch has one caller at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "weir/base/bytes.h"
#include "weir/base/status.h"
#include "weir/record/schema.h"

namespace weir::record {

class AnyBatch;

class TypeOps {
 public:
  virtual ~TypeOps() = default;

  virtual const Schema& schema() const = 0;

  /// True when batches of the two can stand for each other in memory: same schema, same layout.
  virtual bool SameLayout(const TypeOps& other) const = 0;

  /// Rows in a batch of this type: what fits into limits::kBatchBytesMax, at least 1, at most
  /// limits::kBatchRecordsMax.
  virtual uint32_t capacity() const = 0;

  /// Bytes of a row in that storage.
  virtual uint32_t row_bytes() const = 0;

  /// Storage for `capacity` rows, each constructed; what it points to is known to this type alone.
  virtual void* NewRows() const = 0;
  virtual void DeleteRows(void* rows) const = 0;

  /// Makes all rows of the storage give up what they own outside it; their values do not matter any
  /// more. A type whose rows own nothing does nothing.
  virtual void ReleaseRows(void* rows) const { static_cast<void>(rows); }

  /// Bytes that rows [begin, end) own outside the batch's storage.
  virtual uint64_t HeapBytes(const AnyBatch& batch, uint32_t begin, uint32_t end) const = 0;

  /// Appends the encoding of rows [begin, end), without columns (docs/formats/record.md). Stops
  /// before the row that would make the writer longer than `bytes_max`, but never before the first:
  /// a row larger than that travels alone.
  /// Shapes: returns the first row not encoded, greater than `begin` unless begin == end.
  virtual uint32_t Encode(const AnyBatch& batch, uint32_t begin, uint32_t end, size_t bytes_max,
                          base::ByteWriter& out) const = 0;

  /// Appends `count` rows to `batch`, which has room for them.
  /// Errors: DataLoss, and the batch is as before.
  virtual Status Decode(base::ByteReader& in, uint32_t count, AnyBatch& batch) const = 0;

  /// Moves rows from `begin` on, with their columns, each behind the rows of
  /// outputs[destinations[row]], until one finds its output full.
  /// Shapes: destinations has batch.size() entries; outputs are batches of this layout. Returns the
  ///   first row not moved (batch.size() when all were).
  virtual uint32_t Scatter(AnyBatch& batch, uint32_t begin, std::span<const uint16_t> destinations,
                           std::span<AnyBatch* const> outputs) const = 0;

  /// Moves rows [begin, end) with their columns behind the rows of `to`, which has room for them.
  virtual void Move(AnyBatch& from, uint32_t begin, uint32_t end, AnyBatch& to) const = 0;

  /// As Move, but copies.
  virtual void Copy(const AnyBatch& from, uint32_t begin, uint32_t end, AnyBatch& to) const = 0;

  /// One line of JSON for a row (a record as an object, a number or string as the bare value), for
  /// printing and dead letters.
  virtual void AppendJson(const AnyBatch& batch, uint32_t row, std::string& out) const = 0;

  /// One line of CSV for a row, without the line's end; the header line for all rows.
  /// Errors: Unimplemented when the type has a field that CSV cannot hold (a list, a map, a nested
  ///   record).
  virtual Status AppendCsv(const AnyBatch& batch, uint32_t row, std::string& out) const = 0;
  virtual StatusOr<std::string> CsvHeader() const = 0;
};

}  // namespace weir::record
