#include "weir/sim/disk.h"

#include <algorithm>
#include <set>
#include <utility>

#include "weir/env/file_system.h"

namespace weir::sim {
namespace {

constexpr uint64_t kSectorBytes = 512;  // what a disk writes whole or not at all

// "" and "." say nothing.
std::vector<std::string> PartsOf(const std::string& path) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (begin <= path.size()) {
    const size_t end = std::min(path.find('/', begin), path.size());
    std::string part = path.substr(begin, end - begin);
    if (!part.empty() && part != ".") parts.push_back(std::move(part));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

Disk::Disk(World& world, std::string name)
    : world_(world),
      name_(std::move(name)),
      prng_(world.Stream(Concat("disk/", name_))),
      root_(std::make_shared<Node>(*this, /*directory=*/true)) {}

Disk::~Disk() = default;

StatusOr<Disk::Place> Disk::Find(std::string_view doing, const std::string& path) const {
  const std::vector<std::string> parts = PartsOf(path);
  Place place{.directory = nullptr, .name = "", .node = root_};
  if (path.empty()) return NotFoundError(doing, " ", path, ": no such file or directory");
  for (const std::string& part : parts) {
    if (place.node == nullptr) {
      return NotFoundError(doing, " ", path, ": no such file or directory");
    }
    if (!place.node->is_directory) {
      return InvalidArgumentError(doing, " ", path, ": not a directory");
    }
    if (part == "..") return InvalidArgumentError(doing, " ", path, ": '..' is not simulated");
    const NodePtr directory = place.node;
    const auto found = directory->names.find(part);
    place = Place{directory, part, found == directory->names.end() ? nullptr : found->second};
  }
  return place;
}

StatusOr<Disk::NodePtr> Disk::FindNode(std::string_view doing, const std::string& path) const {
  WEIR_ASSIGN_OR_RETURN(const Place place, Find(doing, path));
  if (place.node == nullptr) return NotFoundError(doing, " ", path, ": no such file or directory");
  return place.node;
}

Disk::ChangePtr Disk::Apply(const NodePtr& directory, Change change) {
  if (!change.erased.empty()) EraseName(*directory, change.erased);
  if (!change.set.empty()) SetName(*directory, change.set, change.node);
  directory->unsynced.push_back(std::make_shared<Change>(std::move(change)));
  return directory->unsynced.back();
}

void Disk::SyncNames(Node& directory) {
  for (const ChangePtr& change : directory.unsynced) change->durable = true;
  directory.unsynced.clear();
  directory.durable_names = directory.names;
}

void Disk::SyncBytes(Node& file) {
  if (file.lossy) return;
  file.synced = file.bytes.size();
  file.before_truncate.reset();
}

void Disk::SetName(Node& directory, const std::string& name, const NodePtr& node) {
  EraseName(directory, name);
  if (++node->name_count == 1) node->disk.bytes_used_ += node->bytes.size();
  directory.names[name] = node;
}

void Disk::EraseName(Node& directory, const std::string& name) {
  const auto found = directory.names.find(name);
  if (found == directory.names.end()) return;
  Node& node = *found->second;
  if (--node.name_count == 0) node.disk.bytes_used_ -= node.bytes.size();
  directory.names.erase(found);
}

void Disk::Append(Node& file, std::string_view bytes) {
  file.bytes.append(bytes);
  if (file.name_count > 0) file.disk.bytes_used_ += bytes.size();
}

void Disk::Truncate(Node& file) {
  if (!file.before_truncate.has_value()) {
    file.before_truncate = file.bytes.substr(0, static_cast<size_t>(file.synced));
  }
  if (file.name_count > 0) file.disk.bytes_used_ -= file.bytes.size();
  file.bytes.clear();
  file.synced = 0;
  file.lossy = false;
}

void Disk::WriteFile(const std::string& path, std::string_view bytes) {
  NodePtr directory = root_;
  std::vector<std::string> parts = PartsOf(path);
  WEIR_CHECK(!parts.empty());
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    if (!directory->names.contains(parts[i])) {
      Apply(directory, {.set = parts[i],
                        .erased = "",
                        .node = std::make_shared<Node>(*this, /*directory=*/true)});
      SyncNames(*directory);
    }
    directory = directory->names.at(parts[i]);
  }
  const auto file = std::make_shared<Node>(*this, /*directory=*/false);
  Apply(directory, {.set = parts.back(), .erased = "", .node = file});
  SyncNames(*directory);
  Append(*file, bytes);
  SyncBytes(*file);
}

StatusOr<std::string> Disk::ReadFile(const std::string& path) const {
  WEIR_ASSIGN_OR_RETURN(const NodePtr node, FindNode("read", path));
  if (node->is_directory) return InvalidArgumentError("read ", path, ": is a directory");
  return node->bytes;
}

std::vector<std::string> Disk::FilesBelow(const std::string& directory) const {
  std::vector<std::string> files;
  const StatusOr<NodePtr> node = FindNode("list", directory);
  if (!node.ok()) return files;
  for (const auto& [name, child] : (*node)->names) {
    const std::string path = env::JoinPath(directory, name);
    if (!child->is_directory) {
      files.push_back(path);
      continue;
    }
    for (std::string& below : FilesBelow(path)) files.push_back(std::move(below));
  }
  return files;
}

Status Disk::FlipByte(const std::string& path, uint64_t offset) {
  WEIR_ASSIGN_OR_RETURN(const NodePtr node, FindNode("flip a byte of", path));
  if (offset >= node->bytes.size()) {
    return OutOfRangeError("flip a byte of ", path, ": it has no byte ", offset);
  }
  char& byte = node->bytes[static_cast<size_t>(offset)];
  byte = static_cast<char>(~byte);
  world_.Hit("disk.flipped");
  return {};
}

void Disk::Crash() {
  world_.Hit("disk.crash");
  std::vector<NodePtr> directories;
  CollectDirectories(root_, directories);
  CrashNames(directories);

  std::set<const Node*> done;  // a file may have several names; asked only, never walked
  bytes_used_ = 0;
  for (const NodePtr& directory : directories) {
    for (const auto& [name, node] : directory->names) {
      const bool first = done.insert(node.get()).second;
      if (first && !node->is_directory) CrashBytes(*node);
      if (first) bytes_used_ += node->bytes.size();
      node->name_count = first ? 1 : node->name_count + 1;
    }
  }
}

// In an order that depends on names alone. Directories are never removed, so their names now are
// all there are.
void Disk::CollectDirectories(const NodePtr& directory, std::vector<NodePtr>& found) const {
  found.push_back(directory);
  for (const auto& [name, node] : directory->names) {
    if (node->is_directory) CollectDirectories(node, found);
  }
}

void Disk::CrashNames(const std::vector<NodePtr>& directories) {
  for (const NodePtr& directory : directories) {
    // None, each by chance, or all.
    const uint64_t quarters = prng_.Below(5);
    for (const ChangePtr& change : directory->unsynced) {
      change->durable = prng_.Below(4) < quarters;
    }
  }
  for (const NodePtr& directory : directories) {
    for (const ChangePtr& change : directory->unsynced) {
      if (change->after != nullptr && !change->after->durable) change->durable = false;
      if (!change->durable) {
        world_.Hit("disk.lost_name");
        continue;
      }
      if (!change->erased.empty()) directory->durable_names.erase(change->erased);
      if (!change->set.empty()) directory->durable_names[change->set] = change->node;
    }
    directory->unsynced.clear();
    directory->names = directory->durable_names;
  }
}

void Disk::CrashBytes(Node& file) {
  if (file.before_truncate.has_value() && prng_.Chance(0.5)) {
    world_.Hit("disk.lost_unsynced");
    file.bytes = *std::move(file.before_truncate);
  } else if (file.synced < file.bytes.size()) {
    TearTail(file);
  }
  file.before_truncate.reset();
  file.synced = file.bytes.size();
  file.lossy = false;
  file.locked_by = nullptr;
}

void Disk::TearTail(Node& file) {
  const uint64_t tail = file.bytes.size() - file.synced;
  uint64_t lost = 0;
  switch (prng_.Below(4)) {
    case 0:
      lost = tail;
      break;
    case 1:
      lost = prng_.Below(tail + 1);
      break;
    case 2:  // its size came to the disk before all of its bytes
      for (uint64_t at = file.synced; at < file.bytes.size(); at += kSectorBytes) {
        if (prng_.Chance(0.5)) continue;
        const uint64_t end = std::min<uint64_t>(at + kSectorBytes, file.bytes.size());
        std::fill(file.bytes.begin() + static_cast<ptrdiff_t>(at),
                  file.bytes.begin() + static_cast<ptrdiff_t>(end), '\0');
        world_.Hit("disk.torn_write");
      }
      break;
    default:
      break;
  }
  if (lost > 0) world_.Hit("disk.lost_unsynced");
  file.bytes.resize(file.bytes.size() - static_cast<size_t>(lost));
}

}  // namespace weir::sim
