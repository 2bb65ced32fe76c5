// Machine: a simulated machine with one process, for the tests of this folder: a disk that can be
// cut off at any operation, and the env that the process sees.
// Threads: the world's.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/env/env.h"
#include "weir/runtime/operator.h"
#include "weir/sim/disk.h"
#include "weir/sim/process.h"
#include "weir/sim/world.h"

namespace weir::connectors {

class Machine {
 public:
  explicit Machine(sim::Options options = sim::CalmOptions(/*seed=*/1))
      : world_(std::move(options)),
        disk_(world_.NewDisk("disk")),
        process_(
            world_.Spawn("job", disk_, [](const env::Env&, sim::Process&) { return nullptr; })) {
    WaitForStart();
  }

  /// What the present incarnation sees; a dead one's calls fail.
  env::Env& env() { return *envs_.back(); }
  env::FileSystem& files() { return env().files; }
  sim::World& world() { return world_; }
  sim::Disk& disk() { return disk_; }
  sim::Process& process() { return process_; }

  void Write(const std::string& path, std::string_view bytes) {
    auto file = files().Create(path, env::FileSystem::Existing::kTruncate);
    WEIR_CHECK(file.ok() && (*file)->Append(bytes).ok() && (*file)->Sync().ok());
    WEIR_CHECK(files().SyncDirectory(env::DirectoryOf(path)).ok());
  }

  /// Kills what is left of the process and starts it again; with kMachine the disk forgets what was
  /// not synced.
  void Restart(sim::Process::Death death) {
    if (death == sim::Process::Death::kMachine) {
      world_.CrashMachine(disk_);
    } else {
      process_.Kill();
    }
    process_.Restart();
    WaitForStart();
  }

  /// Lets everything happen that is under way.
  void Settle() { world_.RunFor(sim::milliseconds(5)); }

 private:
  void WaitForStart() {
    world_.RunFor(sim::milliseconds(5));
    envs_.push_back(std::make_unique<env::Env>(process_.env()));
  }

  sim::World world_;
  sim::Disk& disk_;
  sim::Process& process_;
  // Of all incarnations: operators may outlive theirs.
  std::vector<std::unique_ptr<env::Env>> envs_;
};

}  // namespace weir::connectors
