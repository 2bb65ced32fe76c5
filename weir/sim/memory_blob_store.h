// MemoryBlobStore: a checkpoint store far away, for all processes of a world: no faults of its own
// but the time that it takes. A call happens at one moment on its way; it happens also when its
// caller has died since, because it was sent.
// Threads: the world's.
#pragma once

#include <map>
#include <string>

#include "weir/env/blob_store.h"
#include "weir/sim/answer.h"

namespace weir::sim {

class MemoryBlobStore final : public env::BlobStore {
 public:
  /// Shapes: `name` is unique in the world.
  MemoryBlobStore(World& world, const std::string& name);

  void Get(std::string name, uint64_t offset, uint64_t size,
           env::ResultCallback<std::string> done) override;
  std::unique_ptr<env::BlobWriter> Put(std::string name) override;
  void CreateIfAbsent(std::string name, std::string bytes, env::StatusCallback done) override;
  void List(std::string prefix, env::ResultCallback<std::vector<env::BlobInfo>> done) override;
  void Delete(std::string name, env::StatusCallback done) override;
  std::string Describe() const override { return "memory:" + name_; }

  // For tests and oracles.

  const std::map<std::string, std::string>& blobs() const { return blobs_; }
  /// Inverts all bits of one byte of a blob.
  /// Errors: NotFound, OutOfRange.
  Status FlipByte(const std::string& name, uint64_t offset);

 private:
  friend class MemoryBlobWriter;
  template <class Result>
  void Call(base::UniqueFunction<Result()> effect, base::UniqueFunction<void(Result)> done);
  StatusOr<std::string> DoGet(const std::string& name, uint64_t offset, uint64_t size) const;
  std::vector<env::BlobInfo> DoList(const std::string& prefix) const;

  World& world_;
  const std::string name_;
  Prng prng_;
  std::map<std::string, std::string> blobs_;
};

}  // namespace weir::sim
