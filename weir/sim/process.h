// Process: a simulated process, from one incarnation to the next.
//
// An incarnation has an Env of its own and a program. When it dies, everything queued for it is
// dropped, its program destroyed, its connections break and its locks go; nothing that it does from
// then on (destructors) reaches the world. The Env stays as a dead shell, so that whatever still
// points at it finds one.
// Threads: the world's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/env/env.h"
#include "weir/sim/world.h"

namespace weir::sim {

class Process {
 public:
  enum class State : uint8_t { kRunning, kPaused, kDead };
  enum class Death : uint8_t {
    kProcess,  // kill -9: the disk keeps what was written
    kMachine,  // power: World::CrashMachine
  };

  Process(World& world, std::string name, Disk& disk, ProgramFactory factory);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  const std::string& name() const { return name_; }
  State state() const { return state_; }
  Disk& disk() const { return disk_; }
  size_t incarnations() const { return incarnations_.size(); }

  /// The program; null when the process is dead, has not begun or is condemned. Not to be kept.
  Program* program() const;
  template <class T>
  T* program_as() const {
    return static_cast<T*>(program());
  }

  /// The world as the present incarnation sees it.
  /// Shapes: not dead.
  const env::Env& env() const;

  /// One more logical thread of the present incarnation.
  /// Shapes: not dead. The loop dies before the process's Env.
  std::unique_ptr<env::EventLoop> NewEventLoop();

  /// Ends the incarnation: at once, or, asked for in one of its own events, after that event, which
  /// from now on reaches nothing outside. Nothing happens to the dead.
  void Kill(Death death = Death::kProcess);

  /// Kills in the middle: the n-th outside operation from now (a disk call, a send, a connect, a
  /// call of a store) does not happen, nor does any later one, though the event runs to its end. So
  /// an event can be cut between any two operations.
  /// Shapes: n >= 1.
  void KillAtOperation(uint64_t n, Death death = Death::kProcess);

  /// Takes KillAtOperation back, if it has not struck.
  void CancelKill();

  /// What the program calls to end its process well, after the present event: what it sent arrives.
  void Exit(int code);
  /// The code of the last Exit; -1 when it was killed or has not ended.
  int exit_code() const { return exit_code_; }

  /// Stopped and continued, as by SIGSTOP and SIGCONT: overdue events happen on Resume, in order.
  void Pause();
  void Resume();

  /// A new incarnation on the same disk.
  /// Shapes: dead.
  void Restart();

  /// Outside operations of the present incarnation so far.
  uint64_t operations() const;

 private:
  friend class World;
  Incarnation& present() const { return *incarnations_.back(); }
  void Start();
  void Condemn();
  void TearDown();

  World& world_;
  const std::string name_;
  Disk& disk_;
  const ProgramFactory factory_;
  State state_ = State::kDead;
  int exit_code_ = -1;
  std::vector<std::unique_ptr<Incarnation>> incarnations_;  // the last is the present one
};

}  // namespace weir::sim
