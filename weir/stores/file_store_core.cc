#include "weir/stores/file_store_core.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace weir::stores {
namespace {

constexpr std::string_view kTemporaryPrefix = ".tmp-";
constexpr std::string_view kLockSuffix = ".lock";

std::string Hex(uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

// ".tmp-<random>" of a temporary's or a lock's name.
std::string ProcessOf(const std::string& name) {
  return name.substr(0, name.find_first_of("-.", kTemporaryPrefix.size()));
}

// It was linked or renamed, so whatever the code was: it may have happened.
Status MayHaveHappened(const Status& status) {
  return status.ok() ? status : UnavailableError(status.message());
}

}  // namespace

std::string FileStore::Core::PathOf(const std::string& name) const {
  return env::JoinPath(root_, name);
}

// ---- reading

StatusOr<std::string> FileStore::Core::Get(const std::string& name, uint64_t offset,
                                           uint64_t size) const {
  auto file = files_.Open(PathOf(name));
  if (!file.ok()) {
    const StatusOr<env::FileInfo> info = files_.Stat(PathOf(name));
    if (info.ok() && info->is_directory) return NotFoundError("no blob ", name, " in ", root_);
    return std::move(file).status();
  }
  WEIR_ASSIGN_OR_RETURN(const uint64_t bytes, (*file)->Size());
  if (offset >= bytes) return std::string();
  return env::ReadExactly(**file, offset, static_cast<size_t>(std::min(size, bytes - offset)));
}

StatusOr<std::vector<env::BlobInfo>> FileStore::Core::List(const std::string& prefix) const {
  const size_t slash = prefix.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : prefix.substr(0, slash + 1);
  if (!folder.empty()) {
    WEIR_RETURN_IF_ERROR(env::CheckBlobName(folder.substr(0, slash)));
    const StatusOr<env::FileInfo> info = files_.Stat(PathOf(folder.substr(0, slash)));
    if (info.ok() && !info->is_directory) return std::vector<env::BlobInfo>();  // a blob, no folder
  }
  std::vector<env::BlobInfo> found;
  WEIR_RETURN_IF_ERROR(ListBelow(PathOf(folder), folder, prefix, found));
  std::ranges::sort(found, {}, &env::BlobInfo::name);
  return found;
}

Status FileStore::Core::ListBelow(const std::string& directory, const std::string& name_prefix,
                                  const std::string& prefix,
                                  std::vector<env::BlobInfo>& found) const {
  const StatusOr<std::vector<std::string>> names = files_.List(directory);
  if (names.status().code() == StatusCode::kNotFound) return {};
  if (!names.ok()) return names.status();
  for (const std::string& entry : *names) {
    const std::string name = name_prefix + entry;
    const size_t common = std::min(name.size(), prefix.size());
    if (name.compare(0, common, prefix, 0, common) != 0) continue;
    if (name.starts_with(kTemporaryPrefix)) continue;
    const StatusOr<env::FileInfo> info = files_.Stat(PathOf(name));
    if (info.status().code() == StatusCode::kNotFound) continue;  // deleted meanwhile
    if (!info.ok()) return info.status();
    if (info->is_directory) {
      WEIR_RETURN_IF_ERROR(ListBelow(PathOf(name), name + "/", prefix, found));
    } else if (name.size() >= prefix.size()) {
      found.push_back({name, info->bytes});
    }
  }
  return {};
}

// ---- writing

Status FileStore::Core::Delete(const std::string& name) {
  const Status status = files_.Remove(PathOf(name));
  return status.code() == StatusCode::kNotFound ? Status() : status;
}

StatusOr<FileStore::Core::Temporary> FileStore::Core::NewTemporary() {
  WEIR_RETURN_IF_ERROR(Prepare());
  Temporary temporary;
  {
    const env::MutexLock lock(mutex_);
    temporary.path = PathOf(Concat(process_, "-", ++temporaries_));
  }
  WEIR_ASSIGN_OR_RETURN(temporary.file,
                        files_.Create(temporary.path, env::FileSystem::Existing::kFail));
  return temporary;
}

void FileStore::Core::Drop(const Temporary& temporary) { (void)files_.Remove(temporary.path).ok(); }

Status FileStore::Core::SyncAndClose(Temporary& temporary) {
  WEIR_RETURN_IF_ERROR(temporary.file->Sync());
  return temporary.file->Close();
}

Status FileStore::Core::Publish(Temporary& temporary, const std::string& name) {
  const std::string path = PathOf(name);
  WEIR_RETURN_IF_ERROR(SyncAndClose(temporary));
  WEIR_RETURN_IF_ERROR(MakeDirectoryOf(path));
  WEIR_RETURN_IF_ERROR(files_.Rename(temporary.path, path));
  return SyncDirectoryOf(path);
}

Status FileStore::Core::CreateIfAbsent(const std::string& name, std::string_view bytes) {
  WEIR_ASSIGN_OR_RETURN(Temporary temporary, NewTemporary());
  const std::string path = PathOf(name);
  const auto write = [&]() -> Status {
    WEIR_RETURN_IF_ERROR(temporary.file->Append(bytes));
    WEIR_RETURN_IF_ERROR(SyncAndClose(temporary));
    WEIR_RETURN_IF_ERROR(MakeDirectoryOf(path));
    return files_.Link(temporary.path, path);
  };
  Status status = write();
  // Also before "exists" is said: whoever hears it reads the other's blob and builds on it, and the
  // other may not have synced it yet. It may even be our own, from a call whose sync failed.
  if (status.ok() || status.code() == StatusCode::kAlreadyExists) {
    if (Status synced = SyncDirectoryOf(path); !synced.ok()) status = std::move(synced);
  }
  temporary.file.reset();
  Drop(temporary);
  return status;
}

Status FileStore::Core::SyncDirectoryOf(const std::string& path) {
  if (chaos_.Mutant("no-directory-sync")) return {};
  return MayHaveHappened(files_.SyncDirectory(env::DirectoryOf(path)));
}

Status FileStore::Core::MakeDirectoryOf(const std::string& path) {
  const std::string directory = env::DirectoryOf(path);
  {
    const env::MutexLock lock(mutex_);
    if (directories_.contains(directory)) return {};
  }
  WEIR_RETURN_IF_ERROR(files_.MakeDirectories(directory));
  const env::MutexLock lock(mutex_);
  directories_.insert(directory);
  return {};
}

// ---- temporaries

Status FileStore::Core::Prepare() {
  const env::MutexLock lock(mutex_);
  if (!process_.empty()) return {};
  WEIR_RETURN_IF_ERROR(files_.MakeDirectories(root_));
  WEIR_RETURN_IF_ERROR(TakeLock());
  RemoveLeftovers();
  return {};
}

Status FileStore::Core::TakeLock() {
  std::string process = Concat(kTemporaryPrefix, Hex(random_.Next()));
  WEIR_ASSIGN_OR_RETURN(lock_, files_.TryLock(Concat(PathOf(process), kLockSuffix), "a store"));
  process_ = std::move(process);
  return {};
}

// Best effort: what cannot be removed is in nobody's way.
void FileStore::Core::RemoveLeftovers() {
  const StatusOr<std::vector<std::string>> names = files_.List(root_);
  if (!names.ok()) return;
  std::set<std::string> processes;
  for (const std::string& name : *names) {
    if (name.starts_with(kTemporaryPrefix)) processes.insert(ProcessOf(name));
  }
  processes.erase(process_);
  for (const std::string& process : processes) RemoveLeftoversOf(process, *names);
}

// Whoever holds a process's lock knows that it is dead: it took the lock before its first
// temporary.
void FileStore::Core::RemoveLeftoversOf(const std::string& process,
                                        const std::vector<std::string>& names) {
  const std::string lock_name = Concat(process, kLockSuffix);
  const auto held = files_.TryLock(PathOf(lock_name), "a store that cleans up");
  if (!held.ok()) return;
  bool clean = true;
  for (const std::string& name : names) {
    if (!name.starts_with(process + "-")) continue;
    const Status removed = files_.Remove(PathOf(name));
    clean = clean && (removed.ok() || removed.code() == StatusCode::kNotFound);
  }
  if (clean) (void)files_.Remove(PathOf(lock_name)).ok();
}

}  // namespace weir::stores
