// What a world is like: its seed, how often each fault strikes, how slow things are. All rates are
// probabilities in [0, 1]; 0 means never, and then nothing is drawn.
#pragma once

#include <cstdint>
#include <string>

#include "weir/base/time.h"

namespace weir::sim {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// When posted work runs.
struct ScheduleOptions {
  Duration delay_min = microseconds(1);  // of closures, steps after a wake and jobs
  Duration delay_max = microseconds(200);
  Duration step_min = microseconds(10);  // what a step of a task thread takes
  Duration step_max = milliseconds(1);
  double stall = 0;  // a closure, step or job runs late ("schedule.stall")
  Duration stall_max = milliseconds(300);
};

struct NetworkOptions {
  Duration latency_min = microseconds(50);
  Duration latency_max = milliseconds(2);
  double refuse = 0;      // of connects ("network.refused")
  double break_send = 0;  // of sends: the connection breaks soon after ("network.broken")
  double slow = 0;        // of connections: 1 MB/s instead of no limit ("network.slow")
  // Of connects: the acceptor sees one more connection, which says nothing and breaks: a client
  // that tried twice ("network.ghost").
  double ghost = 0;
};

struct DiskOptions {
  double short_read = 0;    // of reads that could give more ("disk.short_read")
  double error_before = 0;  // of calls: Unavailable, nothing happened ("disk.error_before")
  double error_after = 0;   // of changes: Unavailable, but it happened ("disk.error_after")
  // Of file syncs: Unavailable, and the bytes will be lost in a crash whatever later syncs say
  // ("disk.sync_failure").
  double sync_failure = 0;
};

struct StoreOptions {
  Duration latency_min = microseconds(200);
  Duration latency_max = milliseconds(20);
  double late = 0;  // of calls: answered late ("store.late")
  Duration late_max = seconds(2);
  double unavailable_before = 0;  // of calls: nothing happened ("store.unavailable_before")
  double unavailable_after = 0;   // of calls: it happened ("store.unavailable_after")
  // Of creates, deletes and finishes: it happens later, perhaps after other calls of the same
  // caller ("store.unavailable_later").
  double unavailable_later = 0;
  // Of creates answered Unavailable: the same bytes are sent once more, much later
  // ("store.duplicate").
  double duplicate = 0;
  Duration duplicate_max = seconds(20);
};

struct Options {
  uint64_t seed = 1;
  ScheduleOptions schedule;
  NetworkOptions network;
  DiskOptions disk;
  StoreOptions store;
  bool buggify = false;  // rare branches of the program are taken often (env::Chaos::Buggify)
  std::string mutant;    // the one deliberate fault that is on; empty: none

  uint64_t events_max = 50'000'000;  // a world that runs longer is taken for a livelock
  size_t trace_lines_max = 0;        // of the newest events, kept as text for World::Trace
};

/// No faults, only the order of events is random.
Options CalmOptions(uint64_t seed);

/// A swarm: each fault is on in half of the worlds, with a rate of its own, and Buggify in half.
/// Worlds with few faults go deep where worlds with all of them would never get.
/// Source: Groce et al., "Swarm Testing", ISSTA 2012.
Options RoughOptions(uint64_t seed);

}  // namespace weir::sim
