// Nemesis: what befalls a world's processes: kills, power failures, pauses, partitions, broken
// connections, full disks, a store that is away. One misfortune at a time by chance, each healed
// after a while by chance, until Stop heals all of them for good.
// Threads: the world's.
#pragma once

#include <string_view>
#include <vector>

#include "weir/sim/prng.h"
#include "weir/sim/world.h"

namespace weir::sim {

class FaultyBlobStore;

/// How often each misfortune happens, relative to the others; 0: never.
struct NemesisOptions {
  Duration pause_min = milliseconds(20);  // between two misfortunes
  Duration pause_max = seconds(4);
  Duration heal_max = seconds(3);  // a misfortune is over by then
  uint32_t kill = 4;
  uint32_t kill_at_operation = 6;  // within the next 100 operations
  uint32_t crash_machine = 2;      // at once or at an operation
  uint32_t stop = 1;               // Process::Pause
  uint32_t partition = 2;          // of two processes, in one direction or both
  uint32_t break_connection = 3;
  uint32_t fill_disk = 1;
  uint32_t store_away = 1;  // of the stores added
};

/// Shapes: outlives the world's last event; processes that ended by themselves stay ended.
class Nemesis {
 public:
  Nemesis(World& world, const NemesisOptions& options);

  /// May be taken away from now on.
  /// Shapes: `store` outlives this.
  void AddStore(FaultyBlobStore& store) { stores_.push_back(&store); }

  void Start();

  /// No more misfortunes; what is still broken is healed now, the dead are restarted.
  void Stop();

 private:
  using Act = void (Nemesis::*)();
  struct Choice {
    uint32_t weight;
    Act act;
  };

  void Schedule();
  void Strike();
  void StrikeOnce();
  Process& AnyProcess();
  // Now and then longer than anybody waits for anybody.
  Duration HealTime() {
    const bool long_time = prng_.Chance(0.01);
    return long_time ? prng_.Between(seconds(15), seconds(30))
                     : prng_.Between(milliseconds(1), options_.heal_max);
  }
  void Revive(Process& process);
  void ReviveTheDeadLater();

  void Kill();
  void KillAtOperation();
  void CrashMachine();
  void PauseProcess();
  void Partition();
  void BreakConnection();
  void FillDisk();
  void TakeStoreAway();

  World& world_;
  const NemesisOptions options_;
  Prng prng_;
  std::vector<FaultyBlobStore*> stores_;
  bool running_ = false;
};

}  // namespace weir::sim
