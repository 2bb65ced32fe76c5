// Reading a history without reigning: for `checkpoints list | show | verify` and for whoever only
// looks.
// Threads: the functions may be called from any thread; `done` is called once, on a thread of the
//   store.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "weir/base/ids.h"
#include "weir/base/status.h"
#include "weir/checkpoint/history_record.h"
#include "weir/checkpoint/job_files.h"
#include "weir/env/blob_store.h"

namespace weir::checkpoint {

/// A record that could not be read, and why.
struct DamagedRecord {
  base::HistoryNumber number;
  Status status;
};

/// What a history holds, as it was at one moment; damage is a part of it.
struct HistoryView {
  std::vector<HistoryRecord> records;  // by number
  std::vector<DamagedRecord> damaged;  // by number

  /// The newest record: it decides from where to resume.
  /// Errors: NotFound in an empty history; DataLoss when the newest record is damaged.
  StatusOr<HistoryRecord> Newest() const;

  /// What exists, as far as anybody can say: by the newest record that can be read.
  std::vector<RetainedCheckpoint> RetainedRefs() const;

  /// The checkpoint that a plain start would resume from; none: it would start empty.
  /// Errors: as Newest; DataLoss when a record that decides it is damaged or missing.
  StatusOr<std::optional<HistoryRecord>> ResumePoint() const;

  /// The retained checkpoints and savepoints, oldest first; those whose records are damaged are
  /// left out.
  std::vector<HistoryRecord> Retained() const;

  /// The retained checkpoints and savepoints whose records are not there at all, oldest first.
  std::vector<RetainedCheckpoint> MissingRecords() const;

  /// The damaged records that somebody needs: those that decide from where to resume, and retained
  /// ones.
  std::vector<DamagedRecord> DamageInUse() const;

  /// A retained checkpoint by id ("118"), by savepoint name, or "latest" (the resume point).
  /// Errors: NotFound naming what there is.
  StatusOr<HistoryRecord> Find(const std::string& which) const;
};

/// Reads all records of a job, and again while the job moves on.
/// Shapes: `store` outlives the call.
/// Errors: Unavailable: it never stood still; what the store gave. Damage is part of the view, and
///   so is an empty history.
void ReadHistory(env::BlobStore& store, const JobFiles& files,
                 env::ResultCallback<HistoryView> done);

/// The jobs that have a history in the store, sorted.
void ListJobs(env::BlobStore& store, env::ResultCallback<std::vector<std::string>> done);

/// Reads every pack of a checkpoint whole.
/// Errors: DataLoss or NotFound naming the pack and the piece.
void VerifyCheckpoint(env::BlobStore& store, const JobFiles& files, HistoryRecord record,
                      env::StatusCallback done);

}  // namespace weir::checkpoint
