// WatchedFiles: which of the files that are found, look after look, are new and whole.
//
// A file is taken once, when two looks in a row have found it with the same size: it is then
// believed to be whole. What is appended to it later is not noticed. A file that is gone is
// forgotten, so that what is remembered does not outgrow the directory; when it comes back it is
// taken again, and the books know its splits by their names if it is as long as it was.
// Threads: one caller at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/status.h"
#include "weir/connectors/file_finder.h"

namespace weir::connectors {

class WatchedFiles {
 public:
  /// What a look found; returns the files to be taken now, which are remembered.
  /// Shapes: names are those of one directory, each once.
  std::vector<FoundFile> Look(const std::vector<FoundFile>& found);

  bool empty() const { return files_.empty(); }

  /// `splits` were made of files that were taken; returns how many there have been in all.
  uint64_t AddSplits(uint64_t splits) { return splits_ += splits; }

  /// What must be known again after a failure: a version byte (1), the number of splits, and the
  /// names taken.
  std::string Encode() const;

  /// Errors: DataLoss when it makes no sense; FailedPrecondition when a newer Weir wrote it.
  static StatusOr<WatchedFiles> Decode(std::string_view bytes);

 private:
  struct File {
    uint64_t bytes = 0;
    bool taken = false;
  };
  std::map<std::string, File> files_;  // that the last look found
  uint64_t splits_ = 0;
};

}  // namespace weir::connectors
