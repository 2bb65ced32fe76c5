// DiskFiles: a Disk as one incarnation of a process sees it: an env::FileSystem with the faults of
// Options. Every call is an outside operation, where a condemned process stops reaching the disk.
// Threads: the world's.
#pragma once

#include "weir/env/file_system.h"
#include "weir/sim/disk.h"

namespace weir::sim {

class DiskFiles final : public env::FileSystem {
 public:
  DiskFiles(Incarnation& incarnation, Disk& disk) : incarnation_(incarnation), disk_(disk) {}

  StatusOr<std::unique_ptr<env::WritableFile>> Create(const std::string& path,
                                                      Existing existing) override;
  StatusOr<std::unique_ptr<env::ReadableFile>> Open(const std::string& path) override;
  StatusOr<env::FileInfo> Stat(const std::string& path) override;
  StatusOr<std::vector<std::string>> List(const std::string& directory) override;
  Status Link(const std::string& from, const std::string& to) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeDirectories(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  StatusOr<std::unique_ptr<Lock>> TryLock(const std::string& path, std::string_view owner) override;

 private:
  friend class SimReadableFile;
  friend class SimWritableFile;
  friend class SimFileLock;

  Status Begin(std::string_view doing, const std::string& path) const;
  Status End(std::string_view doing, const std::string& path) const;
  Status CheckRoom(std::string_view doing, const std::string& path) const;
  StatusOr<Disk::NodePtr> CreateNode(std::string_view doing, const Disk::Place& place,
                                     const std::string& path) const;

  Incarnation& incarnation_;
  Disk& disk_;
};

}  // namespace weir::sim
