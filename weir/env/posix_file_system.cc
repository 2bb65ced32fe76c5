#include "weir/env/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace weir::env {
namespace {

// What the owner of a lock says of itself; more would not help whoever reads the message.
constexpr size_t kLockOwnerBytesMax = 1024;

StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
      return StatusCode::kNotFound;
    case EEXIST:
      return StatusCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return StatusCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case EMLINK:
    case ENOMEM:
    case ENOLCK:
      return StatusCode::kResourceExhausted;
    case ENOTDIR:
    case EISDIR:
    case ENOTEMPTY:
    case EXDEV:
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL:
    case ENXIO:
      return StatusCode::kInvalidArgument;
    default:
      return StatusCode::kUnavailable;
  }
}

// Repeats a system call that a signal interrupted.
template <class Call>
auto Uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// An open descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

  // Linux closes the descriptor whatever close(2) returns, so it is never tried again.
  int Close() { return ::close(std::exchange(number_, -1)); }

 private:
  int number_;
};

StatusOr<Descriptor> OpenDescriptor(std::string_view doing, const std::string& path, int flags) {
  const int number =
      Uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, /*mode=*/0666); });
  if (number < 0) return ErrnoStatus(errno, doing, path);
  return Descriptor(number);
}

Status WriteAll(const Descriptor& file, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        Uninterrupted([&] { return ::write(file.number(), bytes.data(), bytes.size()); });
    if (written < 0) return ErrnoStatus(errno, "write", path);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(Descriptor file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}

  Status Append(std::string_view bytes) override { return WriteAll(file_, path_, bytes); }

  Status Sync() override {
    // fdatasync writes the size too: whatever is needed to read the bytes back.
    if (Uninterrupted([&] { return ::fdatasync(file_.number()); }) < 0) {
      return ErrnoStatus(errno, "sync", path_);
    }
    return {};
  }

  Status Close() override {
    if (file_.Close() < 0 && errno != EINTR) return ErrnoStatus(errno, "close", path_);
    return {};
  }

 private:
  Descriptor file_;
  const std::string path_;
};

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(Descriptor file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}

  StatusOr<size_t> Read(uint64_t offset, char* buffer, size_t size) const override {
    const ssize_t count = Uninterrupted(
        [&] { return ::pread(file_.number(), buffer, size, static_cast<off_t>(offset)); });
    if (count < 0) return ErrnoStatus(errno, "read", path_);
    return static_cast<size_t>(count);
  }

  StatusOr<uint64_t> Size() const override {
    struct stat info {};
    if (::fstat(file_.number(), &info) < 0) return ErrnoStatus(errno, "stat", path_);
    return static_cast<uint64_t>(info.st_size);
  }

 private:
  const Descriptor file_;
  const std::string path_;
};

// The lock goes with the open file description: closing the descriptor, or the end of the process
// however it comes, releases it. The file stays: removing it would let two processes lock two files
// of one name.
class PosixLock final : public FileSystem::Lock {
 public:
  explicit PosixLock(Descriptor file) : file_(std::move(file)) {}

 private:
  const Descriptor file_;
};

// One line for a message, whatever the other process wrote.
std::string ReadOwner(const Descriptor& file) {
  std::string owner(kLockOwnerBytesMax, '\0');
  const ssize_t count =
      Uninterrupted([&] { return ::pread(file.number(), owner.data(), owner.size(), 0); });
  owner.resize(count < 0 ? 0 : static_cast<size_t>(count));
  std::replace_if(
      owner.begin(), owner.end(), [](unsigned char c) { return c < ' '; }, ' ');
  return owner.empty() ? "another process" : owner;
}

}  // namespace

Status ErrnoStatus(int error, std::string_view doing, std::string_view path) {
  std::string reason = std::generic_category().message(error);
  // "No space left on device", but not the E of "EIO".
  if (reason.size() > 1 && std::islower(static_cast<unsigned char>(reason[1])) != 0) {
    reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
  }
  return {CodeOf(error), Concat(doing, " ", path, ": ", reason)};
}

StatusOr<std::unique_ptr<WritableFile>> PosixFileSystem::Create(const std::string& path,
                                                                Existing existing) {
  const int how = existing == Existing::kFail ? O_EXCL : O_TRUNC;
  WEIR_ASSIGN_OR_RETURN(Descriptor file, OpenDescriptor("create", path, O_WRONLY | O_CREAT | how));
  return std::make_unique<PosixWritableFile>(std::move(file), path);
}

StatusOr<std::unique_ptr<ReadableFile>> PosixFileSystem::Open(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(Descriptor file, OpenDescriptor("open", path, O_RDONLY));
  struct stat info {};
  if (::fstat(file.number(), &info) < 0) return ErrnoStatus(errno, "open", path);
  if (S_ISDIR(info.st_mode)) return ErrnoStatus(EISDIR, "open", path);
  return std::make_unique<PosixReadableFile>(std::move(file), path);
}

StatusOr<FileInfo> PosixFileSystem::Stat(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) < 0) return ErrnoStatus(errno, "stat", path);
  const bool is_directory = S_ISDIR(info.st_mode);
  return FileInfo{.bytes = is_directory ? 0 : static_cast<uint64_t>(info.st_size),
                  .is_directory = is_directory};
}

StatusOr<std::vector<std::string>> PosixFileSystem::List(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), &::closedir);
  if (stream == nullptr) return ErrnoStatus(errno, "list", directory);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return ErrnoStatus(errno, "list", directory);
  std::sort(names.begin(), names.end());
  return names;
}

Status PosixFileSystem::Link(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  return ErrnoStatus(errno, "link", Concat(from, " to ", to));
}

Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  return ErrnoStatus(errno, "rename", Concat(from, " to ", to));
}

Status PosixFileSystem::Remove(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return {};
  return ErrnoStatus(errno, "remove", path);
}

Status PosixFileSystem::MakeDirectories(const std::string& path) {
  size_t end = 0;
  while (end != std::string::npos) {
    end = path.find('/', end + 1);
    const std::string part = path.substr(0, end);
    const bool made = ::mkdir(part.c_str(), /*mode=*/0777) == 0;
    if (!made && errno != EEXIST) return ErrnoStatus(errno, "make directory", part);
    // Also what was there already: another process may have made it a moment ago and not synced it
    // yet. That may be refused (a parent that is not ours to read), and then it is not our doing.
    Status synced = SyncDirectory(DirectoryOf(part));
    if (made && !synced.ok()) return synced;
  }
  WEIR_ASSIGN_OR_RETURN(const FileInfo info, Stat(path));
  if (!info.is_directory) return ErrnoStatus(ENOTDIR, "make directory", path);
  return {};
}

Status PosixFileSystem::SyncDirectory(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const Descriptor directory,
                        OpenDescriptor("sync directory", path, O_RDONLY | O_DIRECTORY));
  // EINVAL: a file system that cannot sync directories, and has nothing to sync.
  if (Uninterrupted([&] { return ::fsync(directory.number()); }) < 0 && errno != EINVAL) {
    return ErrnoStatus(errno, "sync directory", path);
  }
  return {};
}

StatusOr<std::unique_ptr<FileSystem::Lock>> PosixFileSystem::TryLock(const std::string& path,
                                                                     std::string_view owner) {
  WEIR_ASSIGN_OR_RETURN(Descriptor file, OpenDescriptor("lock", path, O_RDWR | O_CREAT));
  struct flock range {};  // all of the file
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  if (Uninterrupted([&] { return ::fcntl(file.number(), F_OFD_SETLK, &range); }) < 0) {
    if (errno != EAGAIN && errno != EACCES) return ErrnoStatus(errno, "lock", path);
    return UnavailableError("lock ", path, ": held by ", ReadOwner(file));
  }
  if (::ftruncate(file.number(), 0) < 0) return ErrnoStatus(errno, "lock", path);
  WEIR_RETURN_IF_ERROR(WriteAll(file, path, owner.substr(0, kLockOwnerBytesMax)));
  return std::make_unique<PosixLock>(std::move(file));
}

}  // namespace weir::env
