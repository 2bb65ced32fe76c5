// World: processes, disks and a network on one real thread, in virtual time, from one seed.
//
// Everything that happens is an event in one queue; chance decides the order and the faults, and
// the seed decides chance. So a failure found once is found again: the same seed, program and
// options give the same events, and `trace_hash` proves it. docs/design/simulator.md tells how to
// use it.
// Threads: one; nothing in a world may look at real time, addresses or hash tables' order.
#pragma once

#include <deque>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/base/function.h"
#include "weir/base/time.h"
#include "weir/env/env.h"
#include "weir/sim/event_queue.h"
#include "weir/sim/options.h"
#include "weir/sim/prng.h"

namespace weir::sim {

class Disk;
class Incarnation;
class Network;
class Outside;
class Process;

/// What a simulated process runs: the root of all its objects, destroyed when it dies.
class Program {
 public:
  virtual ~Program() = default;
};

/// Makes the program of a new incarnation, inside the process: it may be killed here already.
/// Shapes: the Env outlives the program. May return null: a process that only has an Env.
using ProgramFactory = std::function<std::unique_ptr<Program>(const env::Env&, Process&)>;

class World {
 public:
  explicit World(Options options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Lets things happen until `done()`, which is asked after each event, or until `at_most` has
  /// passed; says which. False also when the world made more events than Options allow.
  bool RunUntil(const std::function<bool()>& done, Duration at_most);
  void RunFor(Duration time);

  /// The test's own event; it belongs to no process.
  void After(Duration delay, base::Closure closure);

  base::Instant Now() const { return now_; }

  /// A disk of a machine. Processes with the same disk are on the same machine.
  Disk& NewDisk(const std::string& name);

  /// A process; it starts by an event.
  /// Shapes: the name is unique.
  Process& Spawn(const std::string& name, Disk& disk, ProgramFactory factory);

  /// Power is cut: all processes of the machine are killed, and its disk keeps what was synced.
  void CrashMachine(Disk& disk);

  Network& network() { return *network_; }
  Outside& outside() { return *outside_; }
  const Options& options() const { return options_; }
  const std::vector<std::unique_ptr<Process>>& processes() const { return processes_; }

  /// Of everything that happened so far.
  uint64_t trace_hash() const { return trace_hash_; }
  uint64_t events() const { return events_; }
  /// The newest events, one a line, if Options keep any.
  void PrintTrace(std::ostream& out) const;

  /// How often the fault `name` struck. Buggify and mutants count as "buggify.NAME", "mutant.NAME".
  uint64_t hits(std::string_view name) const;
  using Hits = std::map<std::string, uint64_t, std::less<>>;
  const Hits& all_hits() const { return hits_; }

  // For the parts of the simulator, and for tests that bring faults of their own.

  /// A stream of chance of its own for `part`.
  Prng Stream(std::string_view part) const { return Prng(options_.seed, part); }
  void Hit(std::string_view fault);
  /// Whether a fault of this probability strikes now; counts it if so.
  bool Strikes(Prng& prng, double probability, std::string_view fault);

  /// From now on nothing strikes by chance any more: what is left must come to an end.
  void Heal() { healed_ = true; }

  /// Adds an event; `owner` null: the world's. An event of the dead is dropped at once.
  EventId Schedule(base::Instant time, EventKind kind, Incarnation* owner, ActorId actor,
                   base::Closure run);
  /// Gives an event that has not happened another time; ignored if it was dropped.
  void Reschedule(const EventId& event, base::Instant time);
  OwnerId Register(Incarnation& incarnation);
  EventQueue& queue() { return queue_; }
  ActorId NewActor() { return ActorId{++last_actor_}; }

  /// Whose event is happening; null: the world's, or none.
  Incarnation* current() const { return current_; }
  /// Says that what runs now is `incarnation`'s doing; returns whose it was.
  Incarnation* SetCurrent(Incarnation* incarnation) { return std::exchange(current_, incarnation); }
  /// Runs `closure` when the present event is over: at once if there is none.
  void AfterThisEvent(base::Closure closure);
  /// As Now, a little later than the last time: a program that waits for time to pass sees it pass.
  base::Instant Tick() { return now_ += std::chrono::nanoseconds(50); }

  bool Buggify(std::string_view name);
  bool Mutant(std::string_view name);

 private:
  friend class Process;
  struct BuggifySite {
    bool enabled;
    double probability;
    Prng prng;
    std::string counter;
  };

  void RunFirst();
  void RunClosuresAfterEvent();
  void Record(const EventId& id, const Event& event);
  void Crash(Disk& disk);

  const Options options_;
  base::Instant now_;
  Prng ties_;
  EventQueue queue_;
  uint64_t last_number_ = 0;
  uint64_t last_actor_ = 0;
  Incarnation* current_ = nullptr;
  bool in_event_ = false;
  bool healed_ = false;
  std::deque<base::Closure> after_event_;
  uint64_t events_ = 0;
  uint64_t trace_hash_ = 0;
  std::deque<std::string> trace_;
  Hits hits_;
  std::map<std::string, BuggifySite, std::less<>> buggify_;
  std::vector<Incarnation*> owners_;  // by OwnerId - 1; the dead are kept by their process
  std::vector<std::unique_ptr<Disk>> disks_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<Outside> outside_;
  std::vector<std::unique_ptr<Process>> processes_;
};

}  // namespace weir::sim
