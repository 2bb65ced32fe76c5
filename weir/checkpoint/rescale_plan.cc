#include "weir/checkpoint/rescale_plan.h"

#include <algorithm>
#include <map>

#include "weir/base/check.h"

namespace weir::checkpoint {
namespace {

base::KeyGroupRange Overlap(base::KeyGroupRange a, base::KeyGroupRange b) {
  return {std::max(a.first, b.first), std::min(a.end, b.end)};
}

void RestorePacks(const CheckpointBody& body, std::string_view uid, OperatorRestore& restore) {
  for (const PackRef& pack : body.packs) {
    if (!std::ranges::count(pack.operators, uid) || !pack.key_groups.Overlaps(restore.key_groups))
      continue;
    restore.packs.push_back({pack, Overlap(pack.key_groups, restore.key_groups)});
  }
}

void RestoreEventTimes(const OperatorSnapshot& op, OperatorRestore& restore) {
  uint32_t covered = 0;
  bool all_done = true;
  Timestamp watermark = kMaxTimestamp;
  for (const EventTimeRange& range : op.event_times) {
    if (!range.key_groups.Overlaps(restore.key_groups)) continue;
    EventTimeRange cut = range;
    cut.key_groups = Overlap(range.key_groups, restore.key_groups);
    covered += cut.key_groups.count();
    watermark = std::min(watermark, cut.watermark);
    all_done = all_done && cut.end_of_input_done;
    restore.event_times.push_back(cut);
  }
  if (covered < restore.key_groups.count())
    return;  // nothing is known of some key group: as at the beginning
  restore.watermark = watermark;
  restore.end_of_input_done = all_done;
}

// At the old parallelism each item goes back to whom it came from; at another one they are dealt
// out in turn, to those who still have input: the others would never do anything with them.
void RestoreItems(const OperatorSnapshot& op, std::vector<OperatorRestore>& restores) {
  const bool rescaled = op.event_times.size() != restores.size();
  std::vector<OperatorRestore*> takers;
  const bool all_ended = std::ranges::all_of(restores, &OperatorRestore::end_of_input_done);
  for (OperatorRestore& restore : restores) {
    if (!rescaled || all_ended || !restore.end_of_input_done) takers.push_back(&restore);
  }
  std::map<std::string_view, size_t> turns;  // of each state
  for (const ListItem& item : op.items) {
    if (item.redistribution == state::Redistribution::kSplit) {
      const size_t turn = rescaled ? turns[item.state]++ : item.origin.number();
      takers[turn % takers.size()]->items.push_back(item);
    } else {
      for (OperatorRestore& restore : restores) restore.items.push_back(item);
    }
  }
}

}  // namespace

std::vector<OperatorRestore> PlanRestore(const HistoryRecord& record, std::string_view uid,
                                         uint32_t parallelism) {
  WEIR_CHECK(record.is_checkpoint());
  const CheckpointBody& body = *record.checkpoint;
  std::vector<OperatorRestore> restores(parallelism);
  for (uint32_t i = 0; i < parallelism; ++i) {
    restores[i].subtask = base::SubtaskIndex(i);
    restores[i].key_groups =
        base::KeyGroupsOf(restores[i].subtask, parallelism, record.max_parallelism);
  }
  const auto op = std::ranges::find(body.operators, uid, &OperatorSnapshot::uid);
  if (op == body.operators.end()) return restores;

  for (OperatorRestore& restore : restores) {
    RestorePacks(body, uid, restore);
    RestoreEventTimes(*op, restore);
  }
  RestoreItems(*op, restores);
  for (const PendingCommit& pending : op->pending_commits) {
    restores[pending.origin.number() % parallelism].pending_commits.push_back(pending);
  }
  for (OperatorRestore& restore : restores) {
    std::ranges::stable_sort(restore.pending_commits, {}, &PendingCommit::checkpoint);
  }
  return restores;
}

}  // namespace weir::checkpoint
