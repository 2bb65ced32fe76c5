// FileSink: files of CSV, text or JSON lines in a directory, exactly once. Each committed file is
// whole by itself (one of CSV has a header line); nothing else is ever visible there.
//
//   rows ─▶ hidden in-progress file ──PreCommit: flush, fsync, close, fsync of the directory──▶
//        sealed, named in the checkpoint ──Commit: rename──▶ visible
//
// That a file was committed is shown by the visible file with the committable's size and digest,
// never by a missing in-progress file. The exemplary sink.
// Threads: as Sink and SinkWriter.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "weir/base/checksum.h"
#include "weir/base/time.h"
#include "weir/connectors/compression.h"
#include "weir/connectors/file_sink_names.h"
#include "weir/connectors/row_form.h"
#include "weir/env/env.h"
#include "weir/record/any_batch.h"
#include "weir/runtime/sink.h"

namespace weir {
inline namespace v0 {

/// Where WriteCsv, WriteText and WriteJson write, and how.
struct FileSinkOptions {
  std::string directory;                         // made if it is missing
  Compression compression = Compression::kNone;  // of each file, and the end of its name

  // Each checkpoint closes the files being written and makes them visible; so that they are neither
  // many nor small, take checkpoints less often. A file is closed before its checkpoint, and
  // another one begun, when it has about so many bytes, or its first row is so old. 0: never.
  uint64_t roll_bytes = 0;
  Duration roll_after{0};
};

}  // namespace v0
}  // namespace weir

namespace weir::connectors {

class FileSink final : public runtime::Sink {
 public:
  /// Rows of `type`, which outlives the sink.
  FileSink(FileSinkOptions options, RowForm form, const record::TypeOps& type)
      : options_(std::move(options)), form_(form), type_(type) {}

  std::string kind() const override { return std::string(SinkKindOf(form_)); }
  std::unique_ptr<runtime::SinkWriter> NewWriter() const override;

 private:
  const FileSinkOptions options_;
  const RowForm form_;
  const record::TypeOps& type_;
};

/// Makes a sealed file visible. What the job of FileSinkWriter::Commit does.
/// Errors: DataLoss when the file is nowhere, or the visible or the sealed one holds other bytes;
///   what the file system reports.
Status CommitFile(env::FileSystem& files, const FileCommittable& file);

class FileSinkWriter final : public runtime::SinkWriter {
 public:
  FileSinkWriter(FileSinkOptions options, RowForm form, const record::TypeOps& type)
      : options_(std::move(options)),
        form_(form),
        type_(type),
        directory_(options_.directory),
        name_end_(Concat(NameEndOf(form_), NameEndOf(options_.compression))) {}

  Status Start(const runtime::OperatorContext& context,
               std::span<const runtime::Committable> pending) override;
  Status Write(const record::AnyBatch& batch, uint32_t begin) override;
  StatusOr<Closed> PreCommit(base::CheckpointId checkpoint) override;
  base::UniqueFunction<Status()> Commit(const runtime::CommitPermit& permit,
                                        const runtime::Committable& committable) override;

 private:
  // The file being written. Its rows go through `rows`, and through `compressor` if there is one.
  struct Open {
    InProgressName name;
    std::unique_ptr<env::WritableFile> file;
    std::string rows;
    std::unique_ptr<Compressor> compressor;
    std::string ready;  // to be handed to the file
    base::Checksum digest;
    uint64_t bytes = 0;  // of the file, with those that are ready
    uint64_t row_count = 0;
    base::Instant opened;
  };

  Status MakeDirectory();
  Status RemoveLeftovers(std::span<const runtime::Committable> pending,
                         const std::vector<std::string>& names);
  Status CheckCommitted(const std::vector<std::string>& names) const;
  bool IsLeftover(const InProgressName& name) const;
  Status OpenFile();
  enum class Rest : uint8_t { kFollows, kIsNone };
  void MakeReady(Rest rest);
  Status Flush();
  bool IsLarge() const;
  bool IsOld() const;
  Status Roll();
  Status WithCure(const Status& status) const;

  const FileSinkOptions options_;
  const RowForm form_;
  const record::TypeOps& type_;
  const std::string directory_;
  const std::string name_end_;
  std::string header_;
  runtime::OperatorContext context_;
  uint64_t next_sequence_ = 0;
  std::unique_ptr<Open> open_;  // null until the first row behind a barrier, or behind `rolled_`
  std::vector<std::unique_ptr<Open>> rolled_;  // since the last barrier; at most kRolledFilesMax
};

}  // namespace weir::connectors
