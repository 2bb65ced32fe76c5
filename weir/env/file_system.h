// FileSystem: files and directories with POSIX's promises and no more.
//
// What is written is durable only after Sync of the file; a new, renamed, linked or removed name
// only after SyncDirectory of its directory. The simulated disk forgets exactly the rest at a
// crash. Calls block: they belong on an Executor, or on a source's or sink's task where they hit
// the page cache. Paths are absolute or relative to the working directory, separated by '/'.
// Errors, everywhere: NotFound, PermissionDenied, AlreadyExists, ResourceExhausted (disk or
//   descriptors full), Unavailable (an I/O error of the device); the message names the path and the
//   operating system's reason.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/status.h"

namespace weir::env {

/// A file being written from its start.
/// Threads: one caller at a time.
class WritableFile {
 public:
  virtual ~WritableFile() = default;  // closes; what was not synced may be lost

  /// Appends all of `bytes`, or fails having appended any part of them.
  virtual Status Append(std::string_view bytes) = 0;

  /// Makes everything appended so far durable (not the file's name: SyncDirectory).
  /// Errors: after a failure the file's contents are unknown; it must be written anew.
  virtual Status Sync() = 0;

  /// Closes; reports what a late write-back found. No call may follow.
  virtual Status Close() = 0;
};

/// Threads: any number of callers.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;

  /// Reads up to `size` bytes at `offset` into `buffer` and returns how many: fewer than asked is
  /// allowed anywhere, 0 means end of file.
  virtual StatusOr<size_t> Read(uint64_t offset, char* buffer, size_t size) const = 0;

  virtual StatusOr<uint64_t> Size() const = 0;
};

/// Reads exactly `size` bytes at `offset`.
/// Errors: OutOfRange when the file ends before.
StatusOr<std::string> ReadExactly(const ReadableFile& file, uint64_t offset, size_t size);

struct FileInfo {
  uint64_t bytes = 0;
  bool is_directory = false;
};

/// Threads: any thread.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  enum class Existing : uint8_t { kFail, kTruncate };
  /// Errors: AlreadyExists with kFail; NotFound when the directory is missing.
  virtual StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path,
                                                         Existing existing) = 0;
  virtual StatusOr<std::unique_ptr<ReadableFile>> Open(const std::string& path) = 0;
  virtual StatusOr<FileInfo> Stat(const std::string& path) = 0;

  /// The names in a directory, without "." and "..", sorted.
  virtual StatusOr<std::vector<std::string>> List(const std::string& directory) = 0;

  /// Gives the file a second name, atomically.
  /// Errors: AlreadyExists, and nothing has changed.
  virtual Status Link(const std::string& from, const std::string& to) = 0;

  /// Atomic; replaces a file of the name `to`.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;

  /// Errors: NotFound.
  virtual Status Remove(const std::string& path) = 0;

  /// Makes the directory and those above it that are missing; each new entry is synced. Ok when it
  /// exists.
  virtual Status MakeDirectories(const std::string& path) = 0;

  /// Makes the names in the directory durable.
  virtual Status SyncDirectory(const std::string& path) = 0;

  /// Takes an advisory lock that goes with the process, for "one process at a time". Held until the
  /// returned object is destroyed.
  /// Errors: Unavailable when another process holds it; the message has what that process wrote
  ///   with `owner`.
  class Lock {
   public:
    virtual ~Lock() = default;
  };
  virtual StatusOr<std::unique_ptr<Lock>> TryLock(const std::string& path,
                                                  std::string_view owner) = 0;
};

/// The directory part of a path ("." when there is none).
std::string DirectoryOf(const std::string& path);

/// `directory` and `name` joined by one '/'.
std::string JoinPath(const std::string& directory, std::string_view name);

}  // namespace weir::env
