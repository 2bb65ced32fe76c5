// RateLimit: so many rows a second, evenly. What a pause saved up is handed out at once only up to
// limits::kRateBurstMax.
// Threads: one caller at a time.
#pragma once

#include <cstdint>

#include "weir/base/time.h"

namespace weir::connectors {

class RateLimit {
 public:
  /// Units: rows a second; 0 means no limit.
  RateLimit(double rows_per_second, base::Instant now);

  /// How many rows may go now.
  uint32_t Allowed(base::Instant now);

  /// `rows` went.
  void Spend(uint32_t rows) { next_row_ns_ += rows * row_ns_; }

  /// How long until about a millisecond's worth of rows (one, if they are rarer) may go.
  Duration Wait(base::Instant now) const;

 private:
  double row_ns_;       // time between two rows; 0: no limit
  double next_row_ns_;  // when the next row is due, after start_
  base::Instant start_;
};

}  // namespace weir::connectors
