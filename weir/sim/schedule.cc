#include "weir/sim/schedule.h"

#include <algorithm>
#include <utility>

#include "weir/base/limits.h"
#include "weir/sim/incarnation.h"
#include "weir/sim/world.h"

namespace weir::sim {
namespace {

constexpr int64_t kUnixMillisAtStart = 1'700'000'000'000;  // 2023-11-14
constexpr Duration kWallErrorMax = seconds(60);
constexpr double kWallJump = 0.0005;  // of looks at the wall clock
constexpr uint64_t kDriftMax = 1000;  // parts per million

Prng StreamOf(const Incarnation& incarnation, std::string_view part) {
  return incarnation.world().Stream(Concat(incarnation.name(), "/", part));
}

// A thread that steps a Stepper, with virtual time between two steps.
class SimTaskThread final : public env::TaskThread {
 public:
  using Progress = env::Stepper::Progress;

  SimTaskThread(Incarnation& incarnation, const std::string& name, env::Stepper& stepper)
      : incarnation_(incarnation),
        actor_(incarnation.world().NewActor()),
        delays_(incarnation.world(), incarnation, name),
        stepper_(stepper) {
    StepAt(delays_.Next());
  }

  ~SimTaskThread() override {
    WEIR_CHECK(!stepping_);  // a real thread would wait for itself
    incarnation_.world().queue().EraseActor(actor_);
  }

  void Wake() override {
    woken_ = true;
    if (!parked_) return;
    incarnation_.world().queue().Erase(next_);
    StepAt(delays_.Next());
  }

 private:
  void StepAt(base::Instant time) {
    parked_ = false;
    next_ = incarnation_.world().Schedule(time, EventKind::kStep, &incarnation_, actor_,
                                          [this] { Step(); });
  }

  void Step() {
    woken_ = false;
    stepping_ = true;
    const Progress progress = stepper_.Step();
    stepping_ = false;
    if (progress == Progress::kDone) return;
    if (progress == Progress::kProgress || woken_) return StepAt(delays_.AfterStep());
    StepAt(incarnation_.world().Now() + limits::kIdleParkMax);
    parked_ = true;
  }

  Incarnation& incarnation_;
  const ActorId actor_;
  Delays delays_;
  env::Stepper& stepper_;
  EventId next_;
  bool parked_ = false;
  bool stepping_ = false;
  bool woken_ = false;
};

}  // namespace

SimClock::SimClock(Incarnation& incarnation)
    : world_(incarnation.world()),
      prng_(StreamOf(incarnation, "clock")),
      origin_(prng_.Between(Duration(), seconds(1'000'000))),
      parts_per_million_(static_cast<int64_t>(prng_.Below(2 * kDriftMax + 1)) -
                         static_cast<int64_t>(kDriftMax)),
      wall_error_(prng_.Between(-kWallErrorMax, kWallErrorMax)) {}

base::Instant SimClock::Now() const { return world_.Tick() + origin_; }

int64_t SimClock::UnixMillis() const {
  if (world_.Strikes(prng_, kWallJump, "clock.jump")) {
    wall_error_ = prng_.Between(-kWallErrorMax, kWallErrorMax);
  }
  const Duration elapsed = world_.Tick().time_since_epoch();
  const Duration drift = elapsed / 1'000'000 * parts_per_million_;
  const auto wall = std::chrono::duration_cast<milliseconds>(elapsed + drift + wall_error_);
  return kUnixMillisAtStart + wall.count();
}

SimRandom::SimRandom(const Incarnation& incarnation) : prng_(StreamOf(incarnation, "random")) {}

Delays::Delays(World& world, const Incarnation& incarnation, std::string_view part)
    : world_(world), prng_(StreamOf(incarnation, Concat("delays/", part))) {}

base::Instant Delays::Next() {
  const ScheduleOptions& options = world_.options().schedule;
  if (world_.Strikes(prng_, options.stall, "schedule.stall")) {
    return world_.Now() + prng_.Between(options.delay_max, options.stall_max);
  }
  return world_.Now() + prng_.Skewed(options.delay_min, options.delay_max);
}

base::Instant Delays::AfterStep() {
  const ScheduleOptions& options = world_.options().schedule;
  return Next() + prng_.Skewed(options.step_min, options.step_max);
}

base::Instant Delays::NextInOrder() {
  const base::Instant next = Next();
  last_ = next > last_ ? next : last_ + Duration(1);
  return last_;
}

SimExecutor::SimExecutor(Incarnation& incarnation)
    : incarnation_(incarnation), delays_(incarnation.world(), incarnation, "pool") {}

void SimExecutor::Post(base::Closure job) {
  incarnation_.world().Schedule(delays_.Next(), EventKind::kJob, &incarnation_, ActorId{0},
                                std::move(job));
}

SimEventLoop::SimEventLoop(Incarnation& incarnation)
    : incarnation_(incarnation),
      actor_(incarnation.world().NewActor()),
      delays_(incarnation.world(), incarnation, Concat("loop-", static_cast<uint64_t>(actor_))) {}

SimEventLoop::~SimEventLoop() { incarnation_.world().queue().EraseActor(actor_); }

void SimEventLoop::Post(base::Closure closure) {
  incarnation_.world().Schedule(delays_.NextInOrder(), EventKind::kClosure, &incarnation_, actor_,
                                std::move(closure));
}

env::TimerId SimEventLoop::PostAfter(Duration delay, base::Closure closure) {
  const env::TimerId timer = ++last_timer_;
  // Never early; late as any closure may be.
  const base::Instant time = delays_.Next() + std::max(delay, Duration());
  timers_[timer] =
      incarnation_.world().Schedule(time, EventKind::kTimer, &incarnation_, actor_,
                                    [this, timer, closure = std::move(closure)]() mutable {
                                      timers_.erase(timer);
                                      closure();
                                    });
  return timer;
}

void SimEventLoop::Cancel(env::TimerId timer) {
  const auto found = timers_.find(timer);
  if (found == timers_.end()) return;
  const EventId event = found->second;
  timers_.erase(found);
  incarnation_.world().queue().Erase(event);
}

std::unique_ptr<env::TaskThread> SimThreads::Start(const std::string& name, env::Stepper& stepper) {
  return std::make_unique<SimTaskThread>(incarnation_, name, stepper);
}

bool SimChaos::Buggify(std::string_view name) { return world_.Buggify(name); }
bool SimChaos::Mutant(std::string_view name) { return world_.Mutant(name); }

}  // namespace weir::sim
