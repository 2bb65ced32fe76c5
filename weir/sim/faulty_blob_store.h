// FaultyBlobStore: any BlobStore, with the faults of StoreOptions in front of it: answers that come
// late and out of order, Unavailable before or after it happened or long before it happens, creates
// that are sent twice, a store that is away for a while.
//
// It never breaks a promise of env/blob_store.h: Unavailable says that the call may have happened
// or may still happen, and that is what it means here.
// Threads: the world's.
#pragma once

#include <memory>
#include <string>

#include "weir/env/blob_store.h"
#include "weir/sim/answer.h"

namespace weir::sim {

class FaultyBlobStore final : public env::BlobStore {
 public:
  enum class Reach : uint8_t {
    kRemote,  // `inner` is the world's: what was sent lands also when its caller is dead
    kLocal,   // `inner` is the calling process's (files): what has not begun dies with it
  };

  /// Shapes: `inner` outlives this; `name` is unique in the world.
  FaultyBlobStore(World& world, env::BlobStore& inner, Reach reach, const std::string& name);

  /// While it is away every call answers Unavailable and nothing happens ("store.away").
  void SetAway(bool away) { away_ = away; }

  void Get(std::string name, uint64_t offset, uint64_t size,
           env::ResultCallback<std::string> done) override;
  std::unique_ptr<env::BlobWriter> Put(std::string name) override;
  void CreateIfAbsent(std::string name, std::string bytes, env::StatusCallback done) override;
  void List(std::string prefix, env::ResultCallback<std::vector<env::BlobInfo>> done) override;
  void Delete(std::string name, env::StatusCallback done) override;
  std::string Describe() const override { return inner_.Describe(); }

 private:
  friend class FaultyBlobWriter;
  enum class Fate : uint8_t { kHappens, kBefore, kAfter, kLater };

  // `call` does the thing through `inner` and hands the answer to what it is given.
  template <class Result>
  using InnerCall = base::UniqueFunction<void(base::UniqueFunction<void(Result)>)>;
  enum class Kind : uint8_t { kRead, kChange };  // only a change can happen later
  template <class Result>
  void Call(Kind kind, InnerCall<Result> call, base::UniqueFunction<void(Result)> done);

  Fate DrawFate(Kind kind);
  Duration Latency();
  void Happen(Incarnation* caller, Duration delay, base::Closure closure);
  Status Unavailable() const { return UnavailableError("store ", Describe(), ": no answer"); }

  World& world_;
  env::BlobStore& inner_;
  const Reach reach_;
  Prng prng_;
  bool away_ = false;
};

}  // namespace weir::sim
