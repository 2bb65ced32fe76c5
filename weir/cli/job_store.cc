#include "weir/cli/job_store.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "weir/cli/blocking.h"
#include "weir/cli/commands.h"
#include "weir/env/process.h"
#include "weir/stores/open_store.h"
#include "weir/stores/prove_store.h"

namespace weir::cli {
namespace {

constexpr std::string_view kFileScheme = "file://";
constexpr const char* kLockFile = "run.lock";
constexpr const char* kControlFile = "run.sock";
constexpr std::string_view kHeldBy = "held by ";

bool IsDirectory(const std::string& setting) {
  return setting.starts_with(kFileScheme) || setting.find("://") == std::string::npos;
}

}  // namespace

CheckpointPlace PlaceOf(const UserProgram& program) {
  std::string where = program.Setting("execution.checkpointing.dir");
  if (where.empty()) where = kCheckpointDirectoryDefault;
  if (!IsDirectory(where)) return {.uri = std::move(where), .directory = {}};
  if (where.starts_with(kFileScheme)) where.erase(0, kFileScheme.size());
  const std::string directory = env::AbsolutePath(where);
  return {.uri = std::string(kFileScheme) + directory, .directory = directory};
}

std::string ControlFile(const std::string& directory, const std::string& job) {
  return env::JoinPath(env::JoinPath(directory, job), kControlFile);
}

std::string ControlAddress(const std::string& directory, const std::string& job) {
  return "unix:" + ControlFile(directory, job);
}

std::string OwnerOf(env::FileSystem& files, const std::string& directory, const std::string& job) {
  constexpr uint64_t kBytesMax = 200;
  const auto file = files.Open(env::JoinPath(env::JoinPath(directory, job), kLockFile));
  if (!file.ok()) return "of another user";
  const StatusOr<uint64_t> bytes = (*file)->Size();
  if (!bytes.ok()) return "unknown";
  const StatusOr<std::string> owner =
      env::ReadExactly(**file, /*offset=*/0, static_cast<size_t>(std::min(*bytes, kBytesMax)));
  return owner.ok() && !owner->empty() ? *owner : "unknown";
}

StatusOr<JobStore> JobStore::Open(const env::Env& env, const UserProgram& program) {
  CheckpointPlace place = PlaceOf(program);
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<env::BlobStore> blobs, stores::OpenStore(env, place.uri));
  return JobStore(std::move(place.directory), program.job(), std::move(blobs));
}

StatusOr<std::unique_ptr<env::FileSystem::Lock>> JobStore::LockJob(env::FileSystem& files) const {
  if (directory_.empty()) return std::unique_ptr<env::FileSystem::Lock>();
  const std::string folder = env::JoinPath(directory_, files_.job());
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(folder));
  auto lock = files.TryLock(env::JoinPath(folder, kLockFile), env::ThisProcess());
  if (lock.ok() || lock.status().code() != StatusCode::kUnavailable) return lock;
  const std::string_view message = lock.status().message();
  const size_t at = message.find(kHeldBy);
  if (at == std::string_view::npos) return lock;
  return AbortedError(message.substr(at + kHeldBy.size()));
}

Status JobStore::Prove(env::Random& random) {
  return Await<Status>(
      [&](auto done) { stores::ProveCreateIfAbsent(*blobs_, random, std::move(done)); });
}

Status JobStore::CheckJobFile() {
  const auto text = Await<StatusOr<std::string>>([&](auto done) {
    blobs_->Get(files_.JobFile(), /*offset=*/0, checkpoint::kJobFileBytesMax, std::move(done));
  });
  return text.ok() ? checkpoint::CheckJobFile(*text) : text.status();
}

StatusOr<checkpoint::HistoryView> JobStore::ReadHistory() {
  return Await<StatusOr<checkpoint::HistoryView>>(
      [&](auto done) { checkpoint::ReadHistory(*blobs_, files_, std::move(done)); });
}

}  // namespace weir::cli
