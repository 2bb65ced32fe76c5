// The names of a file sink's files (docs/formats/file-sink.md), and what a committable of it says.
//
//   .<uid>-<lineage>-<epoch>-<attempt>-<subtask>-<sequence>.inprogress    being written, or sealed
//   <uid>-<lineage>-<checkpoint>-<subtask>-<sequence>.csv                 committed (.txt, .jsonl)
//
// No name is used twice: (epoch, attempt) is new with every start, and a checkpoint's number is
// used again only when no record ever named it.
// Threads: values; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/base/ids.h"
#include "weir/base/status.h"

namespace weir::connectors {

/// Who writes an in-progress file, in the order of its name.
struct InProgressName {
  std::string uid;
  base::Lineage lineage;
  base::Epoch epoch;
  base::Attempt attempt;
  base::SubtaskIndex subtask;
  uint64_t sequence = 0;  // counts the files of one subtask in one attempt
  friend bool operator==(const InProgressName&, const InProgressName&) = default;

  std::string ToString() const;

  /// The parts of a name that ToString made for `uid`; nothing for any other name.
  static std::optional<InProgressName> Parse(std::string_view name, std::string_view uid);
};

/// A committed file that FinalName named for `uid`.
struct CommittedName {
  base::Lineage lineage;
  base::CheckpointId checkpoint;

  /// Nothing for a name that is none.
  static std::optional<CommittedName> Parse(std::string_view name, std::string_view uid);
};

/// The name under which the file is committed by `checkpoint`, the one that closed it.
/// Shapes: `name_end` is one that CommittedName knows: that of a RowForm, and of a Compression
///   behind it.
std::string FinalName(const InProgressName& in_progress, base::CheckpointId checkpoint,
                      std::string_view name_end);

/// `uid` as part of a file name: what is no letter, digit, '_', '.' or '-' becomes "%" and two hex
/// digits.
std::string UidInFileName(std::string_view uid);

/// A sealed file: what must be there for it to be committed, or to have been.
struct FileCommittable {
  std::string directory;    // as the program gave it when the file was written
  std::string in_progress;  // names in it
  std::string final;
  uint64_t bytes = 0;
  uint64_t digest = 0;  // base::ChecksumOf all bytes
  uint64_t rows = 0;
  friend bool operator==(const FileCommittable&, const FileCommittable&) = default;

  std::string Encode() const;

  /// Errors: DataLoss when it makes no sense; FailedPrecondition when a newer Weir wrote it.
  static StatusOr<FileCommittable> Decode(std::string_view bytes);
};

}  // namespace weir::connectors
