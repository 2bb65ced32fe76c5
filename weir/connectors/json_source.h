// The values of files of JSON lines as records: one value a line, an object for a WEIR_RECORD.
//
// Fields are found by name, in any order; what no field names is stepped over. Lines without
// anything are skipped. How values become records: record/json_input.h.
// Threads: as FileFormat.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "weir/connectors/file_source.h"
#include "weir/record/any_batch.h"
#include "weir/record/json_input.h"
#include "weir/record/typed_ops.h"

namespace weir {
inline namespace v0 {

/// What ReadJson reads, and how.
using JsonSourceOptions = FileSourceOptions;

}  // namespace v0

namespace connectors {

/// Reads `line` as the next row of `batch`, which has room; false when it is refused.
using ParseJsonRow = bool (*)(record::JsonInput& in, std::string_view line,
                              record::AnyBatch& batch);

/// The one part that knows the record.
template <class T>
bool ParseJsonRowOf(record::JsonInput& in, std::string_view line, record::AnyBatch& batch) {
  T& out = batch.Rows<T>()[batch.size()];
  if (!in.Read(line, &TypeTraits<T>::ParseJson, out)) return false;
  batch.set_size(batch.size() + 1);
  if constexpr (!TypeTraits<T>::kFlat) batch.add_heap_bytes(TypeTraits<T>::HeapBytes(out));
  return true;
}

class JsonFormat final : public FileFormat {
 public:
  /// `type` outlives the format.
  JsonFormat(const record::TypeOps& type, ParseJsonRow parse) : type_(type), parse_(parse) {}

  std::string_view name() const override { return "JSON"; }
  std::string_view kind() const override { return "json-source"; }
  std::string_view name_end() const override { return ".jsonl"; }
  const record::TypeOps& type() const override { return type_; }
  StatusOr<FileHead> ReadHead(const env::ReadableFile& file, const std::string& path,
                              uint64_t file_bytes) const override;
  std::unique_ptr<RecordParser> NewParser(const FileHead& head, FileRange range) const override;

 private:
  const record::TypeOps& type_;
  const ParseJsonRow parse_;
};

/// The source of records of type T in files of JSON lines.
template <class T>
std::shared_ptr<const FileSource> NewJsonSource(JsonSourceOptions options) {
  static_assert(
      JsonReadable<T>,
      "read a WEIR_RECORD, or a type that Weir knows, from JSON: a variant cannot be (its "
      "JSON does not say which alternative it is), and a type with a TypeTraits of its "
      "own needs ParseJson there");
  return std::make_shared<FileSource>(
      std::move(options), std::make_shared<JsonFormat>(TypeOpsOf<T>(), &ParseJsonRowOf<T>));
}

}  // namespace connectors
}  // namespace weir
