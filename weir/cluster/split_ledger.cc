#include "weir/cluster/split_ledger.h"

#include <algorithm>
#include <utility>

namespace weir::cluster {

SplitLedger::SplitLedger(const checkpoint::SourceSnapshot& books)
    : final_(books.discovery_final), enumerator_state_(books.enumerator_state) {
  for (const checkpoint::SplitSnapshot& split : books.splits) {
    if (split.finished) {
      finished_.insert(split.id);
    } else {
      unassigned_.push_back({split.id, split.position, split.watermark_state});
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
  enumerator_state_ = discovery.state;
}

void SplitLedger::OnWanted(base::SubtaskIndex reader) {
  if (std::ranges::find(waiting_, reader) == waiting_.end()) waiting_.push_back(reader);
}

std::optional<SplitLedger::Assignment> SplitLedger::Assign() {
  if (waiting_.empty() || (unassigned_.empty() && !final_)) return std::nullopt;
  const auto reader = std::ranges::min_element(waiting_, {}, [&](base::SubtaskIndex waiting) {
    const auto given = given_.find(waiting);
    return given == given_.end() ? 0 : given->second;
  });
  Assignment assignment{.reader = *reader, .split = {}};
  waiting_.erase(reader);
  if (unassigned_.empty()) return assignment;
  ++given_[assignment.reader];
  assigned_.insert(unassigned_.back().id);
  assignment.split = std::move(unassigned_.back());
  unassigned_.pop_back();
  return assignment;
}

checkpoint::SourceAtTrigger SplitLedger::Capture(const std::string& uid) const {
  checkpoint::SourceAtTrigger trigger;
  trigger.uid = uid;
  trigger.snapshot.discovery_final = final_;
  trigger.snapshot.enumerator_state = enumerator_state_;
  for (auto split = unassigned_.rbegin(); split != unassigned_.rend(); ++split) {
    trigger.snapshot.splits.push_back({.id = split->id,
                                       .position = split->position,
                                       .finished = false,
                                       .watermark_state = split->watermark_state});
  }
  for (const std::string& id : finished_) {
    trigger.snapshot.splits.push_back(
        {.id = id, .position = {}, .finished = true, .watermark_state = {}});
  }
  trigger.assigned.assign(assigned_.begin(), assigned_.end());
  return trigger;
}

}  // namespace weir::cluster
