// The files of the machine: system calls, with every errno turned into the Status whose code says
// what to do about it, and every short or interrupted call continued.
//
// Nothing is buffered here: an Append is a write(2). Callers that append small pieces collect them.
// Threads: any thread.
#pragma once

#include "weir/env/file_system.h"

namespace weir::env {

class PosixFileSystem final : public FileSystem {
 public:
  StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path,
                                                 Existing existing) override;
  StatusOr<std::unique_ptr<ReadableFile>> Open(const std::string& path) override;
  StatusOr<FileInfo> Stat(const std::string& path) override;
  StatusOr<std::vector<std::string>> List(const std::string& directory) override;
  Status Link(const std::string& from, const std::string& to) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeDirectories(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  StatusOr<std::unique_ptr<Lock>> TryLock(const std::string& path, std::string_view owner) override;
};

/// The Status for an errno: "<doing> <path>: no space left on device".
/// Errors: NotFound, AlreadyExists, PermissionDenied, ResourceExhausted (space, quota, descriptors,
///   links, memory), InvalidArgument (the path cannot name what was asked for: too long, a file in
///   place of a directory), Unavailable (all else: the device or a server behind it).
Status ErrnoStatus(int error, std::string_view doing, std::string_view path);

}  // namespace weir::env
