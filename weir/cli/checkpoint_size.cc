#include "weir/cli/checkpoint_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <ranges>
#include <set>
#include <utility>

#include "weir/base/check.h"
#include "weir/cli/table.h"
#include "weir/cli/units.h"

namespace weir::cli {
namespace {

using checkpoint::HistoryRecord;
using checkpoint::OperatorSnapshot;
using checkpoint::PackIndex;
using Kind = PartSize::Kind;

// What lies in the record itself.
void AddRecordParts(const OperatorSnapshot& op, std::vector<PartSize>& parts) {
  PartSize items{op.uid, "", Kind::kListState, 0};
  for (const checkpoint::ListItem& item : op.items) items.bytes += item.payload.size();
  PartSize splits{op.uid, "", Kind::kSplits, 0};
  if (op.source) {
    for (const checkpoint::SplitSnapshot& split : op.source->splits)
      splits.bytes += split.id.size() + split.position.size() + split.watermark_state.size();
  }
  PartSize commits{op.uid, "", Kind::kCommits, 0};
  for (const checkpoint::PendingCommit& commit : op.pending_commits)
    commits.bytes += commit.payload.size();
  for (const PartSize& part : {items, splits, commits}) {
    if (part.bytes > 0) parts.push_back(part);
  }
}

// The chunks of packs by state, in the order of operators and their states.
std::vector<PartSize> PartsOf(const HistoryRecord& record, const std::vector<PackIndex>& indices) {
  std::map<std::pair<std::string, std::string>, uint64_t> states;
  for (const PackIndex& index : indices) {
    for (const PackIndex::Entry& entry : index.entries) {
      const checkpoint::PackState& state = index.states[entry.state];
      states[{state.operator_uid, state.state}] += entry.bytes;
    }
  }
  std::vector<PartSize> parts;
  for (const OperatorSnapshot& op : record.checkpoint->operators) {
    for (const checkpoint::StateSnapshot& state : op.states)
      parts.push_back({op.uid, state.name, Kind::kKeyedState, states[{op.uid, state.name}]});
    AddRecordParts(op, parts);
  }
  return parts;
}

// How many of the records name each pack that is a file.
std::map<std::string, size_t> Users(const std::vector<HistoryRecord>& records) {
  std::map<std::string, size_t> users;
  for (const HistoryRecord& record : records) {
    std::set<std::string> names;
    for (const checkpoint::PackRef& pack : record.checkpoint->packs) names.insert(pack.name);
    for (const std::string& name : names) ++users[name];
  }
  users.erase("");  // packs in records
  return users;
}

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kKeyedState:
      return "keyed-state";
    case Kind::kListState:
      return "list-state";
    case Kind::kSplits:
      return "splits";
    case Kind::kCommits:
      return "commits";
    case Kind::kIndex:
      return "index";
  }
  return "unknown";
}

std::string Called(const PartSize& part) {
  switch (part.kind) {
    case Kind::kKeyedState:
      return part.name;
    case Kind::kListState:
      return "(list state)";
    case Kind::kSplits:
      return "(splits)";
    case Kind::kCommits:
      return "(pending commits)";
    case Kind::kIndex:
      return "(index of packs)";
  }
  return {};
}

std::string PartsText(const CheckpointSize& size) {
  using enum Table::Align;
  Table table({{"  operator"}, {"state"}, {"bytes", kRight}, {"share", kRight}});
  for (const PartSize& part : size.parts) {
    const double share =
        size.bytes() == 0 ? 0 : static_cast<double>(part.bytes) / static_cast<double>(size.bytes());
    table.Add({"  " + part.operator_uid, Called(part), FormatBytes(part.bytes),
               fmt::format("{:.0f} %", 100 * share)});
  }
  return Concat("\ncheckpoint ", size.id, "\n", table.ToString());
}

}  // namespace

CheckpointSizes SizesOf(const std::vector<HistoryRecord>& records,
                        const std::vector<std::vector<PackIndex>>& indices) {
  WEIR_CHECK(records.size() == indices.size());
  const std::map<std::string, size_t> users = Users(records);
  std::set<std::string> counted;
  CheckpointSizes sizes;
  for (size_t i = 0; i < records.size(); ++i) {
    const checkpoint::CheckpointBody& body = *records[i].checkpoint;
    CheckpointSize size;
    size.id = body.id.number();
    size.savepoint = records[i].savepoint;
    size.packs = body.packs.size();
    size.parts = PartsOf(records[i], indices[i]);
    uint64_t in_packs = 0;
    for (const checkpoint::PackRef& pack : body.packs) {
      const auto found = users.find(pack.name);
      const bool shared = found != users.end() && found->second > 1;
      (shared ? size.shared_bytes : size.own_bytes) += pack.bytes;
      if (!shared || counted.insert(pack.name).second) sizes.total_bytes += pack.bytes;
      in_packs += pack.bytes;
    }
    for (const PartSize& part : size.parts) {
      if (part.kind == Kind::kKeyedState) {
        in_packs -= std::min(in_packs, part.bytes);
      } else {
        size.own_bytes += part.bytes;
        sizes.total_bytes += part.bytes;
      }
    }
    if (in_packs > 0) size.parts.push_back({"", "", Kind::kIndex, in_packs});
    sizes.checkpoints.push_back(std::move(size));
  }
  return sizes;
}

std::string SizesText(const CheckpointSizes& sizes) {
  using enum Table::Align;
  Table table({{"  id", kRight},
               {"bytes", kRight},
               {"its own", kRight},
               {"shared", kRight},
               {"packs", kRight}});
  for (const CheckpointSize& size : std::views::reverse(sizes.checkpoints)) {
    table.Add({Concat(size.id), FormatBytes(size.bytes()), FormatBytes(size.own_bytes),
               FormatBytes(size.shared_bytes), Concat(size.packs)});
  }
  table.Add({"all", FormatBytes(sizes.total_bytes), "", "", ""});
  return table.ToString() + PartsText(sizes.checkpoints.back());
}

std::string SizesJson(const std::string& job, const CheckpointSizes& sizes) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const CheckpointSize& size : std::views::reverse(sizes.checkpoints)) {
    nlohmann::ordered_json parts = nlohmann::ordered_json::array();
    for (const PartSize& part : size.parts) {
      nlohmann::ordered_json entry = {{"kind", std::string(KindName(part.kind))}};
      if (!part.operator_uid.empty()) entry["operator"] = part.operator_uid;
      if (!part.name.empty()) entry["state"] = part.name;
      entry["bytes"] = part.bytes;
      parts.push_back(std::move(entry));
    }
    nlohmann::ordered_json entry = {{"id", size.id}};
    if (!size.savepoint.empty()) entry["savepoint"] = size.savepoint;
    entry["bytes"] = size.bytes();
    entry["own_bytes"] = size.own_bytes;
    entry["shared_bytes"] = size.shared_bytes;
    entry["packs"] = size.packs;
    entry["parts"] = std::move(parts);
    list.push_back(std::move(entry));
  }
  const nlohmann::ordered_json all = {
      {"job", job}, {"total_bytes", sizes.total_bytes}, {"checkpoints", std::move(list)}};
  return all.dump(2) + "\n";
}

}  // namespace weir::cli
