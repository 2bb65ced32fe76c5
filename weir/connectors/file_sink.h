// FileSink: CSV files in a directory, exactly once. Each committed file is a whole CSV file with a
// header line; nothing else is ever visible there.
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
#include "weir/connectors/file_sink_names.h"
#include "weir/env/env.h"
#include "weir/record/any_batch.h"
#include "weir/runtime/sink.h"

namespace weir::connectors {

class FileSink final : public runtime::Sink {
 public:
  /// CSV rows of `type` (which outlives the sink) into files in `directory`, made if it is missing.
  FileSink(std::string directory, const record::TypeOps& type)
      : directory_(std::move(directory)), type_(type) {}

  std::string kind() const override { return "csv-sink"; }
  std::unique_ptr<runtime::SinkWriter> NewWriter() const override;

 private:
  const std::string directory_;
  const record::TypeOps& type_;
};

/// Makes a sealed file visible. What the job of FileSinkWriter::Commit does.
/// Errors: DataLoss when the file is nowhere, or the visible or the sealed one holds other bytes;
///   what the file system reports.
Status CommitFile(env::FileSystem& files, const FileCommittable& file);

class FileSinkWriter final : public runtime::SinkWriter {
 public:
  FileSinkWriter(std::string directory, const record::TypeOps& type)
      : directory_(std::move(directory)), type_(type) {}

  Status Start(const runtime::OperatorContext& context,
               std::span<const runtime::Committable> pending) override;
  Status Write(const record::AnyBatch& batch, uint32_t begin) override;
  StatusOr<Closed> PreCommit(base::CheckpointId checkpoint) override;
  base::UniqueFunction<Status()> Commit(const runtime::CommitPermit& permit,
                                        const runtime::Committable& committable) override;

 private:
  // The file being written. Its rows go through `buffer`.
  struct Open {
    InProgressName name;
    std::unique_ptr<env::WritableFile> file;
    std::string buffer;
    base::Checksum digest;
    uint64_t bytes = 0;  // handed to the file
    uint64_t rows = 0;
  };

  Status MakeDirectory();
  Status RemoveLeftovers(std::span<const runtime::Committable> pending,
                         const std::vector<std::string>& names);
  Status CheckCommitted(const std::vector<std::string>& names) const;
  bool IsLeftover(const InProgressName& name) const;
  Status OpenFile();
  Status Flush();
  Status WithCure(const Status& status) const;

  const std::string directory_;
  const record::TypeOps& type_;
  std::string header_;
  runtime::OperatorContext context_;
  uint64_t next_sequence_ = 0;
  std::unique_ptr<Open> open_;  // null until the first row behind a barrier
};

}  // namespace weir::connectors
