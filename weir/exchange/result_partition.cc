#include "weir/exchange/result_partition.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "weir/base/check.h"
#include "weir/exchange/control_element.h"

namespace weir::exchange {

using record::AnyBatch;
using record::BatchPtr;
using record::ControlElement;
using record::StreamElement;

ResultPartition::ResultPartition(const Options& options,
                                 std::vector<std::unique_ptr<ChannelWriter>> destinations)
    : type_(options.type), partitioning_(options.partitioning), chaos_(options.chaos) {
  WEIR_CHECK(!destinations.empty());
  WEIR_CHECK(partitioning_ != Partitioning::kForward || destinations.size() == 1);
  destinations_.reserve(destinations.size());
  for (auto& writer : destinations) destinations_.push_back({.writer = std::move(writer)});
  if (partitioning_ == Partitioning::kRebalance) {
    destination_ = options.producer.number() % destinations_.size();
  }
  if (RowRouter::Routes(partitioning_) && destinations_.size() > 1) {
    router_.emplace(partitioning_, destination_count(), options.max_parallelism);
    routes_.resize(type_.capacity());
    closed_ = std::make_unique<AnyBatch>(type_);
    closed_->set_size(closed_->capacity());
    outputs_.assign(destinations_.size(), closed_.get());
  }
}

SendResult ResultPartition::Send(AnyBatch& batch) {
  WEIR_CHECK(!control_.has_value());
  WEIR_CHECK(sending_ == nullptr || sending_ == &batch);
  if (barrier_.has_value()) (void)SendBarrier();
  if (batch.empty()) return SendResult::kSent;
  sending_ = &batch;
  const SendResult result = router_.has_value()                         ? Scatter(batch)
                            : partitioning_ == Partitioning::kBroadcast ? Broadcast(batch)
                                                                        : SendWhole(batch);
  if (result == SendResult::kBlocked) return result;
  sending_ = nullptr;
  batch.Clear();
  // A flush that finds a channel full is tried again when it is due.
  if (chaos_.Buggify("exchange-early-flush")) (void)Flush();
  return SendResult::kSent;
}

// Every row by its hash. Scatter stops at a row whose destination is full or has no open batch.
SendResult ResultPartition::Scatter(AnyBatch& batch) {
  if (row_ == 0) {
    WEIR_CHECK(batch.hashes() != nullptr);
    router_->Route({batch.hashes(), batch.size()}, routes_.data());
  }
  const std::span<const uint16_t> routes(routes_.data(), batch.size());
  while ((row_ = type_.Scatter(batch, row_, routes, outputs_)) < batch.size()) {
    const size_t index = routes_[row_];
    if (destinations_[index].open != nullptr && Ship(index) == SendResult::kBlocked) {
      return SendResult::kBlocked;
    }
    if (Open(index) == SendResult::kBlocked) return SendResult::kBlocked;
  }
  row_ = 0;
  return SendResult::kSent;
}

SendResult ResultPartition::Broadcast(AnyBatch& batch) {
  for (; destination_ < destinations_.size(); ++destination_) {
    const Take take = destination_ + 1 == destinations_.size() ? Take::kMove : Take::kCopy;
    if (Append(destination_, batch, take) == SendResult::kBlocked) return SendResult::kBlocked;
  }
  destination_ = 0;
  return SendResult::kSent;
}

// The whole batch to one destination.
SendResult ResultPartition::SendWhole(AnyBatch& batch) {
  if (Append(destination_, batch, Take::kMove) == SendResult::kBlocked) return SendResult::kBlocked;
  if (partitioning_ == Partitioning::kRebalance) {
    destination_ = (destination_ + 1) % destinations_.size();
  }
  return SendResult::kSent;
}

// Puts all rows into one destination's open batch. A batch of some size is not moved row by row but
// becomes the open batch itself; only small ones are gathered.
SendResult ResultPartition::Append(size_t index, AnyBatch& batch, Take take) {
  Destination& destination = destinations_[index];
  if (destination.open != nullptr && !destination.open->empty()) {
    const AnyBatch& open = *destination.open;
    const bool fits = open.size() + batch.size() <= open.capacity() &&
                      open.heap_bytes() + batch.heap_bytes() <= limits::kBatchBytesMax;
    const bool small = batch.size() <= batch.capacity() / 4;
    if ((!fits || (take == Take::kMove && !small)) && Ship(index) == SendResult::kBlocked) {
      return SendResult::kBlocked;
    }
  }
  if (destination.open == nullptr && Open(index) == SendResult::kBlocked) {
    return SendResult::kBlocked;
  }
  if (take == Take::kCopy) {
    type_.Copy(batch, 0, batch.size(), *destination.open);
  } else if (destination.open->empty()) {
    destination.open->Swap(batch);
  } else {
    type_.Move(batch, 0, batch.size(), *destination.open);
  }
  return SendResult::kSent;
}

SendResult ResultPartition::Open(size_t index) {
  BatchPtr& open = destinations_[index].open;
  open = destinations_[index].writer->AcquireBatch();
  if (open == nullptr) return SendResult::kBlocked;
  if (router_.has_value()) outputs_[index] = open.get();
  return SendResult::kSent;
}

SendResult ResultPartition::Ship(size_t index) {
  Destination& destination = destinations_[index];
  if (destination.barrier_pending) return SendResult::kBlocked;
  StreamElement element(std::move(destination.open));
  const SendResult result = destination.writer->TrySend(element);
  if (result == SendResult::kBlocked) {
    destination.open = std::move(std::get<BatchPtr>(element));
  } else if (router_.has_value()) {
    outputs_[index] = closed_.get();
  }
  return result;
}

SendResult ResultPartition::Flush() {
  SendResult result = SendBarrier();
  for (size_t i = 0; i < destinations_.size(); ++i) {
    const BatchPtr& open = destinations_[i].open;
    if (open != nullptr && !open->empty() && Ship(i) == SendResult::kBlocked) {
      result = SendResult::kBlocked;
    }
  }
  return result;
}

SendResult ResultPartition::SendControl(const ControlElement& element) {
  WEIR_CHECK(sending_ == nullptr);
  (void)SendBarrier();
  if (!control_.has_value()) {
    control_ = element;
    for (Destination& destination : destinations_) destination.control_pending = true;
  }
  WEIR_CHECK(*control_ == element);
  SendResult result = SendResult::kSent;
  for (size_t i = 0; i < destinations_.size(); ++i) {
    Destination& destination = destinations_[i];
    if (!destination.control_pending) continue;
    const bool has_rows = destination.open != nullptr && !destination.open->empty();
    StreamElement copy = ElementOf(element);
    if (destination.barrier_pending || (has_rows && Ship(i) == SendResult::kBlocked) ||
        destination.writer->TrySend(copy) == SendResult::kBlocked) {
      result = SendResult::kBlocked;
    } else {
      destination.control_pending = false;
    }
  }
  if (result == SendResult::kSent) control_.reset();
  return result;
}

SendResult ResultPartition::Overtake(const record::Barrier& barrier,
                                     const std::function<void(const Overtaken&)>& visit) {
  WEIR_CHECK(barrier.mode == record::CheckpointMode::kUnaligned);
  for (uint32_t i = 0; i < destinations_.size(); ++i) {
    const Destination& destination = destinations_[i];
    const base::SubtaskIndex index(i);
    if (destination.open != nullptr && !destination.open->empty()) {
      visit({.destination = index,
             .rows = destination.open.get(),
             .begin = destination.writer->rows_sent()});
    }
    if (destination.control_pending) visit({.destination = index, .control = &*control_});
  }
  if (sending_ != nullptr) ShowUnsent(visit);
  barrier_ = barrier;
  for (Destination& destination : destinations_) destination.barrier_pending = true;
  return SendBarrier();
}

// Shows what a blocked Send has not put into open batches.
void ResultPartition::ShowUnsent(const std::function<void(const Overtaken&)>& visit) const {
  if (router_.has_value()) {
    visit({.destination = std::nullopt, .rows = sending_, .begin = row_});
    return;
  }
  const size_t end =
      partitioning_ == Partitioning::kBroadcast ? destinations_.size() : destination_ + 1;
  for (size_t i = destination_; i < end; ++i) {
    visit({.destination = base::SubtaskIndex(static_cast<uint32_t>(i)), .rows = sending_});
  }
}

// The barrier that overtakes, to destinations that had no room for it.
SendResult ResultPartition::SendBarrier() {
  if (!barrier_.has_value()) return SendResult::kSent;
  SendResult result = SendResult::kSent;
  for (Destination& destination : destinations_) {
    if (!destination.barrier_pending) continue;
    if (destination.writer->TryOvertake(*barrier_) == SendResult::kBlocked) {
      result = SendResult::kBlocked;
    } else {
      destination.barrier_pending = false;
    }
  }
  if (result == SendResult::kSent) barrier_.reset();
  return result;
}

bool ResultPartition::HasOpenRows() const {
  return barrier_.has_value() ||
         std::ranges::any_of(destinations_, [](const Destination& destination) {
           return destination.open != nullptr && !destination.open->empty();
         });
}

Status ResultPartition::status() const {
  for (const Destination& destination : destinations_) {
    WEIR_RETURN_IF_ERROR(destination.writer->status());
  }
  return OkStatus();
}

void ResultPartition::SetWakeTarget(WakeTarget* target) {
  for (Destination& destination : destinations_) destination.writer->SetWakeTarget(target);
}

}  // namespace weir::exchange
