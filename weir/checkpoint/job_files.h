// The names of a job's blobs in its checkpoint store (docs/formats/history.md, "Names").
//
//   <job>/job.json                        says that a history was begun here
//   <job>/history/<20-digit number>.json  the records
//   <job>/data/<epoch>-<attempt>-<id>-<chain>.<subtask>-<random>.pack
//                                         packs; names are never reused
//   <job>/savepoints/<name>.json          a copy of a savepoint's record
//
// Records name packs relative to the job ("data/…"), so that a reference never leaves the job's
// folder.
// Threads: pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "weir/base/ids.h"
#include "weir/base/status.h"

namespace weir::checkpoint {

/// Who wrote a pack, when and as what. Every message of a checkpoint carries the first three.
struct PackName {
  base::Epoch epoch;
  base::Attempt attempt;
  base::CheckpointId checkpoint;
  base::ChainIndex chain;
  base::SubtaskIndex subtask;
  // Drawn anew for each pack: a task that writes twice never writes one name twice.
  uint64_t random = 0;
  friend bool operator==(const PackName&, const PackName&) = default;

  /// "data/3-1-17-0.2-00c0ffee00c0ffee.pack".
  std::string ToString() const;

  /// The inverse of ToString; nothing for any other text.
  static std::optional<PackName> Parse(std::string_view name);
};

/// "00000000000000000017.json".
std::string RecordFileName(base::HistoryNumber number);

/// The inverse; nothing for any other text.
std::optional<base::HistoryNumber> ParseRecordFileName(std::string_view name);

/// Ok if `name` may name a job or a savepoint: one part of a path, of [A-Za-z0-9._-], at most 100
/// bytes, not beginning with '.'.
/// Errors: InvalidArgument naming `what` and the character.
Status CheckPathPart(std::string_view what, std::string_view name);

/// What the job file says: a history was begun here, so that one that is gone is not taken for a
/// job that never ran.
std::string JobFileText(const std::string& job);
inline constexpr uint64_t kJobFileBytesMax = 4 << 10;

/// Ok if `text` is that of a job file.
/// Errors: DataLoss with the cure; FailedPrecondition when a newer version of Weir wrote it.
Status CheckJobFile(std::string_view text);

/// Where the blobs of one job are.
class JobFiles {
 public:
  /// Shapes: `job` passes CheckPathPart.
  explicit JobFiles(std::string job) : job_(std::move(job)) {}

  const std::string& job() const { return job_; }
  std::string JobFile() const { return job_ + "/job.json"; }
  std::string HistoryFolder() const { return job_ + "/history/"; }
  std::string DataFolder() const { return job_ + "/data/"; }
  std::string Record(base::HistoryNumber number) const {
    return HistoryFolder() + RecordFileName(number);
  }
  std::string Savepoint(std::string_view name) const {
    return job_ + "/savepoints/" + std::string(name) + ".json";
  }

  /// Of a name relative to the job, such as PackName::ToString gives.
  std::string Blob(std::string_view relative) const { return job_ + "/" + std::string(relative); }

 private:
  std::string job_;
};

}  // namespace weir::checkpoint
