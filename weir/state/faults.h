// Faults: the deliberate mistakes of this module, each of which a test must notice.
// Threads: values.
#pragma once

#include "weir/env/env.h"

namespace weir::state {

/// All off in production. Asked for once, when a backend is made; looked at in cold paths only.
struct Faults {
  bool encode_after_write = false;  // a row is changed before the running snapshot has its value
  bool mark_lost = false;  // a change before an aborted snapshot is no longer known after it
  bool tombstone_dropped = false;     // a deletion is forgotten before a snapshot covers it
  bool map_page_unfrozen = false;     // a page of a large map is changed before the snapshot has it
  bool key_group_off_by_one = false;  // a restore takes the groups beside its range

  static Faults Of(env::Chaos& chaos) {
    return {.encode_after_write = chaos.Mutant("state.encode-after-write"),
            .mark_lost = chaos.Mutant("state.mark-lost"),
            .tombstone_dropped = chaos.Mutant("state.tombstone-dropped"),
            .map_page_unfrozen = chaos.Mutant("state.map-page-unfrozen"),
            .key_group_off_by_one = chaos.Mutant("state.key-group-off-by-one")};
  }
};

}  // namespace weir::state
