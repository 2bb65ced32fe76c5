#include "weir/cluster/split_ledger.h"

#include <algorithm>
#include <utility>

namespace weir::cluster {

SplitLedger::SplitLedger(const checkpoint::SourceSnapshot& books) : final_(books.discovery_final) {
  for (const checkpoint::SplitSnapshot& split : books.splits) {
    if (split.finished) {
      finished_.insert(split.id);
    } else {
      unassigned_.push_back({split.id, split.position});
    }
  }
  std::ranges::reverse(unassigned_);
}

void SplitLedger::OnDiscovered(const runtime::Discovery& discovery) {
  std::set<std::string> known = finished_;
  known.insert(assigned_.begin(), assigned_.end());
  for (const runtime::Split& split : unassigned_) known.insert(split.id);
  std::vector<runtime::Split> fresh;
  for (const runtime::Split& split : discovery.splits) {
    if (known.insert(split.id).second) fresh.push_back(split);
  }
  unassigned_.insert(unassigned_.begin(), fresh.rbegin(), fresh.rend());
  final_ = discovery.final;
}

std::vector<runtime::Split> SplitLedger::Assign() {
  if (unassigned_.empty()) return {};
  std::vector<runtime::Split> splits = {std::move(unassigned_.back())};
  unassigned_.pop_back();
  assigned_.insert(splits.front().id);
  return splits;
}

checkpoint::SourceAtTrigger SplitLedger::Capture(const std::string& uid) const {
  checkpoint::SourceAtTrigger trigger;
  trigger.uid = uid;
  trigger.snapshot.discovery_final = final_;
  for (auto split = unassigned_.rbegin(); split != unassigned_.rend(); ++split) {
    trigger.snapshot.splits.push_back(
        {.id = split->id, .position = split->position, .finished = false, .watermark_state = {}});
  }
  for (const std::string& id : finished_) {
    trigger.snapshot.splits.push_back(
        {.id = id, .position = {}, .finished = true, .watermark_state = {}});
  }
  trigger.assigned.assign(assigned_.begin(), assigned_.end());
  return trigger;
}

}  // namespace weir::cluster
