#include "weir/sim/memory_blob_store.h"

#include <algorithm>
#include <utility>

#include "weir/sim/incarnation.h"

namespace weir::sim {

// Pieces stay here until Finish sends them off as one.
class MemoryBlobWriter final : public env::BlobWriter {
 public:
  MemoryBlobWriter(MemoryBlobStore& store, std::string name)
      : store_(store), name_(std::move(name)) {}

  void Append(std::string bytes, env::StatusCallback done) override {
    bytes_ += bytes;
    store_.Call<Status>([] { return Status(); }, std::move(done));
  }

  void Finish(env::StatusCallback done) override {
    store_.Call<Status>(
        [&store = store_, name = name_, bytes = std::move(bytes_)]() mutable {
          store.blobs_[name] = std::move(bytes);
          return Status();
        },
        std::move(done));
  }

 private:
  MemoryBlobStore& store_;
  const std::string name_;
  std::string bytes_;
};

MemoryBlobStore::MemoryBlobStore(World& world, const std::string& name)
    : world_(world), name_(name), prng_(world.Stream(Concat("store/", name))) {}

template <class Result>
void MemoryBlobStore::Call(base::UniqueFunction<Result()> effect,
                           base::UniqueFunction<void(Result)> done) {
  Incarnation* const caller = world_.current();
  if (caller != nullptr && !caller->BeginOperation()) return;
  const StoreOptions& options = world_.options().store;
  const Duration there = prng_.Skewed(options.latency_min, options.latency_max);
  const Duration back = prng_.Skewed(options.latency_min, options.latency_max);
  const Answer<Result> answer(world_, caller, std::move(done));
  world_.After(
      there, [effect = std::move(effect), answer, back]() mutable { answer.Give(back, effect()); });
}

void MemoryBlobStore::Get(std::string name, uint64_t offset, uint64_t size,
                          env::ResultCallback<std::string> done) {
  Call<StatusOr<std::string>>(
      [this, name = std::move(name), offset, size] { return DoGet(name, offset, size); },
      std::move(done));
}

StatusOr<std::string> MemoryBlobStore::DoGet(const std::string& name, uint64_t offset,
                                             uint64_t size) const {
  const auto found = blobs_.find(name);
  if (found == blobs_.end()) return NotFoundError("get ", Describe(), "/", name, ": no such blob");
  const std::string& bytes = found->second;
  return offset >= bytes.size() ? std::string() : bytes.substr(offset, size);
}

std::unique_ptr<env::BlobWriter> MemoryBlobStore::Put(std::string name) {
  return std::make_unique<MemoryBlobWriter>(*this, std::move(name));
}

void MemoryBlobStore::CreateIfAbsent(std::string name, std::string bytes,
                                     env::StatusCallback done) {
  Call<Status>(
      [this, name = std::move(name), bytes = std::move(bytes)]() mutable -> Status {
        if (blobs_.try_emplace(name, std::move(bytes)).second) return {};
        return AlreadyExistsError("create ", Describe(), "/", name, ": blob exists");
      },
      std::move(done));
}

void MemoryBlobStore::List(std::string prefix,
                           env::ResultCallback<std::vector<env::BlobInfo>> done) {
  Call<StatusOr<std::vector<env::BlobInfo>>>(
      [this, prefix = std::move(prefix)] { return DoList(prefix); }, std::move(done));
}

std::vector<env::BlobInfo> MemoryBlobStore::DoList(const std::string& prefix) const {
  std::vector<env::BlobInfo> found;
  for (auto blob = blobs_.lower_bound(prefix); blob != blobs_.end(); ++blob) {
    if (!blob->first.starts_with(prefix)) break;
    found.push_back({.name = blob->first, .bytes = blob->second.size()});
  }
  return found;
}

void MemoryBlobStore::Delete(std::string name, env::StatusCallback done) {
  Call<Status>(
      [this, name = std::move(name)] {
        blobs_.erase(name);
        return Status();
      },
      std::move(done));
}

Status MemoryBlobStore::FlipByte(const std::string& name, uint64_t offset) {
  const auto found = blobs_.find(name);
  if (found == blobs_.end()) return NotFoundError("flip a byte of ", name, ": no such blob");
  if (offset >= found->second.size()) {
    return OutOfRangeError("flip a byte of ", name, ": it has no byte ", offset);
  }
  char& byte = found->second[offset];
  byte = static_cast<char>(~byte);
  world_.Hit("store.flipped");
  return {};
}

}  // namespace weir::sim
