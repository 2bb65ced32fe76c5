#include "weir/sim/nemesis.h"

#include <array>

#include "weir/sim/disk.h"
#include "weir/sim/faulty_blob_store.h"
#include "weir/sim/network.h"
#include "weir/sim/process.h"

namespace weir::sim {
namespace {

constexpr uint64_t kOperationsAhead = 100;
constexpr uint64_t kRoomLeftMax = 100'000;  // bytes: some packs still fit, then one does not

}  // namespace

Nemesis::Nemesis(World& world, const NemesisOptions& options)
    : world_(world), options_(options), prng_(world.Stream("nemesis")) {}

void Nemesis::Start() {
  WEIR_CHECK(!running_);
  running_ = true;
  Schedule();
}

void Nemesis::Stop() {
  running_ = false;
  world_.network().HealAll();
  for (FaultyBlobStore* store : stores_) store->SetAway(false);
  for (const std::unique_ptr<Process>& process : world_.processes()) {
    process->disk().SetCapacity(Disk::kUnlimited);
    process->CancelKill();
    Revive(*process);
  }
}

void Nemesis::Schedule() {
  world_.After(prng_.Skewed(options_.pause_min, options_.pause_max), [this] {
    if (!running_) return;
    Strike();
    Schedule();
  });
}

void Nemesis::Strike() {
  StrikeOnce();
  ReviveTheDeadLater();
}

void Nemesis::StrikeOnce() {
  const std::array<Choice, 8> choices = {{
      {options_.kill, &Nemesis::Kill},
      {options_.kill_at_operation, &Nemesis::KillAtOperation},
      {options_.crash_machine, &Nemesis::CrashMachine},
      {options_.stop, &Nemesis::PauseProcess},
      {options_.partition, &Nemesis::Partition},
      {options_.break_connection, &Nemesis::BreakConnection},
      {options_.fill_disk, &Nemesis::FillDisk},
      {stores_.empty() ? 0 : options_.store_away, &Nemesis::TakeStoreAway},
  }};
  uint64_t total = 0;
  for (const Choice& choice : choices) total += choice.weight;
  if (total == 0 || world_.processes().empty()) return;
  uint64_t drawn = prng_.Below(total);
  for (const Choice& choice : choices) {
    if (drawn < choice.weight) return (this->*choice.act)();
    drawn -= choice.weight;
  }
}

Process& Nemesis::AnyProcess() {
  return *world_.processes()[static_cast<size_t>(prng_.Below(world_.processes().size()))];
}

void Nemesis::Revive(Process& process) {
  process.Resume();
  const bool killed = process.state() == Process::State::kDead && process.exit_code() < 0;
  if (killed) process.Restart();
}

// Whoever is dead, be it since a kill that waited for its operation.
void Nemesis::ReviveTheDeadLater() {
  for (const std::unique_ptr<Process>& process : world_.processes()) {
    if (process->state() != Process::State::kDead) continue;
    world_.After(HealTime(), [this, p = process.get()] { Revive(*p); });
  }
}

void Nemesis::Kill() { AnyProcess().Kill(); }

void Nemesis::KillAtOperation() {
  Process& victim = AnyProcess();
  if (victim.state() != Process::State::kRunning) return;
  const bool machine = options_.crash_machine > 0 && prng_.Chance(0.25);
  victim.KillAtOperation(1 + prng_.Below(kOperationsAhead),
                         machine ? Process::Death::kMachine : Process::Death::kProcess);
}

void Nemesis::CrashMachine() { world_.CrashMachine(AnyProcess().disk()); }

void Nemesis::PauseProcess() {
  Process& victim = AnyProcess();
  victim.Pause();
  world_.After(HealTime(), [&victim] { victim.Resume(); });
}

void Nemesis::Partition() {
  Process& from = AnyProcess();
  Process& to = AnyProcess();
  if (&from == &to) return;
  world_.network().Block(from, to);
  if (prng_.Chance(0.5)) world_.network().Block(to, from);
  world_.After(HealTime(), [this, &from, &to] { world_.network().Heal(from, to); });
}

void Nemesis::BreakConnection() { world_.network().BreakOne(); }

void Nemesis::FillDisk() {
  Disk& disk = AnyProcess().disk();
  const uint64_t room = prng_.Chance(0.5) ? 0 : prng_.Below(kRoomLeftMax);
  disk.SetCapacity(disk.bytes_used() + room);
  world_.After(HealTime(), [&disk] { disk.SetCapacity(Disk::kUnlimited); });
}

void Nemesis::TakeStoreAway() {
  FaultyBlobStore* const store = stores_[static_cast<size_t>(prng_.Below(stores_.size()))];
  store->SetAway(true);
  world_.After(HealTime(), [store] { store->SetAway(false); });
}

}  // namespace weir::sim
