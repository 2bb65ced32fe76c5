// Schema: what a record type looks like, as data: stored with every snapshot, compared before a job
// starts, printed in plans and errors.
// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/bytes.h"
#include "weir/base/status.h"

namespace weir::record {

/// Numbers are part of the format (docs/formats/schema.md).
enum class TypeKind : uint8_t {
  kBool = 1,
  kInt8 = 2,
  kInt16 = 3,
  kInt32 = 4,
  kInt64 = 5,
  kUInt8 = 6,
  kUInt16 = 7,
  kUInt32 = 8,
  kUInt64 = 9,
  kFloat = 10,
  kDouble = 11,
  kString = 12,
  kOptional = 13,  // children: the value
  kList = 14,      // children: the element
  kMap = 15,       // children: key, value
  kRecord = 16,    // children: the fields, with names
  kVariant = 17,   // children: the alternatives
  kOpaque = 18,    // a type that joined by its own trait; `name` says which
};

/// A tree. Two types can stand for each other on disk when their schemas are equal; `name` of a
/// record is for people and not compared.
struct Schema {
  TypeKind kind = TypeKind::kRecord;
  std::string name = {};                      // of a record or an opaque type
  std::vector<std::string> field_names = {};  // of a record, one for each child
  std::vector<Schema> children = {};

  friend bool operator==(const Schema& a, const Schema& b) {
    return a.kind == b.kind && a.field_names == b.field_names && a.children == b.children &&
           (a.kind != TypeKind::kOpaque || a.name == b.name);
  }

  /// "Click{user: string, page: string, at: int64}".
  std::string ToString() const;

  void Encode(base::ByteWriter& out) const;
  /// Errors: DataLoss; nesting is limited to limits::kSchemaDepthMax.
  static StatusOr<Schema> Decode(base::ByteReader& in);
};

}  // namespace weir::record
