// Actor: something that lives on an EventLoop and does everything there. Coordinator and Worker are
// actors: messages, timers and answers of the store are closures on their loop, so they have no
// locks and the simulator decides the order.
//
// An Inbox is how the rest of the world reaches an actor: it may be kept by anybody, for ever; what
// is posted to an actor that is gone is dropped.
// Threads: an Inbox is used from any thread; an Actor is created and destroyed on its loop, or
//   while the loop runs nothing.
#pragma once

#include <memory>
#include <utility>

#include "weir/base/function.h"
#include "weir/env/executor.h"

namespace weir::cluster {

class Inbox {
 public:
  /// Runs `closure` on the actor's loop, later, if the actor still lives then.
  void Post(base::Closure closure) const {
    loop_->Post([alive = alive_, closure = std::move(closure)]() mutable {
      if (!alive.expired()) closure();
    });
  }
  env::TimerId PostAfter(Duration delay, base::Closure closure) const {
    return loop_->PostAfter(delay, [alive = alive_, closure = std::move(closure)]() mutable {
      if (!alive.expired()) closure();
    });
  }

 private:
  friend class Actor;
  Inbox(env::EventLoop& loop, std::weak_ptr<void> alive) : loop_(&loop), alive_(std::move(alive)) {}
  env::EventLoop* loop_;  // outlives every inbox of its actors
  std::weak_ptr<void> alive_;
};

class Actor {
 public:
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

 protected:
  explicit Actor(env::EventLoop& loop) : loop_(loop), alive_(std::make_shared<char>()) {}
  ~Actor() = default;

  Inbox inbox() const { return Inbox(loop_, alive_); }
  void CancelTimer(env::TimerId timer) { loop_.Cancel(timer); }

 private:
  env::EventLoop& loop_;
  std::shared_ptr<void> alive_;  // owner: the actor; inboxes look whether it is still there
};

}  // namespace weir::cluster
