// Incarnation: one life of a simulated process, and the Env that it sees.
// Threads: the world's.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "weir/env/env.h"
#include "weir/sim/disk_files.h"
#include "weir/sim/network.h"
#include "weir/sim/outside.h"
#include "weir/sim/process.h"
#include "weir/sim/schedule.h"
#include "weir/sim/world.h"

namespace weir::sim {

class Incarnation {
 public:
  /// Shapes: `name` is unique in the world: "worker-1#2".
  Incarnation(World& world, Process& process, std::string name);
  ~Incarnation();

  World& world() const { return world_; }
  Process& process() const { return process_; }
  const std::string& name() const { return name_; }
  OwnerId owner() const { return owner_; }
  const env::Env& env() const { return env_; }
  Program* program() const { return condemned_ ? nullptr : program_.get(); }
  uint64_t operations() const { return operations_; }

  /// False once it is torn down.
  bool alive() const { return alive_; }
  /// False from the moment it is condemned: nothing it does reaches the world.
  bool reaches_world() const { return alive_ && !condemned_; }

  /// Asked before each outside operation: whether it happens. Counts it; here is where a process
  /// dies between two operations.
  bool BeginOperation();

  void KillAtOperation(uint64_t n, Process::Death death);
  void CancelKill() { last_operation_ = 0; }
  void Condemn() { condemned_ = true; }
  void Run(const ProgramFactory& factory);
  /// Before TearDown: connections are closed, not cut.
  void EndWell();
  void TearDown();

 private:
  World& world_;
  Process& process_;
  const std::string name_;
  const OwnerId owner_;
  bool alive_ = true;
  bool condemned_ = false;
  uint64_t operations_ = 0;
  uint64_t last_operation_ = 0;  // 0: none is the last
  Process::Death death_ = Process::Death::kProcess;

  SimClock clock_;
  SimRandom random_;
  DiskFiles files_;
  SimExecutor pool_;
  SimThreads threads_;
  SimTransport transport_;
  SimDialer dialer_;
  SimChaos chaos_;
  env::MetricRegistry metrics_;
  const env::Env env_;
  std::unique_ptr<Program> program_;
};

}  // namespace weir::sim
