#include "weir/cluster/split_ledger.h"

#include <algorithm>
#include <utility>

namespace weir::cluster {

SplitLedger::SplitLedger(SplitBooks books)
    : final_(books.discovery_final),
      unassigned_(std::move(books.unassigned)),
      finished_(books.finished.begin(), books.finished.end()) {
  std::ranges::reverse(unassigned_);
}

void SplitLedger::OnDiscovered(const runtime::Discovery& discovery) {
  std::vector<runtime::Split> fresh;
  for (const runtime::Split& split : discovery.splits) {
    const auto same_id = [&](const runtime::Split& known) { return known.id == split.id; };
    const bool known = finished_.contains(split.id) || assigned_.contains(split.id) || std::ranges::any_of(unassigned_, same_id) ||
                       std::ranges::any_of(fresh, same_id);
    if (!known) fresh.push_back(split);
  }
  unassigned_.insert(unassigned_.begin(), fresh.rbegin(), fresh.rend());
  final_ = discovery.final;
}

std::vector<runtime::Split> SplitLedger::Assign(base::SubtaskIndex) {
  if (unassigned_.empty()) return {};
  std::vector<runtime::Split> splits = {std::move(unassigned_.back())};
  unassigned_.pop_back();
  assigned_.insert(splits.front().id);
  return splits;
}

SplitLedger::AtTrigger SplitLedger::Capture() const {
  AtTrigger trigger;
  trigger.books.discovery_final = final_;
  trigger.books.unassigned.assign(unassigned_.rbegin(), unassigned_.rend());
  trigger.books.finished.assign(finished_.begin(), finished_.end());
  trigger.with_readers = assigned_;
  return trigger;
}

StatusOr<SplitBooks> SplitLedger::Close(const AtTrigger& trigger, const std::vector<ReaderPart>& parts) {
  SplitBooks books = trigger.books;
  std::set<std::string> missing = trigger.with_readers;
  std::vector<runtime::Split> unfinished;
  const auto found = [&](const std::string& id) -> Status {
    if (missing.erase(id) == 1) return {};
    return InternalError("a split is in a reader's snapshot that was not given to it, or twice: ", id);
  };
  for (const ReaderPart& part : parts) {
    for (const runtime::Split& split : part.unfinished) {
      WEIR_RETURN_IF_ERROR(found(split.id));
      unfinished.push_back(split);
    }
    for (const std::string& id : part.finished) {
      WEIR_RETURN_IF_ERROR(found(id));
      books.finished.push_back(id);
    }
  }
  if (!missing.empty()) return InternalError("a split was given to a reader but is in no snapshot: ", *missing.begin());
  books.unassigned.insert(books.unassigned.begin(), unfinished.begin(), unfinished.end());
  std::ranges::sort(books.finished);
  return books;
}

}  // namespace weir::cluster
