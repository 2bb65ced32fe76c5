#include "weir/env/posix_file_system.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "weir/env/file_system_conformance.h"

namespace weir::env {
namespace {

class PosixWorld final : public FileSystemWorld {
 public:
  PosixWorld() {
    root_ = testing::TempDir() + "weir_files_XXXXXX";
    WEIR_CHECK(::mkdtemp(root_.data()) != nullptr);
  }
  ~PosixWorld() override { RemoveAll(root_); }
  FileSystem& files() override { return files_; }
  std::string root() override { return root_; }

 private:
  void RemoveAll(const std::string& directory) {
    const std::vector<std::string> names = *files_.List(directory);
    for (const std::string& name : names) {
      const std::string path = JoinPath(directory, name);
      if (files_.Stat(path)->is_directory) {
        RemoveAll(path);
      } else {
        EXPECT_TRUE(files_.Remove(path).ok());
      }
    }
    EXPECT_EQ(::rmdir(directory.c_str()), 0);
  }
  PosixFileSystem files_;
  std::string root_;
};

std::unique_ptr<FileSystemWorld> MakePosixWorld() { return std::make_unique<PosixWorld>(); }
INSTANTIATE_TEST_SUITE_P(Posix, FileSystemConformance, testing::Values(&MakePosixWorld));

TEST(ErrnoStatus, CodesSayWhatToDo) {
  const std::vector<std::pair<int, StatusCode>> cases = {
      {ENOENT, StatusCode::kNotFound},
      {EEXIST, StatusCode::kAlreadyExists},
      {EACCES, StatusCode::kPermissionDenied},
      {EPERM, StatusCode::kPermissionDenied},
      {EROFS, StatusCode::kPermissionDenied},
      {ENOSPC, StatusCode::kResourceExhausted},
      {EDQUOT, StatusCode::kResourceExhausted},
      {EMFILE, StatusCode::kResourceExhausted},
      {ENFILE, StatusCode::kResourceExhausted},
      {EIO, StatusCode::kUnavailable},
      {ESTALE, StatusCode::kUnavailable},
      {ENOTDIR, StatusCode::kInvalidArgument},
      {EISDIR, StatusCode::kInvalidArgument},
      {EXDEV, StatusCode::kInvalidArgument},
      {ENAMETOOLONG, StatusCode::kInvalidArgument},
  };
  for (const auto& [error, code] : cases) {
    EXPECT_EQ(ErrnoStatus(error, "open", "/f").code(), code) << error;
  }
}

TEST(ErrnoStatus, MessageNamesDeedPathAndReason) {
  EXPECT_EQ(ErrnoStatus(ENOSPC, "write", "/d/f").message(), "write /d/f: no space left on device");
}

TEST(PosixFileSystem, AFullDiskIsResourceExhausted) {
  PosixFileSystem files;
  const auto full = files.Create("/dev/full", FileSystem::Existing::kTruncate);
  ASSERT_TRUE(full.ok()) << full.status();
  const Status status = (*full)->Append("bytes");
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "write /dev/full: no space left on device");
}

TEST(PosixFileSystem, ALockGoesWithTheProcess) {
  PosixWorld world;
  const std::string path = JoinPath(world.root(), "lock");
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {  // takes the lock, says so, and waits to be killed
    PosixFileSystem files;
    const auto lock = files.TryLock(path, "the child");
    const char ok = lock.ok() ? 'y' : 'n';
    if (::write(ready[1], &ok, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char ok = 0;
  ASSERT_EQ(::read(ready[0], &ok, 1), 1);
  EXPECT_EQ(ok, 'y');
  const Status taken = world.files().TryLock(path, "the parent").status();
  EXPECT_EQ(taken.message(), "lock " + path + ": held by the child");
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(world.files().TryLock(path, "the parent").ok());
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace
}  // namespace weir::env
