// The rows of CSV files as records: what CSV adds to FileSource, and the one loop that knows the
// record.
//
// What is accepted as CSV: csv_tokenizer.h. The header line names the record's fields in any order.
// Threads: as FileFormat.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/connectors/csv_tokenizer.h"
#include "weir/connectors/file_source.h"
#include "weir/record/any_batch.h"
#include "weir/record/csv.h"
#include "weir/record/typed_ops.h"

namespace weir {
inline namespace v0 {

/// What ReadCsv reads, and how.
using CsvSourceOptions = FileSourceOptions;

}  // namespace v0

namespace connectors {

/// A field that is not what its column holds.
struct BadCsvField {
  uint32_t field = 0;
  std::string_view text;
  std::string_view expected;
};

/// Parses rows [first, rows.count) behind those of `batch` until it is full or a field is bad.
/// Shapes: returns the first row not taken.
using ParseCsvRows = uint32_t (*)(const CsvRows& rows, uint32_t first,
                                  std::span<const uint32_t> column_of_field,
                                  record::AnyBatch& batch, std::optional<BadCsvField>& bad);

/// The one loop that knows the record.
template <class T>
uint32_t ParseCsvRowsOf(const CsvRows& rows, uint32_t first,
                        std::span<const uint32_t> column_of_field, record::AnyBatch& batch,
                        std::optional<BadCsvField>& bad) {
  static constexpr std::span<const record::CsvColumn<T>> kColumns = record::CsvColumns<T>();
  const auto parse = [&]<size_t... I>(const std::string_view* texts, T& out, uint32_t& field,
                                      std::index_sequence<I...>) {
    return ((field = I, kColumns[I].parse(texts[column_of_field[I]], out)) && ...);
  };
  uint32_t row = first;
  for (; row < rows.count && !batch.full(); ++row) {
    const std::string_view* const texts = rows.fields.data() + row * kColumns.size();
    T& out = batch.Rows<T>()[batch.size()];
    uint32_t field = 0;
    if (!parse(texts, out, field, std::make_index_sequence<kColumns.size()>())) {
      bad = {field, texts[column_of_field[field]], kColumns[field].expected};
      return row;
    }
    batch.set_size(batch.size() + 1);
    if constexpr (!TypeTraits<T>::kFlat) batch.add_heap_bytes(TypeTraits<T>::HeapBytes(out));
  }
  return row;
}

class CsvFormat final : public FileFormat {
 public:
  /// `type` outlives the format.
  CsvFormat(const record::TypeOps& type, std::vector<std::string> fields, ParseCsvRows parse)
      : type_(type), fields_(std::move(fields)), parse_(parse) {}

  std::string_view name() const override { return "CSV"; }
  std::string_view kind() const override { return "csv-source"; }
  std::string_view name_end() const override { return ".csv"; }
  const record::TypeOps& type() const override { return type_; }
  StatusOr<FileHead> ReadHead(const env::ReadableFile& file, const std::string& path,
                              uint64_t file_bytes) const override;
  std::unique_ptr<RecordParser> NewParser(const FileHead& head, FileRange range) const override;

 private:
  const record::TypeOps& type_;
  const std::vector<std::string> fields_;
  const ParseCsvRows parse_;
};

/// The source of records of type T in CSV files.
template <class T>
std::shared_ptr<const FileSource> NewCsvSource(CsvSourceOptions options) {
  static_assert(!record::CsvColumns<T>().empty(),
                "a row of CSV is a number, a text, or a WEIR_RECORD whose fields are: this type "
                "has a list, a map, a variant or a record in a field");
  std::vector<std::string> fields;
  for (const auto& column : record::CsvColumns<T>()) fields.emplace_back(column.name);
  return std::make_shared<FileSource>(
      std::move(options),
      std::make_shared<CsvFormat>(TypeOpsOf<T>(), std::move(fields), &ParseCsvRowsOf<T>));
}

}  // namespace connectors
}  // namespace weir
