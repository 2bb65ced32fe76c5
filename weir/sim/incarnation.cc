#include "weir/sim/incarnation.h"

#include <utility>

#include "weir/sim/process.h"

namespace weir::sim {

Incarnation::Incarnation(World& world, Process& process, std::string name)
    : world_(world),
      process_(process),
      name_(std::move(name)),
      owner_(world.Register(*this)),
      clock_(*this),
      random_(*this),
      files_(*this, process.disk()),
      pool_(*this),
      threads_(*this),
      transport_(*this),
      dialer_(*this),
      chaos_(world),
      env_{.clock = clock_,
           .random = random_,
           .files = files_,
           .pool = pool_,
           .threads = threads_,
           .transport = transport_,
           .dialer = dialer_,
           .metrics = metrics_,
           .chaos = chaos_} {}

Incarnation::~Incarnation() = default;

bool Incarnation::BeginOperation() {
  if (!reaches_world()) return false;
  ++operations_;
  if (operations_ != last_operation_) return true;
  world_.Hit("process.killed_at_operation");
  process_.Kill(death_);
  return false;
}

void Incarnation::KillAtOperation(uint64_t n, Process::Death death) {
  WEIR_CHECK(n >= 1);
  last_operation_ = operations_ + n;
  death_ = death;
}

void Incarnation::Run(const ProgramFactory& factory) { program_ = factory(env_, process_); }

void Incarnation::EndWell() {
  world_.network().CloseAll(*this);
  world_.outside().CloseAll(*this);
}

// First what is queued, then the handlers, then the program: closures and handlers may refer to the
// program's objects, not the other way round.
void Incarnation::TearDown() {
  condemned_ = true;
  alive_ = false;
  Incarnation* const before = world_.SetCurrent(this);
  world_.queue().EraseOwner(owner_);
  world_.network().OnDeath(*this);
  world_.outside().OnDeath(*this);
  program_.reset();
  world_.SetCurrent(before);
}

}  // namespace weir::sim
