// The rules of a record (docs/formats/history.md, "Rules"), one after the other.
#include <bit>
#include <set>
#include <string_view>

#include "weir/base/limits.h"
#include "weir/base/utf8.h"
#include "weir/checkpoint/history_record.h"
#include "weir/checkpoint/job_files.h"

namespace weir::checkpoint {
namespace {

template <class... Args>
Status Wrong(const Args&... args) {
  return DataLossError(args...);
}

// Text travels as JSON: what is not UTF-8 would not come back as it was.
Status CheckText(std::string_view what, std::string_view text) {
  return base::IsUtf8(text) ? Status() : Wrong(what, " is not UTF-8");
}

Status CheckName(std::string_view what, std::string_view name) {
  const Status status = CheckPathPart(what, name);
  return status.ok() ? status : Wrong(status.message());
}

Status CheckRange(std::string_view what, base::KeyGroupRange range, uint32_t max_parallelism) {
  if (range.first < range.end && range.end.number() <= max_parallelism) return {};
  return Wrong("key groups of ", what, " are out of range: [", range.first, ", ", range.end, ")");
}

Status CheckBase(std::string_view what, CheckpointRef base, base::HistoryNumber number) {
  if (base == CheckpointRef()) return {};
  if (base.number.number() == 0 || base.checkpoint.number() == 0 || base.number >= number) {
    return Wrong(what, " has the wrong base: record ", base.number, ", checkpoint ",
                 base.checkpoint);
  }
  return {};
}

Status CheckRetained(const HistoryRecord& record) {
  base::HistoryNumber last;
  std::set<std::string_view> names;
  for (const RetainedCheckpoint& entry : record.retained) {
    if (entry.ref.number <= last || entry.ref.number > record.number) {
      return Wrong("retained list is out of order at record ", entry.ref.number);
    }
    last = entry.ref.number;
    if (entry.ref.checkpoint.number() == 0 || entry.ref.checkpoint > record.highest_checkpoint) {
      return Wrong("retained list has a checkpoint that never was: ", entry.ref.checkpoint);
    }
    if (entry.savepoint.empty()) continue;
    WEIR_RETURN_IF_ERROR(CheckName("savepoint", entry.savepoint));
    if (!names.insert(entry.savepoint).second)
      return Wrong("two retained savepoints are named ", entry.savepoint);
  }
  const bool retains_itself = !record.retained.empty() && last == record.number;
  if (retains_itself != record.is_checkpoint())
    return Wrong("retained list must end with the checkpoint itself");
  if (record.is_checkpoint() &&
      record.retained.back() != RetainedCheckpoint{record.ref(), record.savepoint}) {
    return Wrong("retained list says something else of the checkpoint itself");
  }
  return {};
}

Status CheckPack(const PackRef& pack, const std::set<std::string_view>& uids,
                 uint32_t max_parallelism) {
  if (pack.name.empty() == pack.inlined.empty()) return Wrong("a pack is either named or inlined");
  if (!pack.name.empty() && !PackName::Parse(pack.name))
    return Wrong("no name of a pack: ", pack.name);
  if (!pack.inlined.empty() && pack.bytes != pack.inlined.size())
    return Wrong("an inlined pack is cut short");
  if (pack.footer_offset >= pack.bytes)
    return Wrong("footer of pack ", pack.name, " lies behind its end");
  for (const std::string& uid : pack.operators) {
    if (!uids.contains(uid))
      return Wrong("pack ", pack.name, " holds state of an unknown operator: ", uid);
  }
  return CheckRange("a pack", pack.key_groups, max_parallelism);
}

Status CheckSource(const OperatorSnapshot& op) {
  std::set<std::string_view> splits;
  for (const SplitSnapshot& split : op.source->splits) {
    WEIR_RETURN_IF_ERROR(CheckText("id of a split", split.id));
    if (split.id.empty()) return Wrong("a split of ", op.uid, " has no id");
    if (!splits.insert(split.id).second)
      return Wrong("split ", split.id, " of ", op.uid, " is there twice");
  }
  return {};
}

Status CheckOperator(const OperatorSnapshot& op, const HistoryRecord& record) {
  if (op.uid.empty()) return Wrong("an operator has no uid");
  WEIR_RETURN_IF_ERROR(CheckText("uid of an operator", op.uid));
  WEIR_RETURN_IF_ERROR(CheckText("kind of an operator", op.kind));
  if (op.chain >= record.checkpoint->chains.size())
    return Wrong("operator ", op.uid, " is of an unknown chain");
  std::set<std::string_view> states;
  for (const StateSnapshot& state : op.states) {
    WEIR_RETURN_IF_ERROR(CheckText("name of a state", state.name));
    WEIR_RETURN_IF_ERROR(CheckText("kind of a state", state.kind));
    if (state.name.empty() || state.kind.empty())
      return Wrong("a state of ", op.uid, " has no name or kind");
    if (!states.insert(state.name).second)
      return Wrong("state ", state.name, " of ", op.uid, " is there twice");
  }
  for (const ListItem& item : op.items) {
    WEIR_RETURN_IF_ERROR(CheckText("name of a state", item.state));
    if (item.state.empty()) return Wrong("an item of ", op.uid, " is of no state");
    if (item.redistribution != state::Redistribution::kSplit &&
        item.redistribution != state::Redistribution::kUnion) {
      return Wrong("an item of ", op.uid, ".", item.state, " is neither split nor union");
    }
  }
  for (const PendingCommit& pending : op.pending_commits) {
    if (pending.lineage.number() == 0 || pending.checkpoint.number() == 0 ||
        pending.checkpoint > record.highest_checkpoint) {
      return Wrong("a committable of ", op.uid, " is of no lineage or checkpoint");
    }
  }
  if (op.source) WEIR_RETURN_IF_ERROR(CheckSource(op));
  for (const EventTimeRange& range : op.event_times) {
    WEIR_RETURN_IF_ERROR(CheckRange(op.uid, range.key_groups, record.max_parallelism));
  }
  return {};
}

Status CheckBody(const HistoryRecord& record) {
  const CheckpointBody& body = *record.checkpoint;
  if (body.id.number() == 0 || body.id != record.highest_checkpoint) {
    return Wrong("checkpoint ", body.id, " is not the highest, ", record.highest_checkpoint);
  }
  if (body.attempt.number() == 0) return Wrong("checkpoint ", body.id, " is of no attempt");
  WEIR_RETURN_IF_ERROR(CheckBase("checkpoint", body.base, record.number));
  for (const ChainSummary& chain : body.chains) {
    WEIR_RETURN_IF_ERROR(CheckText("name of a chain", chain.name));
    if (chain.parallelism < 1 || chain.parallelism > record.max_parallelism) {
      return Wrong("parallelism of chain ", chain.name, " is out of range: ", chain.parallelism);
    }
  }
  std::set<std::string_view> uids;
  for (const OperatorSnapshot& op : body.operators) {
    WEIR_RETURN_IF_ERROR(CheckOperator(op, record));
    if (!uids.insert(op.uid).second) return Wrong("operator ", op.uid, " is there twice");
  }
  std::set<std::string_view> names;
  for (const PackRef& pack : body.packs) {
    WEIR_RETURN_IF_ERROR(CheckPack(pack, uids, record.max_parallelism));
    if (!pack.name.empty() && !names.insert(pack.name).second)
      return Wrong("pack ", pack.name, " is there twice");
  }
  return {};
}

Status CheckKind(const HistoryRecord& record) {
  const bool checkpoint =
      record.kind == RecordKind::kCheckpoint || record.kind == RecordKind::kSavepoint;
  const bool named = record.kind == RecordKind::kSavepoint || record.kind == RecordKind::kRelease;
  if (record.kind < RecordKind::kEpoch || record.kind > RecordKind::kEnd)
    return Wrong("no kind of a record");
  if (record.is_checkpoint() != checkpoint)
    return Wrong("a body belongs to checkpoints, and to all of them");
  if (record.savepoint.empty() == named)
    return Wrong("a name belongs to savepoints and releases, and to all of them");
  if (record.end.has_value() != (record.kind == RecordKind::kEnd))
    return Wrong("a reason belongs to an end");
  if (record.end && (*record.end < EndReason::kFinished || *record.end > EndReason::kStopped)) {
    return Wrong("no reason of an end");
  }
  const bool begins = record.epoch.number() == record.number.number();
  if (begins != (record.kind == RecordKind::kEpoch) ||
      record.epoch.number() > record.number.number()) {
    return Wrong("epoch ", record.epoch, " does not fit");
  }
  if (record.kind != RecordKind::kEpoch && record.base != CheckpointRef())
    return Wrong("a base belongs to an epoch");
  if (record.base_finished && record.base == CheckpointRef())
    return Wrong("a base that is finished must be there");
  return {};
}

}  // namespace

Status CheckRecord(const HistoryRecord& record) {
  if (record.format_version < 1 || record.format_version > kHistoryFormatVersion) {
    return Wrong("format version is out of range: ", record.format_version);
  }
  if (record.number.number() == 0) return Wrong("number is 0");
  if (record.epoch.number() == 0) return Wrong("epoch is 0");
  if (record.lineage.number() == 0) return Wrong("lineage is 0");
  if (!std::has_single_bit(record.max_parallelism) ||
      record.max_parallelism > limits::kMaxParallelismMax) {
    return Wrong("max parallelism is no power of two up to ", limits::kMaxParallelismMax, ": ",
                 record.max_parallelism);
  }
  WEIR_RETURN_IF_ERROR(CheckText("plan digest", record.plan_digest));
  WEIR_RETURN_IF_ERROR(CheckText("writer", record.writer));
  WEIR_RETURN_IF_ERROR(CheckName("job", record.job));
  if (!record.savepoint.empty()) WEIR_RETURN_IF_ERROR(CheckName("savepoint", record.savepoint));
  WEIR_RETURN_IF_ERROR(CheckKind(record));
  WEIR_RETURN_IF_ERROR(CheckBase("epoch", record.base, record.number));
  WEIR_RETURN_IF_ERROR(CheckRetained(record));
  return record.is_checkpoint() ? CheckBody(record) : Status();
}

}  // namespace weir::checkpoint
