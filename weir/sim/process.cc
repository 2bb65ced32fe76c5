#include "weir/sim/process.h"

#include <utility>

#include "weir/sim/disk.h"
#include "weir/sim/incarnation.h"

namespace weir::sim {

Process::Process(World& world, std::string name, Disk& disk, ProgramFactory factory)
    : world_(world), name_(std::move(name)), disk_(disk), factory_(std::move(factory)) {
  Start();
}

Process::~Process() = default;

Program* Process::program() const { return state_ == State::kDead ? nullptr : present().program(); }

const env::Env& Process::env() const {
  WEIR_CHECK(state_ != State::kDead);
  return present().env();
}

std::unique_ptr<env::EventLoop> Process::NewEventLoop() {
  WEIR_CHECK(!incarnations_.empty());
  return std::make_unique<SimEventLoop>(present());
}

uint64_t Process::operations() const { return present().operations(); }

void Process::Start() {
  state_ = State::kRunning;
  exit_code_ = -1;
  incarnations_.push_back(
      std::make_unique<Incarnation>(world_, *this, Concat(name_, "#", incarnations_.size() + 1)));
  Incarnation& incarnation = present();
  world_.Schedule(world_.Now() + microseconds(1), EventKind::kStart, &incarnation, ActorId{0},
                  [this, &incarnation] { incarnation.Run(factory_); });
}

void Process::Kill(Death death) {
  if (death == Death::kMachine) return world_.CrashMachine(disk_);
  if (state_ == State::kDead) return;
  Condemn();
}

void Process::Exit(int code) {
  if (state_ == State::kDead || !present().reaches_world()) return;
  world_.AfterThisEvent([this, code, &incarnation = present()] {
    if (!incarnation.reaches_world()) return;  // killed first
    incarnation.EndWell();
    TearDown();
    exit_code_ = code;
  });
}

// From here on it reaches nothing; torn down when it is not on the stack.
void Process::Condemn() {
  Incarnation& incarnation = present();
  if (!incarnation.reaches_world()) return;
  world_.Hit("process.killed");
  incarnation.Condemn();
  if (world_.current() != &incarnation) return TearDown();
  world_.AfterThisEvent([this] { TearDown(); });
}

void Process::TearDown() {
  if (state_ == State::kDead) return;
  state_ = State::kDead;
  present().TearDown();
}

void Process::KillAtOperation(uint64_t n, Death death) {
  WEIR_CHECK(state_ != State::kDead);
  present().KillAtOperation(n, death);
}

void Process::CancelKill() {
  if (state_ != State::kDead) present().CancelKill();
}

void Process::Pause() {
  if (state_ != State::kRunning) return;
  world_.Hit("process.paused");
  state_ = State::kPaused;
  world_.queue().Hold(present().owner());
}

void Process::Resume() {
  if (state_ != State::kPaused) return;
  state_ = State::kRunning;
  world_.queue().Release(present().owner());
}

void Process::Restart() {
  WEIR_CHECK(state_ == State::kDead);
  Start();
}

}  // namespace weir::sim
