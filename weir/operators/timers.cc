#include "weir/operators/timers.h"

namespace weir::operators {

bool DomainTimers::Add(int64_t time) {
  if (times_.empty()) {
    times_ = {time, time};
    return true;
  }
  const auto at = std::lower_bound(times_.begin() + 1, times_.end(), time);
  if (at == times_.end() || *at != time) times_.insert(at, time);
  if (time >= times_[0]) return false;
  times_[0] = time;
  return true;
}

void DomainTimers::Remove(int64_t time) {
  if (times_.empty()) return;
  const auto at = std::lower_bound(times_.begin() + 1, times_.end(), time);
  if (at != times_.end() && *at == time) times_.erase(at);
}

DomainTimers::Look DomainTimers::LookAt(int64_t time) {
  if (times_.empty() || times_[0] != time) return Look::kStale;
  const bool fires = times_.size() > 1 && times_[1] == time;
  if (fires) times_.erase(times_.begin() + 1);
  if (times_.size() == 1) {
    times_.clear();
  } else {
    times_[0] = times_[1];
  }
  return fires ? Look::kFires : Look::kNothing;
}

StatusOr<TimersOfKey> TimersState::Of(const state::Row& row) const {
  TimersOfKey timers;
  if ((row.presence & cell().mask) == 0) return timers;
  const std::string_view bytes = cell().backend->table().BytesOfState(&row, cell().index);
  if (!state::DecodeAll(bytes, timers)) return DataLossError("the timers of a key do not decode");
  return timers;
}

}  // namespace weir::operators
