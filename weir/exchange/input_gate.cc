#include "weir/exchange/input_gate.h"

#include <utility>
#include <variant>

#include "weir/base/check.h"

namespace weir::exchange {

using record::StreamElement;

InputGate::InputGate(std::vector<Input> inputs) {
  channels_.reserve(inputs.size());
  for (Input& input : inputs) {
    channels_.push_back({.reader = std::move(input.reader), .port = input.port});
  }
}

StatusOr<std::optional<GateElement>> InputGate::Next() {
  for (size_t asked = 0; asked < channels_.size(); ++asked) {
    const size_t index = next_;
    Channel& channel = channels_[index];
    next_ = index + 1 == channels_.size() ? 0 : index + 1;
    if (!channel.blocked) {
      if (std::optional<StreamElement> element = channel.reader->Poll(); element.has_value()) {
        WEIR_RETURN_IF_ERROR(NoteDelivered(channel, *element));
        return std::optional<GateElement>(
            {.channel = base::ChannelIndex(static_cast<uint32_t>(index)),
             .port = channel.port,
             .element = std::move(*element)});
      }
    }
    WEIR_RETURN_IF_ERROR(channel.reader->status());
  }
  return std::optional<GateElement>();
}

Status InputGate::NoteDelivered(Channel& channel, const StreamElement& element) {
  if (channel.ended && !std::holds_alternative<record::Barrier>(element)) {
    return InternalError("an element that is no barrier follows the end of its channel");
  }
  if (std::holds_alternative<record::EndOfInput>(element)) {
    channel.ended = true;
    ++ended_count_;
  }
  return OkStatus();
}

void InputGate::Recycle(base::ChannelIndex channel, record::BatchPtr batch) {
  channels_[channel.number()].reader->Recycle(std::move(batch));
}

void InputGate::Block(base::ChannelIndex channel) { channels_[channel.number()].blocked = true; }

void InputGate::UnblockAll() {
  for (Channel& channel : channels_) channel.blocked = false;
}

Status InputGate::ForEachQueued(base::ChannelIndex channel,
                                const std::function<void(const StreamElement&)>& visit) {
  return channels_[channel.number()].reader->ForEachQueued(visit);
}

void InputGate::SetWakeTarget(WakeTarget* target) {
  for (Channel& channel : channels_) channel.reader->SetWakeTarget(target);
}

}  // namespace weir::exchange
