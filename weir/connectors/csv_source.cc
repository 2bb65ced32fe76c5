#include "weir/connectors/csv_source.h"

#include <algorithm>

#include "weir/base/check.h"
#include "weir/base/limits.h"
#include "weir/base/utf8.h"
#include "weir/connectors/csv_file.h"
#include "weir/record/scalar_text.h"

namespace weir::connectors {
namespace {

struct InputFile {
  std::string directory;
  std::string name;
  uint64_t bytes = 0;
};

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// The path of a split's file. The input may be the file itself or its directory.
StatusOr<std::string> PathOf(env::FileSystem& files, const std::string& input,
                             const std::string& file) {
  const StatusOr<env::FileInfo> info = files.Stat(input);
  if (info.ok() && info->is_directory) return env::JoinPath(input, file);
  if (BaseName(input) == file) return input;
  return FailedPreconditionError("the checkpoint is in the middle of ", file, ", but the input is ",
                                 input,
                                 " now; give the same input again, or start anew with --fresh");
}

StatusOr<std::vector<InputFile>> FindFiles(env::FileSystem& files, const std::string& input) {
  const StatusOr<env::FileInfo> info = files.Stat(input);
  if (info.status().code() == StatusCode::kNotFound) {
    return InvalidArgumentError("no file or directory ", input,
                                "; give the path of what is to be read");
  }
  if (!info.ok()) return info.status();
  if (!info->is_directory) {
    return std::vector{InputFile{env::DirectoryOf(input), BaseName(input), info->bytes}};
  }
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(input));
  std::vector<InputFile> found;
  for (const std::string& name : names) {
    if (!name.ends_with(".csv") || name.starts_with('.')) continue;
    WEIR_ASSIGN_OR_RETURN(const env::FileInfo entry, files.Stat(env::JoinPath(input, name)));
    if (!entry.is_directory) found.push_back({input, name, entry.bytes});
  }
  if (found.empty()) {
    return InvalidArgumentError("no *.csv file in directory ", input,
                                "; give the path of what is to be read");
  }
  return found;
}

// As asked for, but so that there are at most limits::kSplitsMax splits.
uint64_t SplitBytes(const std::vector<InputFile>& inputs, uint64_t asked) {
  if (asked == 0) return UINT64_MAX;
  uint64_t bytes = 0;
  for (const InputFile& input : inputs) bytes += input.bytes;
  // Each file adds less than one split to what its bytes need.
  const uint64_t whole =
      limits::kSplitsMax - std::min<uint64_t>(inputs.size(), limits::kSplitsMax - 1);
  return std::max(asked, (bytes + whole - 1) / whole);
}

class CsvSplitEnumerator final : public runtime::SplitEnumerator {
 public:
  CsvSplitEnumerator(env::Env& env, CsvSourceOptions options, std::vector<std::string> fields)
      : env_(env), options_(std::move(options)), fields_(std::move(fields)) {}

  void Discover(base::UniqueFunction<void(StatusOr<runtime::Discovery>)> done) override {
    env_.pool.Post([&files = env_.files, options = options_, fields = fields_,
                    done = std::move(done)]() mutable {
      auto splits = FindCsvSplits(files, options, fields);
      if (!splits.ok()) {
        done(std::move(splits).status().Annotated("read CSV"));
      } else {
        done(runtime::Discovery{.splits = *std::move(splits)});
      }
    });
  }

 private:
  env::Env& env_;
  const CsvSourceOptions options_;
  const std::vector<std::string> fields_;
};

}  // namespace

StatusOr<std::vector<runtime::Split>> FindCsvSplits(env::FileSystem& files,
                                                    const CsvSourceOptions& options,
                                                    std::span<const std::string> fields) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<InputFile> inputs, FindFiles(files, options.path));
  if (inputs.size() > limits::kSplitsMax) {
    return ResourceExhaustedError("directory ", options.path, " holds ", inputs.size(),
                                  " *.csv files; at most ", limits::kSplitsMax,
                                  " can be read by one source; join them to larger ones");
  }
  const uint64_t split_bytes = SplitBytes(inputs, options.split_bytes);
  std::vector<runtime::Split> splits;
  for (const InputFile& input : inputs) {
    const std::string path = env::JoinPath(input.directory, input.name);
    if (!base::IsUtf8(input.name)) {
      return InvalidArgumentError("the name of ", QuotedForMessage(path),
                                  " is not UTF-8: checkpoints could not name it; rename the file");
    }
    WEIR_ASSIGN_OR_RETURN(const auto file, files.Open(path));
    WEIR_ASSIGN_OR_RETURN(const CsvHeader header, ReadCsvHeader(*file, path, input.bytes, fields));
    WEIR_ASSIGN_OR_RETURN(const uint64_t tail, CsvTailDigest(*file, input.bytes));
    for (uint64_t begin = 0; begin < input.bytes;) {
      const uint64_t end = begin + std::min(split_bytes, input.bytes - begin);
      splits.push_back(EncodeCsvSplit({.file = input.name,
                                       .begin = begin,
                                       .end = end,
                                       .next = begin,
                                       .file_bytes = input.bytes,
                                       .header_digest = header.digest,
                                       .tail_digest = tail}));
      begin = end;
    }
  }
  return splits;
}

std::unique_ptr<runtime::SplitEnumerator> CsvSource::NewEnumerator(env::Env& env) const {
  return std::make_unique<CsvSplitEnumerator>(env, options_, format_.fields);
}

std::unique_ptr<runtime::SourceReader> CsvSource::NewReader() const {
  return std::make_unique<CsvSourceReader>(options_, format_);
}

Status CsvSourceReader::Start(const runtime::OperatorContext& context) {
  env_ = context.env;
  rate_.emplace(static_cast<double>(options_.rate) / context.parallelism, env_->clock.Now());
  return {};
}

Status CsvSourceReader::AddSplits(std::vector<runtime::Split> splits) {
  for (const runtime::Split& split : splits) {
    WEIR_ASSIGN_OR_RETURN(CsvSplit decoded, DecodeCsvSplit(split));
    waiting_.push_back(std::move(decoded));
  }
  return {};
}

std::vector<runtime::Split> CsvSourceReader::Snapshot(base::CheckpointId) {
  std::vector<runtime::Split> splits;
  if (reader_ != nullptr) splits.push_back(EncodeCsvSplit(reader_->Position()));
  for (const CsvSplit& split : waiting_) splits.push_back(EncodeCsvSplit(split));
  return splits;
}

StatusOr<runtime::PollResult> CsvSourceReader::Poll(runtime::Output& output) {
  if (reader_ == nullptr && waiting_.empty()) {
    return no_more_splits_ ? runtime::PollResult::kEnd : runtime::PollResult::kIdle;
  }
  const uint32_t allowed = rate_->Allowed(env_->clock.Now());
  if (allowed == 0) return runtime::PollResult::kIdle;
  record::AnyBatch& batch = output.OpenBatch(base::PortIndex(0));
  if (batch.full()) return runtime::PollResult::kMore;
  if (reader_ == nullptr) WEIR_RETURN_IF_ERROR(OpenNext());
  const uint32_t rows_max = std::min(allowed, batch.capacity() - batch.size());
  WEIR_ASSIGN_OR_RETURN(const CsvSplitReader::State state, reader_->Advance(rows_max));
  if (state == CsvSplitReader::State::kEnd) {
    finished_.push_back(EncodeCsvSplit(reader_->Position()).id);
    reader_ = nullptr;
    if (waiting_.empty() && no_more_splits_) return runtime::PollResult::kEnd;
  } else if (state == CsvSplitReader::State::kRows) {
    WEIR_RETURN_IF_ERROR(TakeRows(batch));
  }
  return runtime::PollResult::kMore;
}

Duration CsvSourceReader::PollAgainAfter() const {
  return WantsSplit() ? SourceReader::PollAgainAfter() : rate_->Wait(env_->clock.Now());
}

Status CsvSourceReader::OpenNext() {
  WEIR_ASSIGN_OR_RETURN(std::string path,
                        PathOf(env_->files, options_.path, waiting_.front().file));
  WEIR_ASSIGN_OR_RETURN(reader_, CsvSplitReader::Open({.files = env_->files,
                                                       .path = std::move(path),
                                                       .split = waiting_.front(),
                                                       .fields = format_.fields}));
  waiting_.pop_front();
  return {};
}

Status CsvSourceReader::TakeRows(record::AnyBatch& batch) {
  std::optional<BadCsvField> bad;
  const uint32_t first = reader_->row();
  const uint32_t end =
      format_.parse(reader_->rows(), first, reader_->header().column_of_field, batch, bad);
  reader_->TakeUpTo(end);
  rate_->Spend(end - first);
  return bad ? BadField(*bad) : Status();
}

// transactions.csv:48,211: column 2 "amount": "12,5O" is not an integer
Status CsvSourceReader::BadField(const BadCsvField& bad) const {
  const std::string text = QuotedForMessage(bad.text);
  int64_t as_signed = 0;
  uint64_t as_unsigned = 0;
  const bool too_large = bad.expected == TypeTraits<int64_t>::kExpected &&
                         (record::ParseInteger(bad.text, INT64_MIN, INT64_MAX, as_signed) ||
                          record::ParseUnsigned(bad.text, UINT64_MAX, as_unsigned));
  const record::Schema& schema = format_.type.schema();
  const record::Schema& field =
      schema.kind == record::TypeKind::kRecord ? schema.children[bad.field] : schema;
  return InvalidArgumentError(
      reader_->PlaceOf(bad.row), ": column ", reader_->header().column_of_field[bad.field] + 1,
      " \"", format_.fields[bad.field], "\": ", text,
      too_large ? Concat(" is too large or too small for ", field.ToString())
                : Concat(" is not ", bad.expected),
      kBadRowCure);
}

}  // namespace weir::connectors
