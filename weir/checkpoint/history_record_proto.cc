#include "weir/checkpoint/history_record_proto.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string_view>

#include "weir/checkpoint/history.pb.h"

namespace weir::checkpoint {
namespace {

// ---- to proto

proto::KeyGroupRange ToProto(base::KeyGroupRange range) {
  proto::KeyGroupRange out;
  out.set_first(range.first.number());
  out.set_end(range.end.number());
  return out;
}

proto::CheckpointRef ToProto(CheckpointRef ref) {
  proto::CheckpointRef out;
  out.set_number(ref.number.number());
  out.set_checkpoint(ref.checkpoint.number());
  return out;
}

proto::Schema ToProto(const record::Schema& schema) {
  base::ByteWriter bytes;
  schema.Encode(bytes);
  proto::Schema out;
  out.set_text(schema.ToString());
  out.set_encoded(bytes.Take());
  return out;
}

proto::State ToProto(const StateSnapshot& state) {
  proto::State out;
  out.set_name(state.name);
  out.set_kind(state.kind);
  if (state.key_schema) *out.mutable_key_schema() = ToProto(*state.key_schema);
  if (state.value_schema) *out.mutable_value_schema() = ToProto(*state.value_schema);
  out.set_serializer_version(state.serializer_version);
  return out;
}

proto::Item ToProto(const ListItem& item) {
  proto::Item out;
  out.set_state(item.state);
  out.set_redistribution(static_cast<proto::Item::Redistribution>(item.redistribution));
  out.set_origin(item.origin.number());
  out.set_payload(item.payload);
  return out;
}

proto::PendingCommit ToProto(const PendingCommit& pending) {
  proto::PendingCommit out;
  out.set_origin(pending.origin.number());
  out.set_lineage(ToHex(pending.lineage.number()));
  out.set_checkpoint(pending.checkpoint.number());
  out.set_payload(pending.payload);
  return out;
}

proto::Split ToProto(const SplitSnapshot& split) {
  proto::Split out;
  out.set_id(split.id);
  out.set_position(split.position);
  out.set_finished(split.finished);
  out.set_watermark_state(split.watermark_state);
  return out;
}

proto::EventTimeRange ToProto(const EventTimeRange& range) {
  proto::EventTimeRange out;
  *out.mutable_key_groups() = ToProto(range.key_groups);
  out.set_watermark(range.watermark);
  out.set_end_of_input_done(range.end_of_input_done);
  return out;
}

proto::Operator ToProto(const OperatorSnapshot& op) {
  proto::Operator out;
  out.set_uid(op.uid);
  out.set_kind(op.kind);
  out.set_chain(op.chain);
  out.set_commits(op.commits);
  for (const StateSnapshot& state : op.states) *out.add_states() = ToProto(state);
  for (const ListItem& item : op.items) *out.add_items() = ToProto(item);
  for (const PendingCommit& pending : op.pending_commits)
    *out.add_pending_commits() = ToProto(pending);
  if (op.source) {
    proto::Source& source = *out.mutable_source();
    for (const SplitSnapshot& split : op.source->splits) *source.add_splits() = ToProto(split);
    source.set_discovery_final(op.source->discovery_final);
    source.set_enumerator_state(op.source->enumerator_state);
  }
  for (const EventTimeRange& range : op.event_times) *out.add_event_times() = ToProto(range);
  return out;
}

proto::Pack ToProto(const PackRef& pack) {
  proto::Pack out;
  out.set_name(pack.name);
  out.set_inlined(pack.inlined);
  out.set_bytes(pack.bytes);
  out.set_checksum(ToHex(pack.checksum));
  out.set_footer_offset(pack.footer_offset);
  out.set_footer_checksum(ToHex(pack.footer_checksum));
  for (const std::string& uid : pack.operators) out.add_operators(uid);
  *out.mutable_key_groups() = ToProto(pack.key_groups);
  return out;
}

proto::CheckpointBody ToProto(const CheckpointBody& body) {
  proto::CheckpointBody out;
  out.set_id(body.id.number());
  out.set_attempt(body.attempt.number());
  if (body.base != CheckpointRef()) *out.mutable_base() = ToProto(body.base);
  out.set_trigger_unix_ms(body.trigger_unix_ms);
  out.set_duration_us(std::chrono::duration_cast<std::chrono::microseconds>(body.duration).count());
  out.set_bytes_written(body.bytes_written);
  out.set_state_bytes(body.state_bytes);
  for (const ChainSummary& chain : body.chains) {
    proto::Chain& added = *out.add_chains();
    added.set_name(chain.name);
    added.set_parallelism(chain.parallelism);
  }
  for (const OperatorSnapshot& op : body.operators) *out.add_operators() = ToProto(op);
  for (const PackRef& pack : body.packs) *out.add_packs() = ToProto(pack);
  return out;
}

proto::HistoryRecord ToProto(const HistoryRecord& record) {
  proto::HistoryRecord out;
  out.set_format_version(record.format_version);
  out.set_number(record.number.number());
  out.set_kind(static_cast<proto::HistoryRecord::Kind>(record.kind));
  out.set_job(record.job);
  out.set_token(ToHex(record.token));
  out.set_epoch(record.epoch.number());
  out.set_lineage(ToHex(record.lineage.number()));
  out.set_hash_seed(ToHex(record.hash_seed));
  out.set_max_parallelism(record.max_parallelism);
  out.set_plan_digest(record.plan_digest);
  out.set_writer(record.writer);
  out.set_written_unix_ms(record.written_unix_ms);
  out.set_highest_checkpoint(record.highest_checkpoint.number());
  if (record.base != CheckpointRef()) *out.mutable_base() = ToProto(record.base);
  for (const RetainedCheckpoint& retained : record.retained) {
    proto::RetainedCheckpoint& added = *out.add_retained();
    added.set_number(retained.ref.number.number());
    added.set_checkpoint(retained.ref.checkpoint.number());
    added.set_savepoint(retained.savepoint);
  }
  if (record.checkpoint) *out.mutable_checkpoint() = ToProto(*record.checkpoint);
  out.set_savepoint(record.savepoint);
  out.set_base_finished(record.base_finished);
  if (record.end) out.set_end(static_cast<proto::HistoryRecord::EndReason>(*record.end));
  return out;
}

// ---- from proto

base::KeyGroupRange FromProto(const proto::KeyGroupRange& range) {
  return {base::KeyGroup(range.first()), base::KeyGroup(range.end())};
}

CheckpointRef FromProto(const proto::CheckpointRef& ref) {
  return {base::HistoryNumber(ref.number()), base::CheckpointId(ref.checkpoint())};
}

// Converts what can be wrong in itself, and remembers the first thing that was.
class Reader {
 public:
  const Status& status() const { return status_; }

  uint64_t Hex(std::string_view what, const std::string& text) {
    uint64_t number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (text.size() != 16 || error != std::errc() || stop != text.data() + text.size()) {
      Fail(what, " is not 16 hexadecimal digits");
    }
    return number;
  }

  std::optional<record::Schema> Read(const proto::Schema& schema) {
    base::ByteReader bytes(schema.encoded());
    StatusOr<record::Schema> decoded = record::Schema::Decode(bytes);
    if (!decoded.ok() || !bytes.ok() || !bytes.AtEnd()) {
      Fail("schema ", schema.text(), " cannot be decoded");
      return std::nullopt;
    }
    return *std::move(decoded);
  }

  StateSnapshot Read(const proto::State& state) {
    StateSnapshot out{
        .name = state.name(), .kind = state.kind(), .key_schema = {}, .value_schema = {}};
    if (state.has_key_schema()) out.key_schema = Read(state.key_schema());
    if (state.has_value_schema()) out.value_schema = Read(state.value_schema());
    out.serializer_version = state.serializer_version();
    return out;
  }

  ListItem Read(const proto::Item& item) {
    return {item.state(), static_cast<state::Redistribution>(item.redistribution()),
            base::SubtaskIndex(item.origin()), item.payload()};
  }

  PendingCommit Read(const proto::PendingCommit& pending) {
    return {base::SubtaskIndex(pending.origin()),
            base::Lineage(Hex("lineage of a committable", pending.lineage())),
            base::CheckpointId(pending.checkpoint()), pending.payload()};
  }

  OperatorSnapshot Read(const proto::Operator& op) {
    OperatorSnapshot out;
    out.uid = op.uid();
    out.kind = op.kind();
    out.chain = op.chain();
    out.commits = op.commits();
    for (const proto::State& state : op.states()) out.states.push_back(Read(state));
    for (const proto::Item& item : op.items()) out.items.push_back(Read(item));
    for (const proto::PendingCommit& pending : op.pending_commits())
      out.pending_commits.push_back(Read(pending));
    if (op.has_source()) {
      SourceSnapshot& source = out.source.emplace();
      for (const proto::Split& split : op.source().splits()) {
        source.splits.push_back(
            {split.id(), split.position(), split.finished(), split.watermark_state()});
      }
      source.discovery_final = op.source().discovery_final();
      source.enumerator_state = op.source().enumerator_state();
    }
    for (const proto::EventTimeRange& range : op.event_times()) {
      out.event_times.push_back(
          {FromProto(range.key_groups()), range.watermark(), range.end_of_input_done()});
    }
    return out;
  }

  PackRef Read(const proto::Pack& pack) {
    PackRef out;
    out.name = pack.name();
    out.inlined = pack.inlined();
    out.bytes = pack.bytes();
    out.checksum = Hex("checksum of a pack", pack.checksum());
    out.footer_offset = pack.footer_offset();
    out.footer_checksum = Hex("footer checksum of a pack", pack.footer_checksum());
    out.operators.assign(pack.operators().begin(), pack.operators().end());
    out.key_groups = FromProto(pack.key_groups());
    return out;
  }

  CheckpointBody Read(const proto::CheckpointBody& body) {
    CheckpointBody out;
    out.id = base::CheckpointId(body.id());
    out.attempt = base::Attempt(body.attempt());
    out.base = FromProto(body.base());
    out.trigger_unix_ms = body.trigger_unix_ms();
    constexpr int64_t kMicrosecondsMax = INT64_MAX / 1000;
    if (body.duration_us() < 0 || body.duration_us() > kMicrosecondsMax)
      Fail("duration is out of range");
    out.duration =
        std::chrono::microseconds(std::clamp(body.duration_us(), int64_t{0}, kMicrosecondsMax));
    out.bytes_written = body.bytes_written();
    out.state_bytes = body.state_bytes();
    for (const proto::Chain& chain : body.chains())
      out.chains.push_back({chain.name(), chain.parallelism()});
    for (const proto::Operator& op : body.operators()) out.operators.push_back(Read(op));
    for (const proto::Pack& pack : body.packs()) out.packs.push_back(Read(pack));
    return out;
  }

  HistoryRecord Read(const proto::HistoryRecord& record) {
    HistoryRecord out;
    out.format_version = record.format_version();
    out.number = base::HistoryNumber(record.number());
    out.kind = static_cast<RecordKind>(record.kind());
    out.job = record.job();
    out.token = Hex("token", record.token());
    out.epoch = base::Epoch(record.epoch());
    out.lineage = base::Lineage(Hex("lineage", record.lineage()));
    out.hash_seed = Hex("hash seed", record.hash_seed());
    out.max_parallelism = record.max_parallelism();
    out.plan_digest = record.plan_digest();
    out.writer = record.writer();
    out.written_unix_ms = record.written_unix_ms();
    out.highest_checkpoint = base::CheckpointId(record.highest_checkpoint());
    out.base = FromProto(record.base());
    for (const proto::RetainedCheckpoint& retained : record.retained()) {
      const CheckpointRef ref{base::HistoryNumber(retained.number()),
                              base::CheckpointId(retained.checkpoint())};
      out.retained.push_back({ref, retained.savepoint()});
    }
    if (record.has_checkpoint()) out.checkpoint = Read(record.checkpoint());
    out.savepoint = record.savepoint();
    out.base_finished = record.base_finished();
    if (record.end() != proto::HistoryRecord::NONE) out.end = static_cast<EndReason>(record.end());
    return out;
  }

 private:
  template <class... Args>
  void Fail(const Args&... args) {
    if (status_.ok()) status_ = DataLossError(args...);
  }
  Status status_;
};

// The version stands first in every version of the format, so that it can be read before anything
// else is understood.
StatusOr<uint32_t> VersionOf(std::string_view json) {
  constexpr std::string_view kBegin = "{\"format_version\":";
  if (!json.starts_with(kBegin)) return DataLossError("does not begin with its format version");
  json.remove_prefix(kBegin.size());
  uint32_t version = 0;
  const auto [stop, error] = std::from_chars(json.data(), json.data() + json.size(), version);
  if (error != std::errc() || stop == json.data() + json.size() || (*stop != ',' && *stop != '}')) {
    return DataLossError("has no readable format version");
  }
  return version;
}

}  // namespace

std::string ToHex(uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

std::string RecordToJson(const HistoryRecord& record) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  WEIR_CHECK(google::protobuf::util::MessageToJsonString(ToProto(record), &json, options).ok());
  return json;
}

StatusOr<HistoryRecord> RecordFromJson(const std::string& json) {
  WEIR_ASSIGN_OR_RETURN(const uint32_t version, VersionOf(json));
  if (version > kHistoryFormatVersion) {
    return FailedPreconditionError("was written by a newer version of Weir (format ", version,
                                   ", this one reads up to ", kHistoryFormatVersion,
                                   "): use that version");
  }
  proto::HistoryRecord message;
  if (const auto status = google::protobuf::util::JsonStringToMessage(json, &message);
      !status.ok()) {
    return DataLossError("is no JSON of a record: ",
                         std::string_view(status.message().data(), status.message().size()));
  }
  Reader reader;
  HistoryRecord record = reader.Read(message);
  if (!reader.status().ok()) return reader.status();
  return record;
}

}  // namespace weir::checkpoint
