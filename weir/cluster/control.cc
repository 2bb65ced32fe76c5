#include "weir/cluster/control.h"

#include <algorithm>

namespace weir::cluster {

proto::Subtask ToProto(base::SubtaskId subtask) {
  proto::Subtask out;
  out.set_chain(subtask.chain.number());
  out.set_index(subtask.subtask.number());
  return out;
}

base::SubtaskId FromProto(const proto::Subtask& subtask) {
  return {base::ChainIndex(subtask.chain()), base::SubtaskIndex(subtask.index())};
}

proto::StatusMessage ToProto(const Status& status) {
  proto::StatusMessage out;
  out.set_code(static_cast<uint32_t>(status.code()));
  out.set_message(std::string(status.message()));
  return out;
}

Status FromProto(const proto::StatusMessage& status) {
  const uint32_t code = status.code() <= static_cast<uint32_t>(StatusCode::kDataLoss)
                            ? status.code()
                            : static_cast<uint32_t>(StatusCode::kUnknown);
  return {static_cast<StatusCode>(code), status.message()};
}

proto::Pack ToProto(const checkpoint::PackRef& pack) {
  proto::Pack out;
  out.set_name(pack.name);
  out.set_inlined(pack.inlined);
  out.set_bytes(pack.bytes);
  out.set_checksum(pack.checksum);
  out.set_footer_offset(pack.footer_offset);
  out.set_footer_checksum(pack.footer_checksum);
  for (const std::string& uid : pack.operators) out.add_operators(uid);
  out.set_first_key_group(pack.key_groups.first.number());
  out.set_end_key_group(pack.key_groups.end.number());
  return out;
}

checkpoint::PackRef FromProto(const proto::Pack& pack) {
  checkpoint::PackRef out;
  out.name = pack.name();
  out.inlined = pack.inlined();
  out.bytes = pack.bytes();
  out.checksum = pack.checksum();
  out.footer_offset = pack.footer_offset();
  out.footer_checksum = pack.footer_checksum();
  out.operators.assign(pack.operators().begin(), pack.operators().end());
  out.key_groups = {base::KeyGroup(pack.first_key_group()), base::KeyGroup(pack.end_key_group())};
  return out;
}

std::vector<runtime::Split> FromProto(
    const google::protobuf::RepeatedPtrField<proto::Split>& splits) {
  std::vector<runtime::Split> out;
  for (const proto::Split& split : splits)
    out.push_back({split.id(), split.position(), split.watermark_state()});
  return out;
}

void ToProto(const std::vector<runtime::Split>& splits,
             google::protobuf::RepeatedPtrField<proto::Split>* out) {
  for (const runtime::Split& split : splits) {
    proto::Split* message = out->Add();
    message->set_id(split.id);
    message->set_position(split.position);
    message->set_watermark_state(split.watermark_state);
  }
}

proto::SubtaskState ToProto(const runtime::SubtaskState& state) {
  proto::SubtaskState out;
  ToProto(state.splits, out.mutable_splits());
  for (const std::string& id : state.finished_splits) out.add_finished_splits(id);
  for (const runtime::OperatorItem& item : state.items) {
    proto::Item* message = out.add_items();
    message->set_uid(item.uid);
    message->set_state(item.state);
    message->set_redistribution(static_cast<uint32_t>(item.redistribution));
    message->set_bytes(item.bytes);
  }
  for (const runtime::OperatorCommittable& pending : state.committables) {
    proto::Committable* message = out.add_committables();
    message->set_uid(pending.uid);
    message->set_origin(pending.committable.origin.number());
    message->set_lineage(pending.committable.lineage.number());
    message->set_checkpoint(pending.committable.checkpoint.number());
    message->set_payload(pending.committable.payload);
  }
  for (const runtime::OperatorEventTime& part : state.event_times) {
    proto::OperatorEventTime* message = out.add_event_times();
    message->set_uid(part.uid);
    message->set_first_key_group(part.key_groups.first.number());
    message->set_end_key_group(part.key_groups.end.number());
    message->set_watermark(part.watermark);
  }
  out.set_ended(state.ended);
  return out;
}

runtime::SubtaskState FromProto(const proto::SubtaskState& state) {
  runtime::SubtaskState out;
  out.splits = FromProto(state.splits());
  out.finished_splits.assign(state.finished_splits().begin(), state.finished_splits().end());
  for (const proto::Item& item : state.items()) {
    out.items.push_back({item.uid(), item.state(),
                         static_cast<state::Redistribution>(item.redistribution()), item.bytes()});
  }
  for (const proto::Committable& pending : state.committables()) {
    out.committables.push_back(
        {pending.uid(),
         {base::SubtaskIndex(pending.origin()), base::Lineage(pending.lineage()),
          base::CheckpointId(pending.checkpoint()), pending.payload()}});
  }
  for (const proto::OperatorEventTime& part : state.event_times()) {
    out.event_times.push_back(
        {part.uid(),
         {base::KeyGroup(part.first_key_group()), base::KeyGroup(part.end_key_group())},
         part.watermark()});
  }
  out.ended = state.ended();
  return out;
}

}  // namespace weir::cluster
