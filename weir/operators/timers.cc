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
  Look look;
  if (times_.empty()) return look;
  const auto at = std::lower_bound(times_.begin() + 1, times_.end(), time);
  look.fires = at != times_.end() && *at == time;
  if (look.fires) times_.erase(at);
  if (times_[0] != time) return look;
  if (times_.size() == 1) {
    times_.clear();
  } else {
    times_[0] = times_[1];
    look.armed = times_[0];
  }
  return look;
}

StatusOr<TimersOfKey> TimersState::Of(const state::Row& row) const {
  TimersOfKey timers;
  if ((row.presence & cell().mask) == 0) return timers;
  const std::string_view bytes = cell().backend->table().BytesOfState(&row, cell().index);
  if (!state::DecodeAll(bytes, timers)) return DataLossError("the timers of a key do not decode");
  return timers;
}

}  // namespace weir::operators
