#include "weir/connectors/file_source.h"

#include <algorithm>

#include "weir/base/limits.h"
#include "weir/connectors/compression.h"
#include "weir/connectors/file_finder.h"
#include "weir/connectors/input_file.h"
#include "weir/record/typed_ops.h"

namespace weir::connectors {
namespace {

// As asked for, but so that there are at most limits::kSplitsMax splits.
uint64_t SplitBytes(const std::vector<FoundFile>& inputs, uint64_t asked) {
  if (asked == 0) return UINT64_MAX;
  uint64_t bytes = 0;
  for (const FoundFile& input : inputs) bytes += input.bytes;
  // Each file adds less than one split to what its bytes need.
  const uint64_t whole =
      limits::kSplitsMax - std::min<uint64_t>(inputs.size(), limits::kSplitsMax - 1);
  return std::max(asked, (bytes + whole - 1) / whole);
}

// Appends the splits of one file.
Status DivideFile(env::FileSystem& files, const FoundFile& input, uint64_t split_bytes,
                  const FileFormat& format, std::vector<runtime::Split>& splits) {
  const std::string path = env::JoinPath(input.directory, input.name);
  WEIR_ASSIGN_OR_RETURN(auto file, files.Open(path));
  WEIR_ASSIGN_OR_RETURN(const uint64_t tail, TailDigest(*file, input.bytes));
  const bool is_compressed = CompressionOf(input.name) != Compression::kNone;
  if (is_compressed) split_bytes = UINT64_MAX;  // nobody can begin in its middle
  const auto held = Decompressed(std::move(file), path, input.bytes);
  WEIR_ASSIGN_OR_RETURN(const FileHead head,
                        format.ReadHead(*held, path, is_compressed ? UINT64_MAX : input.bytes));
  for (uint64_t begin = 0; begin < input.bytes;) {
    const uint64_t end = begin + std::min(split_bytes, input.bytes - begin);
    splits.push_back(EncodeFileSplit({.file = input.name,
                                      .begin = begin,
                                      .end = end,
                                      .next = begin,
                                      .file_bytes = input.bytes,
                                      .head_digest = head.digest,
                                      .tail_digest = tail}));
    begin = end;
  }
  return {};
}

class FileSplitEnumerator final : public runtime::SplitEnumerator {
 public:
  FileSplitEnumerator(env::Env& env, FileSourceOptions options,
                      std::shared_ptr<const FileFormat> format)
      : env_(env), options_(std::move(options)), format_(std::move(format)) {}

  Status Restore(std::string_view state) override {
    WEIR_ASSIGN_OR_RETURN(*watched_, WatchedFiles::Decode(state));
    return {};
  }

  void Discover(base::UniqueFunction<void(StatusOr<runtime::Discovery>)> done) override {
    env_.pool.Post([&files = env_.files, options = options_, format = format_, watched = watched_,
                    done = std::move(done)]() mutable {
      auto found = options.watch ? LookForNewFiles(files, options, *format, *watched)
                                 : LookOnce(files, options, *format, *watched);
      if (!found.ok()) found = std::move(found).status().Annotated(Concat("read ", format->name()));
      done(std::move(found));
    });
  }
  Duration interval() const override { return options_.watch_interval; }

 private:
  static StatusOr<runtime::Discovery> LookOnce(env::FileSystem& files,
                                               const FileSourceOptions& options,
                                               const FileFormat& format, WatchedFiles& watched) {
    if (watched.empty()) {
      WEIR_ASSIGN_OR_RETURN(auto splits, FindFileSplits(files, options, format));
      return runtime::Discovery{.splits = std::move(splits)};
    }
    // The job has watched until now. Files that it knows may have grown since.
    WEIR_ASSIGN_OR_RETURN(const std::vector<FoundFile> found,
                          FindFilesSoFar(files, options.path, format.name_end()));
    watched.Look(found);
    WEIR_ASSIGN_OR_RETURN(auto discovery, LookForNewFiles(files, options, format, watched));
    discovery.final = true;
    return discovery;
  }

  env::Env& env_;
  const FileSourceOptions options_;
  const std::shared_ptr<const FileFormat> format_;  // owners: this, the source and its jobs
  // Owners: this, and its job, of which there is one at a time.
  const std::shared_ptr<WatchedFiles> watched_ = std::make_shared<WatchedFiles>();
};

}  // namespace

StatusOr<std::vector<runtime::Split>> FindFileSplits(env::FileSystem& files,
                                                     const FileSourceOptions& options,
                                                     const FileFormat& format) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<FoundFile> inputs,
                        FindFiles(files, options.path, format.name_end()));
  if (inputs.size() > limits::kSplitsMax) {
    return ResourceExhaustedError(options.path, " names ", inputs.size(), " files; at most ",
                                  limits::kSplitsMax,
                                  " can be read by one source; join them to larger ones");
  }
  const uint64_t split_bytes = SplitBytes(inputs, options.split_bytes);
  std::vector<runtime::Split> splits;
  for (const FoundFile& input : inputs) {
    WEIR_RETURN_IF_ERROR(DivideFile(files, input, split_bytes, format, splits));
  }
  return splits;
}

StatusOr<runtime::Discovery> LookForNewFiles(env::FileSystem& files,
                                             const FileSourceOptions& options,
                                             const FileFormat& format, WatchedFiles& watched) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<FoundFile> found,
                        FindFilesSoFar(files, options.path, format.name_end()));
  WatchedFiles after = watched;
  const std::vector<FoundFile> fresh = after.Look(found);
  const uint64_t split_bytes = SplitBytes(fresh, options.split_bytes);
  runtime::Discovery discovery{.final = false};
  for (const FoundFile& file : fresh) {
    const Status divided = DivideFile(files, file, split_bytes, format, discovery.splits);
    if (divided.code() != StatusCode::kNotFound) WEIR_RETURN_IF_ERROR(divided);  // removed since
  }
  if (after.AddSplits(discovery.splits.size()) > limits::kSplitsMax) {
    return ResourceExhaustedError(
        options.path, " has had more files, or larger ones, than one job can watch (",
        limits::kSplitsMax,
        " ranges); move those that were read away and start anew with --fresh, or read with larger "
        "split_bytes");
  }
  discovery.state = after.Encode();
  watched = std::move(after);
  return discovery;
}

std::vector<const record::TypeOps*> FileSource::output_types() const {
  if (options_.on_error == OnError::kDeadLetter) return {&type(), &TypeOpsOf<DeadLetter>()};
  return {&type()};
}

std::unique_ptr<runtime::SplitEnumerator> FileSource::NewEnumerator(env::Env& env) const {
  return std::make_unique<FileSplitEnumerator>(env, options_, format_);
}

std::unique_ptr<runtime::SourceReader> FileSource::NewReader() const {
  return std::make_unique<FileSourceReader>(options_, format_);
}

Status FileSourceReader::Start(const runtime::OperatorContext& context) {
  env_ = context.env;
  rate_.emplace(static_cast<double>(options_.rate) / context.parallelism, env_->clock.Now());
  return {};
}

Status FileSourceReader::AddSplits(std::vector<runtime::Split> splits) {
  for (const runtime::Split& split : splits) {
    WEIR_ASSIGN_OR_RETURN(FileSplit decoded, DecodeFileSplit(split));
    waiting_.push_back(std::move(decoded));
  }
  return {};
}

std::vector<runtime::Split> FileSourceReader::Snapshot(base::CheckpointId) {
  std::vector<runtime::Split> splits;
  if (reader_ != nullptr) splits.push_back(EncodeFileSplit(reader_->Position()));
  for (const FileSplit& split : waiting_) splits.push_back(EncodeFileSplit(split));
  return splits;
}

StatusOr<runtime::PollResult> FileSourceReader::Poll(runtime::Output& output) {
  if (reader_ == nullptr && waiting_.empty()) {
    return no_more_splits_ ? runtime::PollResult::kEnd : runtime::PollResult::kIdle;
  }
  const uint32_t allowed = rate_->Allowed(env_->clock.Now());
  if (allowed == 0) return runtime::PollResult::kIdle;
  record::AnyBatch& batch = output.OpenBatch(base::PortIndex(0));
  if (batch.full()) return runtime::PollResult::kMore;
  if (reader_ == nullptr) WEIR_RETURN_IF_ERROR(OpenNext());
  const uint32_t rows_max = std::min(allowed, batch.capacity() - batch.size());
  WEIR_ASSIGN_OR_RETURN(const FileSplitReader::State state, reader_->Advance(rows_max));
  rows_skipped_ += reader_->TakeSkipped();
  if (state == FileSplitReader::State::kEnd) {
    PutOutLetters(output);
    last_read_ = reader_->Position();
    mark_ = reader_->mark();
    finished_.push_back(EncodeFileSplit(last_read_).id);
    reader_ = nullptr;
    if (waiting_.empty() && no_more_splits_) return runtime::PollResult::kEnd;
  } else if (state == FileSplitReader::State::kRows) {
    WEIR_ASSIGN_OR_RETURN(const uint32_t rows, reader_->Take(batch));
    rate_->Spend(rows);
    rows_skipped_ += reader_->TakeSkipped();
  }
  if (reader_ != nullptr) PutOutLetters(output);
  return runtime::PollResult::kMore;
}

// In the call that moved the position past their rows: no checkpoint has one without the other.
void FileSourceReader::PutOutLetters(runtime::Output& output) {
  for (DeadLetter& letter : reader_->TakeLetters()) PutOut(std::move(letter), output);
}

Duration FileSourceReader::PollAgainAfter() const {
  return WantsSplit() ? SourceReader::PollAgainAfter() : rate_->Wait(env_->clock.Now());
}

Status FileSourceReader::OpenNext() {
  WEIR_ASSIGN_OR_RETURN(std::string path,
                        PathOfFile(env_->files, options_.path, waiting_.front().file));
  const bool same_file = waiting_.front().file == last_read_.file &&
                         waiting_.front().file_bytes == last_read_.file_bytes;
  WEIR_ASSIGN_OR_RETURN(reader_, FileSplitReader::Open({.files = env_->files,
                                                        .path = std::move(path),
                                                        .split = waiting_.front(),
                                                        .format = *format_,
                                                        .on_error = options_.on_error,
                                                        .mark = same_file ? mark_ : LineMark()}));
  waiting_.pop_front();
  return {};
}

}  // namespace weir::connectors
