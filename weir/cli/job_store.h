// JobStore: the checkpoint store of one job, as the command line says.
// Threads: the main thread.
#pragma once

#include <memory>
#include <string>

#include "weir/base/status.h"
#include "weir/checkpoint/history_reader.h"
#include "weir/cli/exit_code.h"
#include "weir/cli/user_program.h"
#include "weir/env/env.h"

namespace weir::cli {

/// Where checkpoints are kept.
struct CheckpointPlace {
  std::string uri;        // "file:///srv/clicks/.weir"
  std::string directory;  // the same as a path; empty: the store is no directory
};

/// What the program and the command line say; looks at nothing.
CheckpointPlace PlaceOf(const UserProgram& program);

/// The control socket of a job that runs with its checkpoints in `directory`.
std::string ControlFile(const std::string& directory, const std::string& job);
std::string ControlAddress(const std::string& directory, const std::string& job);

/// Who runs a job, or ran it last: "host-a (pid 4711)".
std::string OwnerOf(env::FileSystem& files, const std::string& directory, const std::string& job);

class JobStore {
 public:
  /// Opens the store that the program and the command line name; writes nothing.
  /// Shapes: `env` outlives it.
  /// Errors: InvalidArgument: the setting makes no sense.
  static StatusOr<JobStore> Open(const env::Env& env, const UserProgram& program);

  env::BlobStore& blobs() { return *blobs_; }
  const checkpoint::JobFiles& files() const { return files_; }
  const std::string& directory() const { return directory_; }  // empty: the store is none

  /// Takes the right to run the job from this machine, for as long as the result lives. A store
  /// that is no directory has no lock: there the history alone decides.
  /// Errors: Aborted: another process runs the job; the message is its name.
  StatusOr<std::unique_ptr<env::FileSystem::Lock>> LockJob(env::FileSystem& files) const;

  /// Tries out that of two creates of one name one loses.
  Status Prove(env::Random& random);

  /// Ok if a history was begun here once.
  /// Errors: NotFound if not; DataLoss: the job file is damaged; what the store gave.
  Status CheckJobFile();

  /// Waits for the history to be read.
  StatusOr<checkpoint::HistoryView> ReadHistory();

 private:
  JobStore(std::string directory, std::string job, std::unique_ptr<env::BlobStore> blobs)
      : directory_(std::move(directory)), files_(std::move(job)), blobs_(std::move(blobs)) {}

  std::string directory_;  // empty: the store is no directory
  checkpoint::JobFiles files_;
  std::unique_ptr<env::BlobStore> blobs_;
};

}  // namespace weir::cli
