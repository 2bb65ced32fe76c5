// EventQueue: what is going to happen, in the order of virtual time, ties by chance.
//
// An event belongs to one incarnation of a process (or to the world: kWorld) and perhaps to an
// actor within it, so that all of an owner's events can be dropped, or held while it is paused.
// Invariants: events come out in the order of their keys; an owner's held events come back with the
//   keys they had, so a pause changes no order within a process.
// Threads: one.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "weir/base/function.h"
#include "weir/base/time.h"

namespace weir::sim {

/// One incarnation of a process; never reused.
enum class OwnerId : uint32_t {};
inline constexpr OwnerId kWorld{0};  // events of nobody: the test, the wire, a store's insides

/// A loop or thread within an owner; never reused. 0: none.
enum class ActorId : uint64_t {};

enum class EventKind : uint8_t {
  kStart,    // a program begins
  kClosure,  // of an event loop
  kTimer,
  kJob,   // of a pool
  kStep,  // of a task thread
  kAccept,
  kFrame,
  kClosed,
  kAnswer,   // of a store
  kOutside,  // the wire, a store's insides, the test
};

/// "closure" and so on, for traces.
const char* EventKindName(EventKind kind);

struct Event {
  EventKind kind = EventKind::kOutside;
  OwnerId owner = kWorld;
  ActorId actor{0};
  base::Closure run;
};

/// When an event happens; its name while it waits.
struct EventId {
  base::Instant time;
  uint64_t tie = 0;
  uint64_t number = 0;  // unique
  friend auto operator<=>(const EventId&, const EventId&) = default;
};

class EventQueue {
 public:
  void Add(const EventId& id, Event event);

  /// Null when nothing waits that is not held.
  const EventId* first() const { return ready_.empty() ? nullptr : &ready_.begin()->first; }
  Event TakeFirst();

  /// Gives a waiting event another time. One that has happened or is unknown is ignored.
  void Move(const EventId& from, const EventId& to);

  /// Drops an event. One that has happened or is unknown is ignored.
  void Erase(const EventId& id);
  void EraseOwner(OwnerId owner);
  void EraseActor(ActorId actor);

  /// The owner's events, also those to come, wait until Release.
  void Hold(OwnerId owner);
  void Release(OwnerId owner);

  size_t size() const { return ready_.size() + held_.size(); }

 private:
  using Events = std::map<EventId, Event>;
  template <class Condition>
  void EraseIf(Condition condition);

  Events ready_;
  Events held_;
  std::set<OwnerId> holding_;
};

}  // namespace weir::sim
