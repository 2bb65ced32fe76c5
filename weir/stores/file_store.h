// FileStore: a BlobStore in a directory, on any file system with atomic rename and link(2).
//
// A blob is a file of its name below the root. It is written under a temporary name in the root
// (".tmp-<process>-<n>"), synced, then renamed (Put) or linked (CreateIfAbsent) to its own, and its
// directory is synced before anybody is told. So a name never shows a part of a blob, and what was
// answered ok is there after a power failure. A deletion may come back after one.
//
// Each store that writes holds a lock on ".tmp-<process>.lock"; the temporaries of a lock that
// nobody holds are leftovers of a dead process, and the next store that writes removes them.
// Threads: any thread; the work is done on the pool.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/env/blob_store.h"
#include "weir/env/env.h"

namespace weir::stores {

class FileStore final : public env::BlobStore {
 public:
  /// Touches the disk only when it is called. The root is made by the first write.
  /// Shapes: files, pool, random and chaos outlive every call under way.
  FileStore(env::FileSystem& files, env::Executor& pool, env::Random& random, env::Chaos& chaos,
            std::string root);
  ~FileStore() override;

  void Get(std::string name, uint64_t offset, uint64_t size,
           env::ResultCallback<std::string> done) override;
  std::unique_ptr<env::BlobWriter> Put(std::string name) override;
  void CreateIfAbsent(std::string name, std::string bytes, env::StatusCallback done) override;
  void List(std::string prefix, env::ResultCallback<std::vector<env::BlobInfo>> done) override;
  void Delete(std::string name, env::StatusCallback done) override;
  std::string Describe() const override;

 private:
  class Core;
  class Writer;
  std::shared_ptr<Core> core_;  // shared with the jobs under way and with writers
};

}  // namespace weir::stores
