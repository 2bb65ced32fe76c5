// Answer: a callback of a process, kept so that it dies with the process and not with whoever is to
// call it. The call that will be answered travels outside (to a store); the callback waits in the
// queue as an event without a time, and the answer gives it one.
// Threads: the world's.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "weir/sim/world.h"

namespace weir::sim {

template <class Result>
class Answer {
 public:
  /// `callback` belongs to `owner` (null: to the test).
  Answer(World& world, Incarnation* owner, base::UniqueFunction<void(Result)> callback)
      : world_(&world), result_(std::make_shared<std::optional<Result>>()) {
    event_ = world.Schedule(base::Instant::max(), EventKind::kAnswer, owner, ActorId{0},
                            [result = result_, callback = std::move(callback)]() mutable {
                              callback(*std::move(*result));
                            });
  }

  /// Calls back after `delay`, in an event of the owner; never, if it is dead by then.
  /// Shapes: called once at most, on one of the copies.
  void Give(Duration delay, Result result) const {
    *result_ = std::move(result);
    world_->Reschedule(event_, world_->Now() + delay);
  }

 private:
  World* world_;
  EventId event_;
  std::shared_ptr<std::optional<Result>> result_;  // owners: the event, and copies of this
};

}  // namespace weir::sim
