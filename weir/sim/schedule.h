// The parts of a simulated Env that decide when code runs: clock, random, pool, loops, task
// threads.
// Threads: the world's.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "weir/env/env.h"
#include "weir/sim/event_queue.h"
#include "weir/sim/prng.h"

namespace weir::sim {

class Incarnation;
class World;

/// Monotonic time has an origin of its own in each incarnation; wall time is wrong by up to a
/// minute, runs up to 1 in 1,000 too fast or slow, and jumps now and then ("clock.jump").
class SimClock final : public env::Clock {
 public:
  explicit SimClock(Incarnation& incarnation);
  base::Instant Now() const override;
  int64_t UnixMillis() const override;

 private:
  World& world_;
  mutable Prng prng_;
  const Duration origin_;
  const int64_t parts_per_million_;
  mutable Duration wall_error_;
};

class SimRandom final : public env::Random {
 public:
  explicit SimRandom(const Incarnation& incarnation);
  uint64_t Next() override { return prng_.Next(); }

 private:
  Prng prng_;
};

/// When posted work of one incarnation runs.
class Delays {
 public:
  Delays(World& world, const Incarnation& incarnation, std::string_view part);
  base::Instant Next();
  /// Later than the last one, for work that keeps its order.
  base::Instant NextInOrder();
  /// When a task thread that had work steps again.
  base::Instant AfterStep();

 private:
  World& world_;
  Prng prng_;
  base::Instant last_;
};

/// Jobs are events of their own, in any order.
class SimExecutor final : public env::Executor {
 public:
  explicit SimExecutor(Incarnation& incarnation);
  void Post(base::Closure job) override;

 private:
  Incarnation& incarnation_;
  Delays delays_;
};

class SimEventLoop final : public env::EventLoop {
 public:
  explicit SimEventLoop(Incarnation& incarnation);
  ~SimEventLoop() override;

  void Post(base::Closure closure) override;
  env::TimerId PostAfter(Duration delay, base::Closure closure) override;
  void Cancel(env::TimerId timer) override;

 private:
  Incarnation& incarnation_;
  const ActorId actor_;
  Delays delays_;
  env::TimerId last_timer_ = 0;
  std::map<env::TimerId, EventId> timers_;  // that have not fired
};

class SimThreads final : public env::ThreadFactory {
 public:
  explicit SimThreads(Incarnation& incarnation) : incarnation_(incarnation) {}
  std::unique_ptr<env::TaskThread> Start(const std::string& name, env::Stepper& stepper) override;

 private:
  Incarnation& incarnation_;
};

class SimChaos final : public env::Chaos {
 public:
  explicit SimChaos(World& world) : world_(world) {}
  bool Buggify(std::string_view name) override;
  bool Mutant(std::string_view name) override;

 private:
  World& world_;
};

}  // namespace weir::sim
