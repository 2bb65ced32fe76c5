#include "weir/record/schema.h"

#include <array>
#include <optional>

#include "weir/base/limits.h"

namespace weir::record {
namespace {

constexpr std::array<std::string_view, 19> kKindNames = {
    "?",      "bool",   "int8",   "int16",   "int32",  "int64",  "uint8",
    "uint16", "uint32", "uint64", "float",   "double", "string", "optional",
    "list",   "map",    "record", "variant", "opaque",
};

// The children that a kind has by its nature; none for records and variants, which say how many.
std::optional<size_t> ChildCountOf(TypeKind kind) {
  switch (kind) {
    case TypeKind::kOptional:
    case TypeKind::kList:
      return 1;
    case TypeKind::kMap:
      return 2;
    case TypeKind::kRecord:
    case TypeKind::kVariant:
      return std::nullopt;
    default:
      return 0;
  }
}

bool HasName(TypeKind kind) { return kind == TypeKind::kRecord || kind == TypeKind::kOpaque; }

void AppendTo(const Schema& schema, std::string& out) {
  const bool record = schema.kind == TypeKind::kRecord;
  out += HasName(schema.kind) ? schema.name : kKindNames[static_cast<size_t>(schema.kind)];
  if (schema.children.empty() && !record) return;
  out += record ? "{" : "<";
  for (size_t i = 0; i < schema.children.size(); ++i) {
    if (i > 0) out += ", ";
    if (record) out.append(schema.field_names[i]).append(": ");
    AppendTo(schema.children[i], out);
  }
  out += record ? "}" : ">";
}

void DecodeInto(base::ByteReader& in, uint32_t depth, Schema& schema) {
  const uint8_t kind = in.U8();
  if (kind == 0 || kind >= kKindNames.size() || depth > limits::kSchemaDepthMax) return in.Fail();
  schema.kind = static_cast<TypeKind>(kind);
  if (HasName(schema.kind)) schema.name = in.String();
  const std::optional<size_t> fixed = ChildCountOf(schema.kind);
  const uint64_t count = fixed ? *fixed : in.Varint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {  // each child takes a byte at least
    if (schema.kind == TypeKind::kRecord) schema.field_names.emplace_back(in.String());
    DecodeInto(in, depth + 1, schema.children.emplace_back());
  }
}

}  // namespace

std::string Schema::ToString() const {
  std::string out;
  AppendTo(*this, out);
  return out;
}

void Schema::Encode(base::ByteWriter& out) const {
  out.U8(static_cast<uint8_t>(kind));
  if (HasName(kind)) out.String(name);
  if (!ChildCountOf(kind)) out.Varint(children.size());
  for (size_t i = 0; i < children.size(); ++i) {
    if (kind == TypeKind::kRecord) out.String(field_names[i]);
    children[i].Encode(out);
  }
}

StatusOr<Schema> Schema::Decode(base::ByteReader& in) {
  Schema schema;
  DecodeInto(in, 1, schema);
  WEIR_RETURN_IF_ERROR(in.Check("schema", base::ByteReader::Rest::kMayFollow));
  return schema;
}

}  // namespace weir::record
