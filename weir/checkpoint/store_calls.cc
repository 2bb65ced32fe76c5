#include "weir/checkpoint/store_calls.h"

#include <algorithm>
#include <utility>

#include "weir/base/limits.h"

namespace weir::checkpoint {

// Calls under way share it; `alive` is touched on the loop only.
struct StoreCalls::Core : std::enable_shared_from_this<StoreCalls::Core> {
  Core(env::EventLoop& the_loop, env::Random& the_random, env::BlobStore& the_store)
      : loop(the_loop), random(the_random), store(the_store) {}

  /// Half the delay is certain, half is chance: two coordinators do not knock in step.
  Duration Pause(uint32_t tries) {
    Duration delay = limits::kStoreRetryDelay;
    for (uint32_t i = 1; i < tries && delay < limits::kStoreRetryDelayMax; ++i) delay *= 2;
    delay = std::min(delay, limits::kStoreRetryDelayMax);
    const auto half = static_cast<uint64_t>(delay.count() / 2);
    return Duration(static_cast<int64_t>(half + random.Below(half + 1)));
  }

  /// Takes an answer to the loop, and drops it when nobody is there any more.
  template <class Result>
  base::UniqueFunction<void(Result)> OnLoop(base::UniqueFunction<void(Result)> done) {
    return [self = shared_from_this(), done = std::move(done)](Result result) mutable {
      Core& core = *self;
      core.loop.Post(
          [self = std::move(self), done = std::move(done), result = std::move(result)]() mutable {
            if (self->alive) done(std::move(result));
          });
    };
  }

  static const Status& StatusOf(const Status& status) { return status; }
  template <class T>
  static const Status& StatusOf(const StatusOr<T>& result) {
    return result.status();
  }

  /// Calls `call(answer)` until it is answered with something else than Unavailable, or often
  /// enough.
  template <class Result>
  void Try(base::UniqueFunction<void(base::UniqueFunction<void(Result)>)> call,
           base::UniqueFunction<void(Result)> done, uint32_t tries = 1) {
    // Owners: this try and the next.
    auto shared_call = std::make_shared<decltype(call)>(std::move(call));
    (*shared_call)(OnLoop<Result>([this, shared_call, done = std::move(done),
                                   tries](Result result) mutable {
      if (StatusOf(result).code() != StatusCode::kUnavailable || tries >= limits::kStoreTriesMax) {
        return done(std::move(result));
      }
      loop.PostAfter(Pause(tries), [self = shared_from_this(), shared_call, done = std::move(done),
                                    tries]() mutable {
        if (self->alive) self->Try<Result>(std::move(*shared_call), std::move(done), tries + 1);
      });
    }));
  }

  env::EventLoop& loop;
  env::Random& random;
  env::BlobStore& store;
  bool alive = true;
};

StoreCalls::StoreCalls(env::EventLoop& loop, env::Random& random, env::BlobStore& store)
    : core_(std::make_shared<Core>(loop, random, store)) {}

StoreCalls::~StoreCalls() { core_->alive = false; }

void StoreCalls::Get(std::string name, uint64_t bytes_max, env::ResultCallback<std::string> done) {
  core_->Try<StatusOr<std::string>>(
      [core = core_.get(), name, bytes_max](env::ResultCallback<std::string> answer) {
        core->store.Get(name, 0, bytes_max + 1, std::move(answer));
      },
      [name, bytes_max, done = std::move(done)](StatusOr<std::string> bytes) mutable {
        if (bytes.ok() && bytes->size() > bytes_max) {
          bytes = ResourceExhaustedError("blob ", name, " is larger than ", bytes_max, " bytes");
        }
        done(std::move(bytes));
      });
}

void StoreCalls::List(std::string prefix, env::ResultCallback<std::vector<env::BlobInfo>> done) {
  core_->Try<StatusOr<std::vector<env::BlobInfo>>>(
      [core = core_.get(),
       prefix = std::move(prefix)](env::ResultCallback<std::vector<env::BlobInfo>> answer) {
        core->store.List(prefix, std::move(answer));
      },
      std::move(done));
}

void StoreCalls::Delete(std::string name, env::StatusCallback done) {
  core_->Try<Status>(
      [core = core_.get(), name = std::move(name)](env::StatusCallback answer) {
        core->store.Delete(name, std::move(answer));
      },
      std::move(done));
}

void StoreCalls::CreateOnce(std::string name, std::string bytes, env::StatusCallback done) {
  core_->store.CreateIfAbsent(std::move(name), std::move(bytes),
                              core_->OnLoop<Status>(std::move(done)));
}

void StoreCalls::Ensure(std::string name, std::string bytes, env::StatusCallback done) {
  core_->Try<Status>(
      [core = core_.get(), name = std::move(name),
       bytes = std::move(bytes)](env::StatusCallback answer) {
        core->store.CreateIfAbsent(name, bytes, std::move(answer));
      },
      [done = std::move(done)](Status status) mutable {
        done(status.code() == StatusCode::kAlreadyExists ? Status() : std::move(status));
      });
}

void StoreCalls::Put(std::string name, std::string bytes, env::StatusCallback done) {
  core_->Try<Status>(
      [core = core_.get(), name = std::move(name),
       bytes = std::move(bytes)](env::StatusCallback answer) {
        std::shared_ptr<env::BlobWriter> writer = core->store.Put(name);  // owners: the two calls
        env::BlobWriter& blob = *writer;
        blob.Append(
            bytes, [writer = std::move(writer), answer = std::move(answer)](Status status) mutable {
              if (!status.ok()) return answer(std::move(status));
              env::BlobWriter& same = *writer;
              same.Finish([writer = std::move(writer),
                           answer = std::move(answer)](Status finished) mutable {
                writer.reset();
                answer(std::move(finished));
              });
            });
      },
      std::move(done));
}

void StoreCalls::AfterPause(uint32_t tries, base::Closure closure) {
  core_->loop.PostAfter(core_->Pause(tries),
                        [core = core_, closure = std::move(closure)]() mutable {
                          if (core->alive) closure();
                        });
}

void StoreCalls::Post(base::Closure closure) {
  core_->loop.Post([core = core_, closure = std::move(closure)]() mutable {
    if (core->alive) closure();
  });
}

env::StatusCallback StoreCalls::OnLoop(env::StatusCallback done) {
  return core_->OnLoop<Status>(std::move(done));
}

}  // namespace weir::checkpoint
