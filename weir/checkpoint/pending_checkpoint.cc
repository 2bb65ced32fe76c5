#include "weir/checkpoint/pending_checkpoint.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "weir/base/check.h"
#include "weir/checkpoint/job_files.h"

namespace weir::checkpoint {
namespace {

constexpr size_t kMissingShownMax = 5;

// Puts what one subtask says of an operator behind what others said.
void Merge(const OperatorSnapshot& part, OperatorSnapshot& whole) {
  if (whole.kind.empty()) whole.kind = part.kind;
  whole.chain = part.chain;
  whole.commits = whole.commits || part.commits;
  for (const StateSnapshot& state : part.states) {
    const bool known =
        std::ranges::any_of(whole.states, [&](const auto& s) { return s.name == state.name; });
    if (!known) whole.states.push_back(state);
  }
  const auto append = [](const auto& from, auto& to) {
    to.insert(to.end(), from.begin(), from.end());
  };
  append(part.items, whole.items);
  append(part.pending_commits, whole.pending_commits);
  append(part.event_times, whole.event_times);
  if (!part.source) return;
  if (!whole.source) whole.source.emplace();
  append(part.source->splits, whole.source->splits);
}

// Every split that a reader held at the trigger must come back once. One that ended between the
// last report and the trigger may come back as finished although the coordinator knows it: the
// second word is dropped.
Status Balance(const SourceAtTrigger& source, OperatorSnapshot& op) {
  if (!op.source) op.source.emplace();
  std::set<std::string_view> assigned(source.assigned.begin(), source.assigned.end());
  std::set<std::string_view> finished;
  for (const SplitSnapshot& split : source.snapshot.splits) {
    if (split.finished) finished.insert(split.id);
  }
  std::vector<SplitSnapshot> all = source.snapshot.splits;
  for (SplitSnapshot& split : op.source->splits) {
    if (split.finished && finished.contains(split.id)) continue;
    if (assigned.erase(split.id) == 0) {
      return InternalError("source ", source.uid, ": split ", split.id,
                           " came back from a reader that did not hold it");
    }
    all.push_back(std::move(split));
  }
  if (!assigned.empty()) {
    return InternalError("source ", source.uid, ": split ", *assigned.begin(),
                         " came back from no reader");
  }
  op.source->splits = std::move(all);
  op.source->discovery_final = source.snapshot.discovery_final;
  op.source->enumerator_state = source.snapshot.enumerator_state;
  return {};
}

}  // namespace

PendingCheckpoint::PendingCheckpoint(Options options, env::Chaos& chaos)
    : options_(std::move(options)), chaos_(chaos) {
  WEIR_CHECK(!options_.expected.empty());
  for (const SubtaskId subtask : options_.expected) acknowledgements_[subtask] = std::nullopt;
  if (!options_.base) return;
  for (const PackRef& pack : options_.base->checkpoint->packs) base_packs_.insert(pack.name);
}

bool PendingCheckpoint::OnAcknowledge(Acknowledgement acknowledgement) {
  const bool believe = chaos_.Mutant("stale-attempt-accepted");
  if (acknowledgement.tag != options_.tag && !believe) {
    ++ignored_.stale;
    return false;
  }
  if (!acknowledgements_.contains(acknowledgement.subtask) ||
      !(Belongs(acknowledgement) || believe)) {
    ++ignored_.foreign;
    return false;
  }
  auto& slot = acknowledgements_[acknowledgement.subtask];
  if (slot || state_ != State::kCollecting) {
    ++ignored_.duplicate;
    return false;
  }
  slot = std::move(acknowledgement);
  if (!Missing().empty()) return false;
  state_ = State::kCollected;
  return true;
}

bool PendingCheckpoint::Belongs(const Acknowledgement& acknowledgement) const {
  return std::ranges::all_of(acknowledgement.packs, [&](const PackRef& pack) {
    if (pack.name.empty() || base_packs_.contains(pack.name)) return true;
    const std::optional<PackName> name = PackName::Parse(pack.name);
    return name && CheckpointTag{name->epoch, name->attempt, name->checkpoint} == options_.tag &&
           SubtaskId{name->chain, name->subtask} == acknowledgement.subtask;
  });
}

void PendingCheckpoint::OnDecline(const CheckpointTag& tag, SubtaskId subtask,
                                  const Status& reason) {
  if (tag != options_.tag) {
    ++ignored_.stale;
    return;
  }
  if (!acknowledgements_.contains(subtask)) {
    ++ignored_.foreign;
    return;
  }
  Abort(reason.Annotated(Concat("subtask ", subtask, " declined")));
}

bool PendingCheckpoint::OnTime(base::Instant now) {
  if (state_ != State::kCollecting || now < deadline()) return false;
  const std::vector<SubtaskId> missing = Missing();
  std::string shown;
  for (size_t i = 0; i < std::min(missing.size(), kMissingShownMax); ++i)
    shown += Concat(i == 0 ? "" : ", ", missing[i]);
  if (missing.size() > kMissingShownMax) shown += ", …";
  Abort(DeadlineExceededError(
      "checkpoint ", options_.tag.checkpoint, " took longer than ",
      std::chrono::duration_cast<std::chrono::milliseconds>(options_.timeout).count(), " ms; ",
      missing.size(), " of ", acknowledgements_.size(), " subtasks are missing: ", shown));
  return true;
}

void PendingCheckpoint::Abort(Status reason) {
  if (state_ != State::kCollecting) return;
  state_ = State::kAborted;
  reason_ = std::move(reason);
}

std::vector<SubtaskId> PendingCheckpoint::Missing() const {
  std::vector<SubtaskId> missing;
  for (const auto& [subtask, acknowledgement] : acknowledgements_) {
    if (!acknowledgement) missing.push_back(subtask);
  }
  return missing;
}

StatusOr<CheckpointBody> PendingCheckpoint::Assemble(base::Instant now) const {
  WEIR_CHECK(state_ == State::kCollected);
  CheckpointBody body;
  body.id = options_.tag.checkpoint;
  body.attempt = options_.tag.attempt;
  if (options_.base) body.base = options_.base->ref();
  body.trigger_unix_ms = options_.trigger_unix_ms;
  body.duration = now - options_.triggered;
  body.chains = options_.chains;

  std::map<std::string, OperatorSnapshot> operators;
  std::set<std::string> packs;
  for (const auto& [subtask, acknowledgement] : acknowledgements_) {
    body.bytes_written += acknowledgement->bytes_written;
    body.state_bytes += acknowledgement->state_bytes;
    for (const OperatorSnapshot& part : acknowledgement->operators) {
      OperatorSnapshot& whole = operators[part.uid];
      whole.uid = part.uid;
      Merge(part, whole);
    }
    for (const PackRef& pack : acknowledgement->packs) {
      if (pack.name.empty() || packs.insert(pack.name).second) body.packs.push_back(pack);
    }
  }
  for (const SourceAtTrigger& source : options_.sources) {
    const auto found = operators.find(source.uid);
    if (found == operators.end())
      return InternalError("source ", source.uid, " is in no acknowledgement");
    WEIR_RETURN_IF_ERROR(Balance(source, found->second));
  }
  for (auto& [uid, op] : operators) body.operators.push_back(std::move(op));
  return body;
}

}  // namespace weir::checkpoint
