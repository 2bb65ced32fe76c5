// EventTime: what a source, or an operator that makes watermarks, says of event time, and what
// follows from it for those downstream.
// Threads: one caller at a time (the subtask).
#pragma once

#include <algorithm>
#include <optional>

#include "weir/base/time.h"
#include "weir/runtime/watermark_merge.h"

namespace weir::runtime {

/// Where event time is behind everything that was put out.
struct EventTime {
  // No record with a smaller timestamp follows, but late ones. Never falls; a smaller one is
  // ignored.
  Timestamp watermark = kMinTimestamp;
  // Nothing is known of event time for now: those downstream do not wait for it.
  bool idle = false;
  friend bool operator==(const EventTime&, const EventTime&) = default;
};

/// Remembers what was said, and says what is new.
class EventTimeReport {
 public:
  /// `restored`: the watermark that was said before the checkpoint.
  explicit EventTimeReport(Timestamp restored = kMinTimestamp) { said_.watermark = restored; }

  [[nodiscard]] WatermarkChange On(const EventTime& now) {
    WatermarkChange change;
    if (now.watermark > said_.watermark) change.watermark = now.watermark;
    if (now.idle != said_.idle) change.idle = now.idle;
    said_ = {std::max(said_.watermark, now.watermark), now.idle};
    return change;
  }

 private:
  EventTime said_;
};

}  // namespace weir::runtime
