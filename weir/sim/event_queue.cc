#include "weir/sim/event_queue.h"

#include <utility>

namespace weir::sim {

const char* EventKindName(EventKind kind) {
  switch (kind) {
    case EventKind::kStart:
      return "start";
    case EventKind::kClosure:
      return "closure";
    case EventKind::kTimer:
      return "timer";
    case EventKind::kJob:
      return "job";
    case EventKind::kStep:
      return "step";
    case EventKind::kAccept:
      return "accept";
    case EventKind::kFrame:
      return "frame";
    case EventKind::kClosed:
      return "closed";
    case EventKind::kAnswer:
      return "answer";
    case EventKind::kOutside:
      return "outside";
  }
  return "?";
}

void EventQueue::Add(const EventId& id, Event event) {
  Events& events = holding_.contains(event.owner) ? held_ : ready_;
  events.emplace(id, std::move(event));
}

Event EventQueue::TakeFirst() { return std::move(ready_.extract(ready_.begin()).mapped()); }

void EventQueue::Move(const EventId& from, const EventId& to) {
  for (Events* events : {&ready_, &held_}) {
    Events::node_type event = events->extract(from);
    if (event.empty()) continue;
    event.key() = to;
    events->insert(std::move(event));
  }
}

// What is dropped dies outside the maps: a closure's destructor may come back here.
void EventQueue::Erase(const EventId& id) {
  const Events::node_type ready = ready_.extract(id);
  const Events::node_type held = held_.extract(id);
}

template <class Condition>
void EventQueue::EraseIf(Condition condition) {
  std::vector<Events::node_type> dropped;
  for (Events* events : {&ready_, &held_}) {
    for (auto event = events->begin(); event != events->end();) {
      const auto candidate = event++;
      if (condition(candidate->second)) dropped.push_back(events->extract(candidate));
    }
  }
}

void EventQueue::EraseOwner(OwnerId owner) {
  EraseIf([owner](const Event& event) { return event.owner == owner; });
  holding_.erase(owner);
}

void EventQueue::EraseActor(ActorId actor) {
  EraseIf([actor](const Event& event) { return event.actor == actor; });
}

void EventQueue::Hold(OwnerId owner) {
  holding_.insert(owner);
  for (auto event = ready_.begin(); event != ready_.end();) {
    const auto candidate = event++;
    if (candidate->second.owner == owner) held_.insert(ready_.extract(candidate));
  }
}

void EventQueue::Release(OwnerId owner) {
  holding_.erase(owner);
  for (auto event = held_.begin(); event != held_.end();) {
    const auto candidate = event++;
    if (candidate->second.owner == owner) ready_.insert(held_.extract(candidate));
  }
}

}  // namespace weir::sim
