#include "weir/cli/checkpoint_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <ranges>

#include "weir/cli/table.h"
#include "weir/cli/units.h"

namespace weir::cli {
namespace {

using checkpoint::CheckpointBody;
using checkpoint::HistoryRecord;
using checkpoint::OperatorSnapshot;

constexpr size_t kReadableMax = 60;
constexpr const char* kNone = "–";

std::string KindOf(const HistoryRecord& record) {
  return record.savepoint.empty() ? "checkpoint" : "savepoint " + record.savepoint;
}

std::string BaseOf(const CheckpointBody& body) {
  return body.base.checkpoint.number() == 0 ? kNone : Concat(body.base.checkpoint);
}

Duration Since(int64_t unix_ms, int64_t now_unix_ms) {
  return std::chrono::milliseconds(now_unix_ms - unix_ms);
}

std::string Groups(const base::KeyGroupRange& groups) {
  if (groups.first == groups.end) return "no key groups";
  return Concat("key groups ", groups.first, " to ", groups.end.number() - 1);
}

std::string StatesText(const OperatorSnapshot& op) {
  std::string text;
  for (const checkpoint::StateSnapshot& state : op.states) {
    text += Concat("    state ", state.name, ": ", state.kind, " state");
    if (state.value_schema) text += " of " + state.value_schema->ToString();
    if (state.key_schema) text += " by " + state.key_schema->ToString();
    text += "\n";
  }
  if (!op.items.empty()) text += Concat("    list state: ", op.items.size(), " items\n");
  return text;
}

std::string SplitsText(const OperatorSnapshot& op) {
  if (!op.source) return {};
  const auto finished =
      std::ranges::count(op.source->splits, true, &checkpoint::SplitSnapshot::finished);
  std::string text = Concat("    splits: ", op.source->splits.size(), ", ", finished, " finished",
                            op.source->discovery_final ? "" : ", more may appear", "\n");
  for (const checkpoint::SplitSnapshot& split : op.source->splits) {
    text += Concat("      ", Readable(split.id));
    if (split.finished) text += "  finished";
    if (!split.finished && !split.position.empty()) text += "  at " + Readable(split.position);
    if (!split.finished && split.position.empty()) text += "  not begun";
    text += "\n";
  }
  return text;
}

std::string CommitsText(const OperatorSnapshot& op) {
  std::string text;
  if (op.commits || !op.pending_commits.empty()) {
    text += Concat("    pending commits: ", op.pending_commits.size(), "\n");
  }
  for (const checkpoint::PendingCommit& commit : op.pending_commits) {
    text += Concat("      closed by checkpoint ", commit.checkpoint, ", subtask ", commit.origin,
                   ", lineage ", fmt::format("{:016x}", commit.lineage.number()), ": ",
                   Readable(commit.payload), "\n");
  }
  return text;
}

std::string EventTimeText(const OperatorSnapshot& op) {
  if (op.event_times.empty()) return {};
  const auto lowest = std::ranges::min(op.event_times, {}, &checkpoint::EventTimeRange::watermark);
  const bool ended =
      std::ranges::all_of(op.event_times, &checkpoint::EventTimeRange::end_of_input_done);
  std::string text;
  if (lowest.watermark != kMinTimestamp && lowest.watermark != kMaxTimestamp) {
    text += Concat("    watermark: ", lowest.watermark, "\n");
  }
  if (ended) text += "    its input has ended\n";
  return text;
}

std::string OperatorsText(const CheckpointBody& body) {
  std::string text = "operators\n";
  for (const OperatorSnapshot& op : body.operators) {
    text += Concat("  ", op.uid, "  (", op.kind, ")\n");
    text += StatesText(op) + SplitsText(op) + CommitsText(op) + EventTimeText(op);
  }
  return text;
}

std::string PacksText(const CheckpointBody& body) {
  Table table({{"  packs"}, {"bytes", Table::Align::kRight}, {"key groups"}, {"operators"}});
  for (const checkpoint::PackRef& pack : body.packs) {
    std::string uids;
    for (const std::string& uid : pack.operators) uids += (uids.empty() ? "" : ", ") + uid;
    table.Add({pack.name.empty() ? "  in the record" : "  " + pack.name, std::to_string(pack.bytes),
               Groups(pack.key_groups), uids});
  }
  return body.packs.empty() ? "packs: none\n" : table.ToString().substr(2);
}

std::string ChainsText(const CheckpointBody& body) {
  std::string text = "chains\n";
  for (const checkpoint::ChainSummary& chain : body.chains) {
    text += Concat("  ", chain.name, "  ", chain.parallelism,
                   chain.parallelism == 1 ? " subtask\n" : " subtasks\n");
  }
  return text;
}

bool IsPrintable(std::string_view bytes) {
  return std::ranges::all_of(bytes, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

std::string Readable(std::string_view bytes) {
  std::string text;
  if (IsPrintable(bytes)) {
    text = bytes;
  } else {
    text = "0x";
    for (const char c : bytes.substr(0, kReadableMax)) {
      text += fmt::format("{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (text.size() <= kReadableMax) return text;
  return Concat(text.substr(0, kReadableMax), "… (", bytes.size(), " bytes)");
}

std::string CheckpointList(const std::vector<HistoryRecord>& records, int64_t now_unix_ms) {
  using enum Table::Align;
  Table table({{"  id", kRight},
               {"when"},
               {"age", kRight},
               {"kind"},
               {"took", kRight},
               {"bytes written", kRight},
               {"state", kRight},
               {"base", kRight}});
  for (const HistoryRecord& record : std::views::reverse(records)) {
    const CheckpointBody& body = *record.checkpoint;
    table.Add({Concat(body.id), FormatWhen(record.written_unix_ms, now_unix_ms),
               FormatAge(Since(record.written_unix_ms, now_unix_ms)), KindOf(record),
               FormatMillis(body.duration), FormatBytes(body.bytes_written),
               FormatBytes(body.state_bytes), BaseOf(body)});
  }
  return table.ToString();
}

std::string CheckpointListJson(const std::vector<HistoryRecord>& records) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const HistoryRecord& record : std::views::reverse(records)) {
    const CheckpointBody& body = *record.checkpoint;
    nlohmann::ordered_json entry = {
        {"id", body.id.number()},
        {"kind", std::string(checkpoint::RecordKindName(record.kind))},
        {"written_unix_ms", record.written_unix_ms},
        {"took_ms", std::chrono::duration<double, std::milli>(body.duration).count()},
        {"bytes_written", body.bytes_written},
        {"state_bytes", body.state_bytes},
        {"packs", body.packs.size()},
        {"lineage", fmt::format("{:016x}", record.lineage.number())},
        {"history_number", record.number.number()}};
    if (!record.savepoint.empty()) entry["savepoint"] = record.savepoint;
    if (body.base.checkpoint.number() != 0) entry["base"] = body.base.checkpoint.number();
    list.push_back(std::move(entry));
  }
  return list.dump(2) + "\n";
}

std::string CheckpointDetails(const HistoryRecord& record, int64_t now_unix_ms) {
  const CheckpointBody& body = *record.checkpoint;
  Table head({{""}, {""}});
  head.Add({"kind", KindOf(record)});
  head.Add({"when", Concat(FormatWhen(record.written_unix_ms, now_unix_ms), ", ",
                           FormatAge(Since(record.written_unix_ms, now_unix_ms)), " ago")});
  head.Add({"base", BaseOf(body)});
  head.Add({"took", FormatMillis(body.duration)});
  head.Add({"bytes written", FormatBytes(body.bytes_written)});
  head.Add({"state", FormatBytes(body.state_bytes)});
  head.Add({"max parallelism", Concat(record.max_parallelism)});
  head.Add(
      {"written by", Concat(record.writer, ", epoch ", record.epoch, ", attempt ", body.attempt)});
  head.Add({"lineage", fmt::format("{:016x}", record.lineage.number())});
  head.Add({"plan digest", record.plan_digest});
  return Concat("checkpoint ", body.id, " of ", record.job, "\n", head.ToString(), "\n",
                ChainsText(body), "\n", OperatorsText(body), "\n", PacksText(body));
}

}  // namespace weir::cli
