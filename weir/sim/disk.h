// Disk: the disk of a simulated machine, with what the machine remembers and what it would remember
// after a power failure.
//
// A file has bytes, the first of which are synced; a directory has names, and the changes of names
// that were not synced yet. A crash keeps what was synced, and of the rest what chance leaves: of a
// file's tail nothing, a beginning, all of it, or all with some sectors empty; of the unsynced
// changes of names any subset, each whole (a rename within a directory never loses both names). It
// promises what env/file_system.h promises and nothing that a real file system adds.
// Threads: the world's.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/status.h"
#include "weir/sim/prng.h"
#include "weir/sim/world.h"

namespace weir::sim {

class Disk {
 public:
  static constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

  Disk(World& world, std::string name);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  const std::string& name() const { return name_; }

  /// Files may have this many bytes altogether; what is there stays.
  void SetCapacity(uint64_t bytes) { capacity_ = bytes; }
  uint64_t bytes_used() const { return bytes_used_; }

  /// Calls that reached the disk so far.
  uint64_t operations() const { return operations_; }

  // For tests and oracles: what is on the disk, without faults and without counting.

  StatusOr<std::string> ReadFile(const std::string& path) const;
  /// Puts a file there, with the directories that are missing, all of it durable.
  void WriteFile(const std::string& path, std::string_view bytes);
  /// All files below a directory, sorted.
  std::vector<std::string> FilesBelow(const std::string& directory) const;
  /// Inverts all bits of one byte, as it was and as it would be after a crash.
  Status FlipByte(const std::string& path, uint64_t offset);

 private:
  friend class DiskFiles;
  friend class SimReadableFile;
  friend class SimWritableFile;
  friend class SimFileLock;
  friend class World;

  struct Node;
  using NodePtr = std::shared_ptr<Node>;  // owners: directories (names, changes) and open files

  // A change of names in one directory: `set` gets the node and `erased` goes, in one.
  struct Change {
    std::string set;
    std::string erased;
    NodePtr node;
    // The other half of a move from another directory: in a crash a name goes only if the new one
    // has come.
    std::shared_ptr<const Change> after = nullptr;
    bool durable = false;
  };
  using ChangePtr = std::shared_ptr<Change>;  // owners: its directory, and the other half of a move
  using Names = std::map<std::string, NodePtr>;

  struct Node {
    Node(Disk& on, bool directory) : disk(on), is_directory(directory) {}

    Disk& disk;
    const bool is_directory;

    // A file. It takes room as long as it has a name.
    uint32_t name_count = 0;
    std::string bytes;
    uint64_t synced = 0;                         // so many of the bytes survive a crash
    std::optional<std::string> before_truncate;  // what may come back instead, until the next sync
    bool lossy = false;                          // a sync has failed: later ones save nothing
    const Incarnation* locked_by = nullptr;

    // A directory.
    Names names;
    Names durable_names;
    std::vector<ChangePtr> unsynced;
  };

  struct Place {
    NodePtr directory;
    std::string name;
    NodePtr node;  // null: no such name
  };

  StatusOr<Place> Find(std::string_view doing, const std::string& path) const;
  StatusOr<NodePtr> FindNode(std::string_view doing, const std::string& path) const;
  static ChangePtr Apply(const NodePtr& directory, Change change);
  static void SyncNames(Node& directory);
  static void SyncBytes(Node& file);
  static void SetName(Node& directory, const std::string& name, const NodePtr& node);
  static void EraseName(Node& directory, const std::string& name);
  static void Append(Node& file, std::string_view bytes);
  static void Truncate(Node& file);
  uint64_t Room() const { return bytes_used_ < capacity_ ? capacity_ - bytes_used_ : 0; }

  void Crash();
  void CollectDirectories(const NodePtr& directory, std::vector<NodePtr>& found) const;
  void CrashNames(const std::vector<NodePtr>& directories);
  void CrashBytes(Node& file);
  void TearTail(Node& file);

  World& world_;
  const std::string name_;
  Prng prng_;
  uint64_t capacity_ = kUnlimited;
  uint64_t bytes_used_ = 0;
  uint64_t operations_ = 0;
  NodePtr root_;
};

}  // namespace weir::sim
