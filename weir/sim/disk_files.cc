#include "weir/sim/disk_files.h"

#include <algorithm>
#include <utility>

#include "weir/sim/incarnation.h"
#include "weir/sim/process.h"

namespace weir::sim {
namespace {

Status WrongKind(std::string_view doing, const std::string& path, bool is_directory) {
  return InvalidArgumentError(doing, " ", path,
                              is_directory ? ": is a directory" : ": not a directory");
}

Status Full(std::string_view doing, const std::string& path) {
  return ResourceExhaustedError(doing, " ", path, ": no space left on device");
}

}  // namespace

class SimWritableFile final : public env::WritableFile {
 public:
  SimWritableFile(const DiskFiles& files, Disk::NodePtr node, std::string path)
      : files_(files), node_(std::move(node)), path_(std::move(path)) {}

  Status Append(std::string_view bytes) override {
    WEIR_RETURN_IF_ERROR(files_.Begin("write", path_));
    Disk& disk = files_.disk_;
    const uint64_t fits = std::min<uint64_t>(bytes.size(), disk.Room());
    Disk::Append(*node_, bytes.substr(0, static_cast<size_t>(fits)));
    if (fits < bytes.size()) {
      disk.world_.Hit("disk.full");
      return Full("write", path_);
    }
    return files_.End("write", path_);
  }

  Status Sync() override {
    WEIR_RETURN_IF_ERROR(files_.Begin("sync", path_));
    Disk& disk = files_.disk_;
    const DiskOptions& options = disk.world_.options().disk;
    if (disk.world_.Strikes(disk.prng_, options.sync_failure, "disk.sync_failure")) {
      node_->lossy = true;
      return UnavailableError("sync ", path_, ": input/output error");
    }
    Disk::SyncBytes(*node_);
    return {};
  }

  Status Close() override { return files_.Begin("close", path_); }

 private:
  const DiskFiles& files_;
  const Disk::NodePtr node_;
  const std::string path_;
};

class SimReadableFile final : public env::ReadableFile {
 public:
  SimReadableFile(const DiskFiles& files, Disk::NodePtr node, std::string path)
      : files_(files), node_(std::move(node)), path_(std::move(path)) {}

  StatusOr<size_t> Read(uint64_t offset, char* buffer, size_t size) const override {
    WEIR_RETURN_IF_ERROR(files_.Begin("read", path_));
    const std::string& bytes = node_->bytes;
    if (offset >= bytes.size()) return size_t{0};
    size_t count = std::min(size, bytes.size() - static_cast<size_t>(offset));
    Disk& disk = files_.disk_;
    const DiskOptions& options = disk.world_.options().disk;
    if (count > 1 && disk.world_.Strikes(disk.prng_, options.short_read, "disk.short_read")) {
      count = 1 + static_cast<size_t>(disk.prng_.Below(count - 1));
    }
    std::copy_n(bytes.data() + offset, count, buffer);
    return count;
  }

  StatusOr<uint64_t> Size() const override {
    WEIR_RETURN_IF_ERROR(files_.Begin("stat", path_));
    return static_cast<uint64_t>(node_->bytes.size());
  }

 private:
  const DiskFiles& files_;
  const Disk::NodePtr node_;
  const std::string path_;
};

class SimFileLock final : public env::FileSystem::Lock {
 public:
  SimFileLock(Disk::NodePtr node, const Incarnation& holder)
      : node_(std::move(node)), holder_(holder) {
    node_->locked_by = &holder_;
  }
  ~SimFileLock() override {
    if (node_->locked_by == &holder_) node_->locked_by = nullptr;
  }

 private:
  const Disk::NodePtr node_;
  const Incarnation& holder_;
};

Status DiskFiles::Begin(std::string_view doing, const std::string& path) const {
  if (!incarnation_.BeginOperation()) {
    return UnavailableError(doing, " ", path, ": the process is dying");
  }
  ++disk_.operations_;
  const double rate = disk_.world_.options().disk.error_before;
  if (!disk_.world_.Strikes(disk_.prng_, rate, "disk.error_before")) return {};
  return UnavailableError(doing, " ", path, ": input/output error");
}

// Of a change that has been made.
Status DiskFiles::End(std::string_view doing, const std::string& path) const {
  const double rate = disk_.world_.options().disk.error_after;
  if (!disk_.world_.Strikes(disk_.prng_, rate, "disk.error_after")) return {};
  return UnavailableError(doing, " ", path, ": input/output error");
}

// A new name needs room as well.
Status DiskFiles::CheckRoom(std::string_view doing, const std::string& path) const {
  if (disk_.Room() > 0) return {};
  disk_.world_.Hit("disk.full");
  return Full(doing, path);
}

StatusOr<Disk::NodePtr> DiskFiles::CreateNode(std::string_view doing, const Disk::Place& place,
                                              const std::string& path) const {
  WEIR_RETURN_IF_ERROR(CheckRoom(doing, path));
  auto node = std::make_shared<Disk::Node>(disk_, /*directory=*/false);
  Disk::Apply(place.directory, {.set = place.name, .erased = "", .node = node});
  return node;
}

StatusOr<std::unique_ptr<env::WritableFile>> DiskFiles::Create(const std::string& path,
                                                               Existing existing) {
  WEIR_RETURN_IF_ERROR(Begin("create", path));
  WEIR_ASSIGN_OR_RETURN(const Disk::Place place, disk_.Find("create", path));
  Disk::NodePtr node = place.node;
  if (node == nullptr) {
    WEIR_ASSIGN_OR_RETURN(node, CreateNode("create", place, path));
  } else if (existing == Existing::kFail) {
    return AlreadyExistsError("create ", path, ": file exists");
  } else if (node->is_directory) {
    return WrongKind("create", path, /*is_directory=*/true);
  } else {
    Disk::Truncate(*node);
  }
  WEIR_RETURN_IF_ERROR(End("create", path));
  return std::make_unique<SimWritableFile>(*this, std::move(node), path);
}

StatusOr<std::unique_ptr<env::ReadableFile>> DiskFiles::Open(const std::string& path) {
  WEIR_RETURN_IF_ERROR(Begin("open", path));
  WEIR_ASSIGN_OR_RETURN(Disk::NodePtr node, disk_.FindNode("open", path));
  if (node->is_directory) return WrongKind("open", path, /*is_directory=*/true);
  return std::make_unique<SimReadableFile>(*this, std::move(node), path);
}

StatusOr<env::FileInfo> DiskFiles::Stat(const std::string& path) {
  WEIR_RETURN_IF_ERROR(Begin("stat", path));
  WEIR_ASSIGN_OR_RETURN(const Disk::NodePtr node, disk_.FindNode("stat", path));
  return env::FileInfo{.bytes = node->bytes.size(), .is_directory = node->is_directory};
}

StatusOr<std::vector<std::string>> DiskFiles::List(const std::string& directory) {
  WEIR_RETURN_IF_ERROR(Begin("list", directory));
  WEIR_ASSIGN_OR_RETURN(const Disk::NodePtr node, disk_.FindNode("list", directory));
  if (!node->is_directory) return WrongKind("list", directory, /*is_directory=*/false);
  std::vector<std::string> names;
  for (const auto& [name, child] : node->names) names.push_back(name);
  return names;
}

Status DiskFiles::Link(const std::string& from, const std::string& to) {
  const std::string both = Concat(from, " to ", to);
  WEIR_RETURN_IF_ERROR(Begin("link", both));
  WEIR_ASSIGN_OR_RETURN(Disk::NodePtr node, disk_.FindNode("link", from));
  if (node->is_directory) return PermissionDeniedError("link ", both, ": operation not permitted");
  WEIR_ASSIGN_OR_RETURN(const Disk::Place place, disk_.Find("link", to));
  if (place.node != nullptr) return AlreadyExistsError("link ", both, ": file exists");
  WEIR_RETURN_IF_ERROR(CheckRoom("link", both));
  Disk::Apply(place.directory, {.set = place.name, .erased = "", .node = std::move(node)});
  return End("link", both);
}

Status DiskFiles::Rename(const std::string& from, const std::string& to) {
  const std::string both = Concat(from, " to ", to);
  WEIR_RETURN_IF_ERROR(Begin("rename", both));
  WEIR_ASSIGN_OR_RETURN(const Disk::Place source, disk_.Find("rename", from));
  if (source.node == nullptr) {
    return NotFoundError("rename ", both, ": no such file or directory");
  }
  WEIR_ASSIGN_OR_RETURN(const Disk::Place target, disk_.Find("rename", to));
  if (source.node->is_directory || (target.node != nullptr && target.node->is_directory)) {
    return WrongKind("rename", both, /*is_directory=*/true);
  }
  if (source.node == target.node) return End("rename", both);  // POSIX: nothing happens
  if (source.directory == target.directory) {
    Disk::Apply(target.directory, {.set = target.name, .erased = source.name, .node = source.node});
  } else {
    const Disk::ChangePtr arrival =
        Disk::Apply(target.directory, {.set = target.name, .erased = "", .node = source.node});
    Disk::Apply(source.directory,
                {.set = "", .erased = source.name, .node = nullptr, .after = arrival});
  }
  return End("rename", both);
}

Status DiskFiles::Remove(const std::string& path) {
  WEIR_RETURN_IF_ERROR(Begin("remove", path));
  WEIR_ASSIGN_OR_RETURN(const Disk::Place place, disk_.Find("remove", path));
  if (place.node == nullptr) {
    return NotFoundError("remove ", path, ": no such file or directory");
  }
  if (place.node->is_directory) return WrongKind("remove", path, /*is_directory=*/true);
  Disk::Apply(place.directory, {.set = "", .erased = place.name, .node = nullptr});
  return End("remove", path);
}

Status DiskFiles::MakeDirectories(const std::string& path) {
  WEIR_RETURN_IF_ERROR(Begin("make directory", path));
  size_t end = 0;
  while (end != std::string::npos) {
    end = path.find('/', end + 1);
    const std::string part = path.substr(0, end);
    WEIR_ASSIGN_OR_RETURN(const Disk::Place place, disk_.Find("make directory", part));
    if (place.node != nullptr) continue;
    WEIR_RETURN_IF_ERROR(CheckRoom("make directory", part));
    auto node = std::make_shared<Disk::Node>(disk_, /*directory=*/true);
    place.directory->names[place.name] = node;
    place.directory->durable_names[place.name] = node;
  }
  WEIR_ASSIGN_OR_RETURN(const Disk::NodePtr node, disk_.FindNode("make directory", path));
  if (!node->is_directory) return WrongKind("make directory", path, /*is_directory=*/false);
  return End("make directory", path);
}

Status DiskFiles::SyncDirectory(const std::string& path) {
  WEIR_RETURN_IF_ERROR(Begin("sync directory", path));
  WEIR_ASSIGN_OR_RETURN(const Disk::NodePtr node, disk_.FindNode("sync directory", path));
  if (!node->is_directory) return WrongKind("sync directory", path, /*is_directory=*/false);
  Disk::SyncNames(*node);
  return End("sync directory", path);
}

StatusOr<std::unique_ptr<env::FileSystem::Lock>> DiskFiles::TryLock(const std::string& path,
                                                                    std::string_view owner) {
  WEIR_RETURN_IF_ERROR(Begin("lock", path));
  WEIR_ASSIGN_OR_RETURN(const Disk::Place place, disk_.Find("lock", path));
  Disk::NodePtr node = place.node;
  if (node == nullptr) {
    WEIR_ASSIGN_OR_RETURN(node, CreateNode("lock", place, path));
  }
  if (node->is_directory) return WrongKind("lock", path, /*is_directory=*/true);
  // The dead hold nothing, whatever became of their handles.
  if (node->locked_by != nullptr && node->locked_by->alive()) {
    return UnavailableError("lock ", path, ": held by ", node->bytes);
  }
  Disk::Truncate(*node);
  Disk::Append(*node, owner);
  return std::make_unique<SimFileLock>(std::move(node), incarnation_);
}

}  // namespace weir::sim
