// CsvSource: the rows of a CSV file, or of all *.csv files of a directory.
//
// Splits are byte ranges of the files, so that all subtasks read; the order between rows of
// different splits is free. The exemplary source: an enumerator that looks once, a reader whose
// position is exactly behind the last row it put out, and a template for the loop over rows only.
// What is accepted as CSV: csv_tokenizer.h. The header line names the record's fields in any order.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/connectors/csv_split.h"
#include "weir/connectors/csv_split_reader.h"
#include "weir/connectors/rate_limit.h"
#include "weir/env/env.h"
#include "weir/record/any_batch.h"
#include "weir/record/csv.h"
#include "weir/record/typed_ops.h"
#include "weir/runtime/source.h"

namespace weir {
inline namespace v0 {

struct CsvSourceOptions {
  std::string path;  // a file, or a directory whose *.csv files are read

  /// Files are read in ranges of this size, in parallel. 0: each file is one split; needed when
  /// quoted fields of a larger file hold line ends.
  uint64_t split_bytes = 4 << 20;

  /// Rows a second, of all subtasks together, in equal shares; 0: as fast as they go. A subtask
  /// that has no range to read leaves its share unused: take smaller ranges for a small file.
  uint64_t rate = 0;
};

}  // namespace v0

namespace connectors {

/// A field that is not what its column holds.
struct BadCsvField {
  uint32_t row = 0;
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
      bad = {row, field, texts[column_of_field[field]], kColumns[field].expected};
      return row;
    }
    batch.set_size(batch.size() + 1);
    if constexpr (!TypeTraits<T>::kFlat) batch.add_heap_bytes(TypeTraits<T>::HeapBytes(out));
  }
  return row;
}

/// Threads: const methods from any thread.
class CsvSource final : public runtime::Source {
 public:
  struct Format {
    const record::TypeOps& type;
    std::vector<std::string> fields;
    ParseCsvRows parse;
  };

  /// The source of records of type T.
  template <class T>
  static std::shared_ptr<const CsvSource> Of(CsvSourceOptions options) {
    static_assert(!record::CsvColumns<T>().empty(),
                  "a row of CSV is a number, a text, or a WEIR_RECORD whose fields are: this type "
                  "has a list, a map, a variant or a record in a field");
    std::vector<std::string> fields;
    for (const auto& column : record::CsvColumns<T>()) fields.emplace_back(column.name);
    return std::make_shared<CsvSource>(
        std::move(options), Format{TypeOpsOf<T>(), std::move(fields), &ParseCsvRowsOf<T>});
  }

  CsvSource(CsvSourceOptions options, Format format)
      : options_(std::move(options)), format_(std::move(format)) {}

  std::string kind() const override { return "csv-source"; }
  const record::TypeOps& type() const override { return format_.type; }
  bool bounded() const override { return true; }
  bool can_replay() const override { return true; }
  std::unique_ptr<runtime::SplitEnumerator> NewEnumerator(env::Env& env) const override;
  std::unique_ptr<runtime::SourceReader> NewReader() const override;

 private:
  const CsvSourceOptions options_;
  const Format format_;
};

/// Finds the files and checks their headers. Exposed for tests; the enumerator runs it on the pool.
/// Errors: NotFound, PermissionDenied, InvalidArgument: one sentence that names the file.
StatusOr<std::vector<runtime::Split>> FindCsvSplits(env::FileSystem& files,
                                                    const CsvSourceOptions& options,
                                                    std::span<const std::string> fields);

/// Threads: as SourceReader.
class CsvSourceReader final : public runtime::SourceReader {
 public:
  CsvSourceReader(CsvSourceOptions options, CsvSource::Format format)
      : options_(std::move(options)), format_(std::move(format)) {}

  Status Start(const runtime::OperatorContext& context) override;
  Status AddSplits(std::vector<runtime::Split> splits) override;
  void NoMoreSplits() override { no_more_splits_ = true; }
  StatusOr<runtime::PollResult> Poll(runtime::Output& output) override;
  Duration PollAgainAfter() const override;
  bool WantsSplit() const override { return reader_ == nullptr && waiting_.empty(); }
  std::vector<runtime::Split> Snapshot(base::CheckpointId checkpoint) override;
  std::vector<std::string> TakeFinished() override { return std::exchange(finished_, {}); }

 private:
  Status OpenNext();
  Status TakeRows(record::AnyBatch& batch);
  Status BadField(const BadCsvField& bad) const;

  const CsvSourceOptions options_;
  const CsvSource::Format format_;
  env::Env* env_ = nullptr;
  std::optional<RateLimit> rate_;

  std::deque<CsvSplit> waiting_;
  std::unique_ptr<CsvSplitReader> reader_;  // of the split being read
  std::vector<std::string> finished_;
  bool no_more_splits_ = false;
};

}  // namespace connectors
}  // namespace weir
