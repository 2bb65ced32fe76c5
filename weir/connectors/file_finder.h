// The files that a path names: one file, those of a directory with a given end, or those that match
// a pattern (`logs/*.txt`).
// Threads: pure but for the file system they read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/env/file_system.h"

namespace weir::connectors {

struct FoundFile {
  std::string directory;
  std::string name;  // without the directory; UTF-8
  uint64_t bytes = 0;
};

/// Whether `name` matches `pattern`, in which '*' stands for any bytes and '?' for one; a name that
/// begins with a dot is matched only by a pattern that does.
bool MatchesPattern(std::string_view name, std::string_view pattern);

/// The files that `input` names, sorted by name: the file of this path; or, of a directory, those
/// that end in `name_end`, with or without the end of a compressed file behind it; or, when there
/// is nothing of this path and its last part holds '*' or '?', those of its directory that match
/// it. Hidden files and directories are left out.
/// Errors: InvalidArgument when there is none, or a name is no UTF-8; what the file system reports.
StatusOr<std::vector<FoundFile>> FindFiles(env::FileSystem& files, const std::string& input,
                                           std::string_view name_end);

/// As FindFiles, of a directory or a pattern, whose files may come later: none is no error.
/// Errors: InvalidArgument when `input` is one file, or its directory is not there; as FindFiles.
StatusOr<std::vector<FoundFile>> FindFilesSoFar(env::FileSystem& files, const std::string& input,
                                                std::string_view name_end);

/// The path of the file `name` that was once found in `input`, which may have moved since.
/// Errors: FailedPrecondition when `input` does not name such a file.
StatusOr<std::string> PathOfFile(env::FileSystem& files, const std::string& input,
                                 const std::string& name);

}  // namespace weir::connectors
