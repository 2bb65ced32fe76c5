// What FileStore does on the pool, one blocking call each.
// Threads: any number of jobs of the pool.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "weir/env/blob_store.h"
#include "weir/env/env.h"
#include "weir/env/mutex.h"
#include "weir/stores/file_store.h"

namespace weir::stores {

class FileStore::Core {
 public:
  Core(env::FileSystem& files, env::Executor& pool, env::Random& random, env::Chaos& chaos,
       std::string root)
      : files_(files), pool_(pool), random_(random), chaos_(chaos), root_(std::move(root)) {}

  env::Executor& pool() const { return pool_; }
  const std::string& root() const { return root_; }

  StatusOr<std::string> Get(const std::string& name, uint64_t offset, uint64_t size) const;
  StatusOr<std::vector<env::BlobInfo>> List(const std::string& prefix) const;
  Status Delete(const std::string& name);
  Status CreateIfAbsent(const std::string& name, std::string_view bytes);

  /// A file that is being written under a temporary name.
  struct Temporary {
    std::string path;
    std::unique_ptr<env::WritableFile> file;
  };
  StatusOr<Temporary> NewTemporary();

  /// Syncs and closes it, and gives it the blob's name in place of whatever has it.
  Status Publish(Temporary& temporary, const std::string& name);

  /// Removes it; what cannot be removed now is removed as a leftover later.
  void Drop(const Temporary& temporary);

 private:
  Status Prepare();
  Status TakeLock() WEIR_REQUIRES(mutex_);
  void RemoveLeftovers() WEIR_REQUIRES(mutex_);
  void RemoveLeftoversOf(const std::string& process, const std::vector<std::string>& names);
  Status MakeDirectoryOf(const std::string& path);
  Status SyncAndClose(Temporary& temporary);
  Status SyncDirectoryOf(const std::string& path);
  Status ListBelow(const std::string& directory, const std::string& name_prefix,
                   const std::string& prefix, std::vector<env::BlobInfo>& found) const;
  std::string PathOf(const std::string& name) const;

  env::FileSystem& files_;
  env::Executor& pool_;
  env::Random& random_;
  env::Chaos& chaos_;
  const std::string root_;

  env::Mutex mutex_;
  std::string process_ WEIR_GUARDED_BY(mutex_);  // ".tmp-<random>"; empty before the first write
  std::unique_ptr<env::FileSystem::Lock> lock_ WEIR_GUARDED_BY(mutex_);
  uint64_t temporaries_ WEIR_GUARDED_BY(mutex_) = 0;
  std::set<std::string> directories_ WEIR_GUARDED_BY(mutex_);  // made and synced by this process
};

}  // namespace weir::stores
