// Control messages on the wire, and the conversions between them and the structures of runtime and
// checkpoint.
// Threads: pure; a ControlLink as its methods say.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "weir/checkpoint/history_record.h"
#include "weir/cluster/actor.h"
#include "weir/cluster/control.pb.h"
#include "weir/env/transport.h"
#include "weir/runtime/subtask_state.h"

namespace weir::cluster {

proto::Subtask ToProto(base::SubtaskId subtask);
base::SubtaskId FromProto(const proto::Subtask& subtask);

proto::StatusMessage ToProto(const Status& status);
Status FromProto(const proto::StatusMessage& status);

proto::Pack ToProto(const checkpoint::PackRef& pack);
checkpoint::PackRef FromProto(const proto::Pack& pack);

proto::SubtaskState ToProto(const runtime::SubtaskState& state);
runtime::SubtaskState FromProto(const proto::SubtaskState& state);

std::vector<runtime::Split> FromProto(
    const google::protobuf::RepeatedPtrField<proto::Split>& splits);
void ToProto(const std::vector<runtime::Split>& splits,
             google::protobuf::RepeatedPtrField<proto::Split>* out);

/// Brings the frames of one control connection to an actor's loop, in order, as bytes.
/// Threads: called by the transport; the callbacks run on the loop.
class ControlLink final : public env::ConnectionHandler {
 public:
  ControlLink(Inbox inbox, std::function<void(std::string)> on_frame,
              std::function<void(Status)> on_closed)
      : inbox_(std::move(inbox)),
        on_frame_(std::make_shared<std::function<void(std::string)>>(std::move(on_frame))),
        on_closed_(std::make_shared<std::function<void(Status)>>(std::move(on_closed))) {}

  void OnFrame(std::string frame) override {
    inbox_.Post(
        [call = on_frame_, frame = std::move(frame)]() mutable { (*call)(std::move(frame)); });
  }
  void OnClosed(Status reason) override {
    inbox_.Post(
        [call = on_closed_, reason = std::move(reason)]() mutable { (*call)(std::move(reason)); });
  }

 private:
  const Inbox inbox_;
  // Owners: this and frames under way to the loop.
  std::shared_ptr<std::function<void(std::string)>> on_frame_;
  std::shared_ptr<std::function<void(Status)>> on_closed_;
};

}  // namespace weir::cluster
