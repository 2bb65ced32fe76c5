// A process without a program, whose Env a test uses from outside.
#pragma once

#include <string>

#include "weir/sim/disk.h"
#include "weir/sim/process.h"
#include "weir/sim/world.h"

namespace weir::sim {

inline Process& SpawnEmpty(World& world, const std::string& name, Disk& disk) {
  return world.Spawn(name, disk, [](const env::Env&, Process&) { return nullptr; });
}

/// One machine with one process.
struct TestMachine {
  explicit TestMachine(const Options& options)
      : world(options), disk(world.NewDisk("disk")), process(SpawnEmpty(world, "process", disk)) {}

  env::FileSystem& files() const { return process.env().files; }

  void CrashAndRestart() {
    world.CrashMachine(disk);
    process.Restart();
  }

  World world;
  Disk& disk;
  Process& process;
};

}  // namespace weir::sim
