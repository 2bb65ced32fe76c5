#include "weir/sim/faulty_blob_store.h"

#include <utility>

#include "weir/sim/incarnation.h"

namespace weir::sim {

class FaultyBlobWriter final : public env::BlobWriter {
 public:
  FaultyBlobWriter(FaultyBlobStore& store, std::unique_ptr<env::BlobWriter> inner)
      : store_(store), inner_(std::move(inner)) {}

  // Pieces only go somewhere when the blob is finished, so an append that fails is as a read.
  void Append(std::string bytes, env::StatusCallback done) override {
    store_.Call<Status>(
        FaultyBlobStore::Kind::kRead,
        [inner = inner_, bytes = std::move(bytes)](env::StatusCallback answered) mutable {
          inner->Append(std::move(bytes), std::move(answered));
        },
        std::move(done));
  }

  void Finish(env::StatusCallback done) override {
    store_.Call<Status>(
        FaultyBlobStore::Kind::kChange,
        [inner = inner_](env::StatusCallback answered) { inner->Finish(std::move(answered)); },
        std::move(done));
  }

 private:
  FaultyBlobStore& store_;
  const std::shared_ptr<env::BlobWriter> inner_;  // owners: this, and calls under way
};

FaultyBlobStore::FaultyBlobStore(World& world, env::BlobStore& inner, Reach reach,
                                 const std::string& name)
    : world_(world),
      inner_(inner),
      reach_(reach),
      prng_(world.Stream(Concat("faulty-store/", name))) {}

FaultyBlobStore::Fate FaultyBlobStore::DrawFate(Kind kind) {
  const StoreOptions& options = world_.options().store;
  if (away_) {
    world_.Hit("store.away");
    return Fate::kBefore;
  }
  if (world_.Strikes(prng_, options.unavailable_before, "store.unavailable_before")) {
    return Fate::kBefore;
  }
  if (world_.Strikes(prng_, options.unavailable_after, "store.unavailable_after")) {
    return Fate::kAfter;
  }
  if (kind == Kind::kChange &&
      world_.Strikes(prng_, options.unavailable_later, "store.unavailable_later")) {
    return Fate::kLater;
  }
  return Fate::kHappens;
}

Duration FaultyBlobStore::Latency() {
  const StoreOptions& options = world_.options().store;
  if (world_.Strikes(prng_, options.late, "store.late")) {
    return prng_.Between(options.latency_max, options.late_max);
  }
  return prng_.Skewed(options.latency_min, options.latency_max);
}

void FaultyBlobStore::Happen(Incarnation* caller, Duration delay, base::Closure closure) {
  Incarnation* const owner = reach_ == Reach::kLocal ? caller : nullptr;
  world_.Schedule(world_.Now() + delay, EventKind::kOutside, owner, ActorId{0}, std::move(closure));
}

template <class Result>
void FaultyBlobStore::Call(Kind kind, InnerCall<Result> call,
                           base::UniqueFunction<void(Result)> done) {
  Incarnation* const caller = world_.current();
  if (caller != nullptr && !caller->BeginOperation()) return;
  const Fate fate = DrawFate(kind);
  const Duration there = Latency();
  const Duration back = Latency();
  const Answer<Result> answer(world_, caller, std::move(done));
  if (fate == Fate::kBefore) return answer.Give(there + back, Unavailable());
  if (fate == Fate::kLater) {
    answer.Give(there + back, Unavailable());
    const Duration later = prng_.Between(there, world_.options().store.duplicate_max);
    return Happen(caller, later, [call = std::move(call)]() mutable { call([](Result) {}); });
  }
  Happen(caller, there, [this, call = std::move(call), answer, back, fate]() mutable {
    call([this, answer, back, fate](Result result) {
      answer.Give(back, fate == Fate::kAfter ? Result(Unavailable()) : std::move(result));
    });
  });
}

void FaultyBlobStore::Get(std::string name, uint64_t offset, uint64_t size,
                          env::ResultCallback<std::string> done) {
  Call<StatusOr<std::string>>(
      Kind::kRead,
      [this, name = std::move(name), offset, size](env::ResultCallback<std::string> answered) {
        inner_.Get(name, offset, size, std::move(answered));
      },
      std::move(done));
}

std::unique_ptr<env::BlobWriter> FaultyBlobStore::Put(std::string name) {
  return std::make_unique<FaultyBlobWriter>(*this, inner_.Put(std::move(name)));
}

void FaultyBlobStore::CreateIfAbsent(std::string name, std::string bytes,
                                     env::StatusCallback done) {
  Incarnation* const caller = world_.current();
  const auto twice = [this, caller, name, bytes](const Status& status) {
    const StoreOptions& options = world_.options().store;
    if (status.code() != StatusCode::kUnavailable) return;
    if (!world_.Strikes(prng_, options.duplicate, "store.duplicate")) return;
    Happen(caller, prng_.Between(Duration(), options.duplicate_max),
           [this, name, bytes] { inner_.CreateIfAbsent(name, bytes, [](Status) {}); });
  };
  Call<Status>(
      Kind::kChange,
      [this, name, bytes](env::StatusCallback answered) {
        inner_.CreateIfAbsent(name, bytes, std::move(answered));
      },
      [twice, done = std::move(done)](Status status) mutable {
        twice(status);
        done(std::move(status));
      });
}

void FaultyBlobStore::List(std::string prefix,
                           env::ResultCallback<std::vector<env::BlobInfo>> done) {
  Call<StatusOr<std::vector<env::BlobInfo>>>(
      Kind::kRead,
      [this, prefix = std::move(prefix)](env::ResultCallback<std::vector<env::BlobInfo>> answered) {
        inner_.List(prefix, std::move(answered));
      },
      std::move(done));
}

void FaultyBlobStore::Delete(std::string name, env::StatusCallback done) {
  Call<Status>(
      Kind::kChange,
      [this, name = std::move(name)](env::StatusCallback answered) {
        inner_.Delete(name, std::move(answered));
      },
      std::move(done));
}

}  // namespace weir::sim
