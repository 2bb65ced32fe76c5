// FileSource: the records of a file, of the files of a directory, or of those that match a pattern.
//
// Splits are byte ranges of the files, so that all subtasks read; the order between rows of
// different splits is free. What the bytes mean is the format's (file_format.h). The exemplary
// source: an enumerator that looks once (or, watching, again and again), and a reader whose
// position is exactly behind the last row it put out.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/connectors/file_format.h"
#include "weir/connectors/file_split.h"
#include "weir/connectors/file_split_reader.h"
#include "weir/connectors/rate_limit.h"
#include "weir/connectors/watched_files.h"
#include "weir/env/env.h"
#include "weir/runtime/source.h"

namespace weir {
inline namespace v0 {

/// What ReadCsv, ReadText and ReadJson read, and how.
struct FileSourceOptions {
  // A file; a directory, whose files of the format's usual end (*.csv) are read; or a pattern for
  // the names of files in a directory: logs/2026-*.txt, with '*' for any letters and '?' for one.
  std::string path;

  /// Files are read in ranges of this size, in parallel. 0: each file is one split; needed when
  /// quoted fields of a larger CSV file hold line ends. A compressed file (.gz, .zst) always is
  /// one.
  uint64_t split_bytes = 4 << 20;

  /// Rows a second, of all subtasks together, in equal shares; 0: as fast as they go. A subtask
  /// that has no range to read leaves its share unused: take smaller ranges for a small file.
  uint64_t rate = 0;

  /// What is done about rows that are no records: `OnError::kFail`, `OnError::kSkip` or
  /// `OnError::DeadLetter("rejected/")`. A file that is not what it should be as a whole
  /// (another header, a damaged archive) fails the job in any case.
  OnError on_error = OnError::kFail;

  /// Reads new files, too, that come while the job runs, which then does not end by itself. `path`
  /// is a directory or a pattern. A file is taken when two looks in a row found it with the same
  /// size; better still, write it under a hidden name and rename it. What is appended to it later
  /// is not read.
  bool watch = false;
  Duration watch_interval = std::chrono::seconds(1);
};

}  // namespace v0

namespace connectors {

/// Threads: const methods from any thread.
class FileSource final : public runtime::Source {
 public:
  /// Owners of `format`: the source, its enumerators and readers.
  FileSource(FileSourceOptions options, std::shared_ptr<const FileFormat> format)
      : options_(std::move(options)), format_(std::move(format)) {}

  std::string kind() const override { return std::string(format_->kind()); }
  const record::TypeOps& type() const override { return format_->type(); }
  std::vector<const record::TypeOps*> output_types() const override;
  bool bounded() const override { return !options_.watch; }
  bool can_replay() const override { return true; }
  std::unique_ptr<runtime::SplitEnumerator> NewEnumerator(env::Env& env) const override;
  std::unique_ptr<runtime::SourceReader> NewReader() const override;

  const FileFormat& format() const { return *format_; }
  const OnError& on_error() const { return options_.on_error; }

 private:
  const FileSourceOptions options_;
  const std::shared_ptr<const FileFormat> format_;
};

/// Finds the files and looks at how they begin. Exposed for tests; the enumerator runs it on the
/// pool.
/// Errors: NotFound, PermissionDenied, InvalidArgument: one sentence that names the file.
StatusOr<std::vector<runtime::Split>> FindFileSplits(env::FileSystem& files,
                                                     const FileSourceOptions& options,
                                                     const FileFormat& format);

/// What a look of a source that watches finds: the splits of new files.
/// Errors: as FindFileSplits; ResourceExhausted when there were too many; and `watched` is as it
///   was.
StatusOr<runtime::Discovery> LookForNewFiles(env::FileSystem& files,
                                             const FileSourceOptions& options,
                                             const FileFormat& format, WatchedFiles& watched);

/// Threads: as SourceReader.
class FileSourceReader final : public runtime::SourceReader {
 public:
  FileSourceReader(FileSourceOptions options, std::shared_ptr<const FileFormat> format)
      : options_(std::move(options)), format_(std::move(format)) {}

  Status Start(const runtime::OperatorContext& context) override;
  Status AddSplits(std::vector<runtime::Split> splits) override;
  void NoMoreSplits() override { no_more_splits_ = true; }
  StatusOr<runtime::PollResult> Poll(runtime::Output& output) override;
  Duration PollAgainAfter() const override;
  bool WantsSplit() const override { return reader_ == nullptr && waiting_.empty(); }
  std::vector<runtime::Split> Snapshot(base::CheckpointId checkpoint) override;
  std::vector<std::string> TakeFinished() override { return std::exchange(finished_, {}); }
  uint64_t rows_skipped() const override { return rows_skipped_; }

 private:
  Status OpenNext();
  void PutOutLetters(runtime::Output& output);

  const FileSourceOptions options_;
  const std::shared_ptr<const FileFormat> format_;  // owners: this and the source
  env::Env* env_ = nullptr;
  std::optional<RateLimit> rate_;

  std::deque<FileSplit> waiting_;
  std::unique_ptr<FileSplitReader> reader_;  // of the split being read
  std::vector<std::string> finished_;
  uint64_t rows_skipped_ = 0;
  FileSplit last_read_;
  LineMark mark_;  // of its file
  bool no_more_splits_ = false;
};

}  // namespace connectors
}  // namespace weir
