#include "weir/sim/world.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include "weir/base/bytes.h"
#include "weir/base/checksum.h"
#include "weir/sim/disk.h"
#include "weir/sim/incarnation.h"
#include "weir/sim/network.h"
#include "weir/sim/outside.h"
#include "weir/sim/process.h"

namespace weir::sim {
namespace {

// As in FoundationDB: a place is rare in most worlds, and frequent in some.
constexpr double kBuggifyEnabled = 0.25;
constexpr uint64_t kBuggifyLeastPercent = 5;
constexpr uint64_t kBuggifyMostPercent = 25;

}  // namespace

World::World(Options options)
    : options_(std::move(options)),
      ties_(Stream("ties")),
      network_(std::make_unique<Network>(*this)),
      outside_(std::make_unique<Outside>(*this)) {}

World::~World() {
  for (const std::unique_ptr<Process>& process : processes_) process->Kill();
  queue_.EraseOwner(kWorld);
}

void World::RunFor(Duration time) {
  const base::Instant end = now_ + time;
  RunUntil([] { return false; }, time);
  now_ = std::max(now_, end);
}

bool World::RunUntil(const std::function<bool()>& done, Duration at_most) {
  const base::Instant end = now_ + at_most;
  while (!done()) {
    const EventId* first = queue_.first();
    if (first == nullptr || first->time > end || events_ >= options_.events_max) {
      now_ = std::max(now_, end);
      return false;
    }
    RunFirst();
  }
  return true;
}

void World::RunFirst() {
  WEIR_CHECK(!in_event_);  // an event must not run the world
  const EventId id = *queue_.first();
  Event event = queue_.TakeFirst();
  now_ = std::max(now_, id.time);
  Record(id, event);
  in_event_ = true;
  current_ = event.owner == kWorld ? nullptr : owners_[static_cast<size_t>(event.owner) - 1];
  event.run();
  event.run = nullptr;  // destroyed by whom it belongs to
  current_ = nullptr;
  in_event_ = false;
  RunClosuresAfterEvent();
}

void World::RunClosuresAfterEvent() {
  while (!after_event_.empty()) {
    base::Closure closure = std::move(after_event_.front());
    after_event_.pop_front();
    closure();
  }
}

void World::AfterThisEvent(base::Closure closure) {
  after_event_.push_back(std::move(closure));
  if (!in_event_) RunClosuresAfterEvent();
}

void World::Record(const EventId& id, const Event& event) {
  ++events_;
  base::ByteWriter bytes;
  bytes.U64(trace_hash_);
  bytes.U8(static_cast<uint8_t>(event.kind));
  bytes.U32(static_cast<uint32_t>(event.owner));
  bytes.U64(static_cast<uint64_t>(now_.time_since_epoch().count()));
  trace_hash_ = base::ChecksumOf(bytes.bytes());
  if (options_.trace_lines_max == 0) return;
  if (trace_.size() == options_.trace_lines_max) trace_.pop_front();
  const std::string owner =
      event.owner == kWorld ? "world" : owners_[static_cast<size_t>(event.owner) - 1]->name();
  trace_.push_back(Concat(id.time.time_since_epoch().count() / 1000, " us ", owner, " ",
                          EventKindName(event.kind)));
}

void World::PrintTrace(std::ostream& out) const {
  for (const std::string& line : trace_) out << line << '\n';
}

void World::After(Duration delay, base::Closure closure) {
  Schedule(now_ + delay, EventKind::kOutside, nullptr, ActorId{0}, std::move(closure));
}

EventId World::Schedule(base::Instant time, EventKind kind, Incarnation* owner, ActorId actor,
                        base::Closure run) {
  if (owner != nullptr && !owner->alive()) return {};
  const EventId id{.time = std::max(time, now_), .tie = ties_.Next(), .number = ++last_number_};
  const OwnerId owner_id = owner == nullptr ? kWorld : owner->owner();
  queue_.Add(id, Event{.kind = kind, .owner = owner_id, .actor = actor, .run = std::move(run)});
  return id;
}

void World::Reschedule(const EventId& event, base::Instant time) {
  const EventId moved{.time = std::max(time, now_), .tie = ties_.Next(), .number = ++last_number_};
  queue_.Move(event, moved);
}

Disk& World::NewDisk(const std::string& name) {
  disks_.push_back(std::make_unique<Disk>(*this, name));
  return *disks_.back();
}

Process& World::Spawn(const std::string& name, Disk& disk, ProgramFactory factory) {
  for (const std::unique_ptr<Process>& process : processes_) WEIR_CHECK(process->name() != name);
  processes_.push_back(std::make_unique<Process>(*this, name, disk, std::move(factory)));
  return *processes_.back();
}

OwnerId World::Register(Incarnation& incarnation) {
  owners_.push_back(&incarnation);
  return OwnerId{static_cast<uint32_t>(owners_.size())};
}

void World::CrashMachine(Disk& disk) {
  for (const std::unique_ptr<Process>& process : processes_) {
    if (&process->disk() == &disk) process->Kill();
  }
  // After the present event: one of its processes may be in the middle of it.
  AfterThisEvent([&disk] { disk.Crash(); });
}

void World::Hit(std::string_view fault) {
  const auto found = hits_.find(fault);
  if (found != hits_.end()) {
    ++found->second;
  } else {
    hits_.emplace(fault, 1);
  }
}

uint64_t World::hits(std::string_view name) const {
  const auto found = hits_.find(name);
  return found == hits_.end() ? 0 : found->second;
}

bool World::Strikes(Prng& prng, double probability, std::string_view fault) {
  if (healed_ || !prng.Chance(probability)) return false;
  Hit(fault);
  return true;
}

bool World::Buggify(std::string_view name) {
  if (!options_.buggify) return false;
  auto site = buggify_.find(name);
  if (site == buggify_.end()) {
    Prng prng = Stream(Concat("buggify/", name));
    const bool enabled = prng.Chance(kBuggifyEnabled);
    const uint64_t percent =
        kBuggifyLeastPercent + prng.Below(kBuggifyMostPercent - kBuggifyLeastPercent + 1);
    const BuggifySite drawn{.enabled = enabled,
                            .probability = static_cast<double>(percent) / 100,
                            .prng = prng,
                            .counter = Concat("buggify.", name)};
    site = buggify_.emplace(name, drawn).first;
  }
  BuggifySite& found = site->second;
  return found.enabled && Strikes(found.prng, found.probability, found.counter);
}

bool World::Mutant(std::string_view name) {
  if (options_.mutant != name || name.empty()) return false;
  Hit(Concat("mutant.", name));
  return true;
}

}  // namespace weir::sim
