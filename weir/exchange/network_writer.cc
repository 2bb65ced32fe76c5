#include "weir/exchange/network_writer.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "weir/base/check.h"
#include "weir/base/limits.h"
#include "weir/exchange/control_element.h"
#include "weir/record/batch_codec.h"
#include "weir/record/control_codec.h"

namespace weir::exchange {

using record::BatchPtr;
using record::StreamElement;

void SendWindow::Grant(const Credit& credit) {
  const env::MutexLock lock(mutex_);
  frames_.store(std::max(frames_.load(std::memory_order_relaxed), credit.frames));
  controls_.store(std::max(controls_.load(std::memory_order_relaxed), credit.controls));
  if (target_ != nullptr) target_->Wake();
}

void SendWindow::Break(const Status& reason) {
  const env::MutexLock lock(mutex_);
  if (!status_.ok()) return;
  status_ = reason;
  broken_.store(true, std::memory_order_release);
  if (target_ != nullptr) target_->Wake();
}

Credit SendWindow::granted() const {
  return {.frames = frames_.load(std::memory_order_acquire),
          .controls = controls_.load(std::memory_order_acquire)};
}

Status SendWindow::status() const {
  const env::MutexLock lock(mutex_);
  return status_;
}

void SendWindow::SetWakeTarget(WakeTarget* target) {
  const env::MutexLock lock(mutex_);
  target_ = target;
}

NetworkWriter::NetworkWriter(const Options& options, std::shared_ptr<SendWindow> window,
                             std::unique_ptr<FrameSink> sink)
    : key_(options.key),
      type_(options.type),
      window_(std::move(window)),
      sink_(std::move(sink)),
      batches_max_(options.chaos.Buggify("exchange-one-batch") ? 1 : limits::kChannelBatches) {}

NetworkWriter::~NetworkWriter() { window_->SetWakeTarget(nullptr); }

SendResult NetworkWriter::TrySend(StreamElement& element) {
  if (window_->broken()) return SendResult::kBlocked;
  if (SendFragments() == SendResult::kBlocked) return SendResult::kBlocked;
  if (BatchPtr* batch = std::get_if<BatchPtr>(&element)) return SendRows(*batch);
  WEIR_CHECK(row_ == 0);  // else a batch is under way
  return SendControl(ControlOf(element));
}

SendResult NetworkWriter::TryOvertake(const record::Barrier& barrier) {
  return window_->broken() ? SendResult::kBlocked : SendControl(barrier);
}

SendResult NetworkWriter::SendRows(BatchPtr& batch) {
  WEIR_CHECK(!batch->empty());
  while (row_ < batch->size()) {
    if (available().frames == 0) return SendResult::kBlocked;
    base::ByteWriter out;
    out.bytes().reserve(limits::kFrameBytesMax);
    EncodeElementHead(HeadOf(FrameKind::kRows), out);
    const size_t head_bytes = out.size();
    fragmented_row_ = row_;
    row_ = record::EncodeRows(*batch, row_, limits::kFrameBytesMax, out);
    if (out.size() <= limits::kFrameBytesMax) {
      Emit(FrameKind::kRows, out.Take());
      continue;
    }
    fragmented_ = out.Take();
    fragmented_at_ = head_bytes;
    if (SendFragments() == SendResult::kBlocked) return SendResult::kBlocked;
  }
  row_ = 0;
  batch->Clear();
  free_.push_back(std::move(batch));
  return SendResult::kSent;
}

// Sends what was cut into fragments, piece by piece; kSent when nothing of it is left.
SendResult NetworkWriter::SendFragments() {
  constexpr size_t kPieceBytesMax = limits::kFrameBytesMax - kElementHeadBytesMax;
  while (fragmented_at_ < fragmented_.size()) {
    if (available().frames == 0) return SendResult::kBlocked;
    const size_t left = fragmented_.size() - fragmented_at_;
    const FrameKind kind = left > kPieceBytesMax ? FrameKind::kFragment : FrameKind::kRows;
    const size_t bytes = std::min(left, kPieceBytesMax);
    base::ByteWriter out;
    out.bytes().reserve(kElementHeadBytesMax + bytes);
    EncodeElementHead(HeadOf(kind), out);
    out.Raw(std::string_view(fragmented_).substr(fragmented_at_, bytes));
    fragmented_at_ += bytes;
    Emit(kind, out.Take());
  }
  if (!fragmented_.empty()) fragmented_ = {};  // it may have been large
  fragmented_at_ = 0;
  return SendResult::kSent;
}

SendResult NetworkWriter::SendControl(const record::ControlElement& element) {
  const bool barrier = std::holds_alternative<record::Barrier>(element);
  const uint64_t kept = barrier ? 0 : limits::kChannelBarriersMax;
  if (available().controls <= kept) return SendResult::kBlocked;
  base::ByteWriter out;
  EncodeElementHead(HeadOf(FrameKind::kControl), out);
  record::EncodeControl(element, out);
  Emit(FrameKind::kControl, out.Take());
  return SendResult::kSent;
}

ElementFrame NetworkWriter::HeadOf(FrameKind kind) const {
  return {.kind = kind, .key = key_, .sequence = sequence_};
}

void NetworkWriter::Emit(FrameKind kind, std::string frame) {
  WEIR_CHECK(frame.size() <= limits::kFrameBytesMax);
  ++(kind == FrameKind::kControl ? sent_.controls : sent_.frames);
  ++sequence_;
  sink_->Send(std::move(frame));
}

Credit NetworkWriter::available() const {
  const Credit granted = window_->granted();
  return {.frames = granted.frames - sent_.frames, .controls = granted.controls - sent_.controls};
}

BatchPtr NetworkWriter::AcquireBatch() {
  if (!free_.empty()) {
    BatchPtr batch = std::move(free_.back());
    free_.pop_back();
    return batch;
  }
  if (allocated_ == batches_max_) return nullptr;
  ++allocated_;
  return std::make_unique<record::AnyBatch>(type_);
}

Status NetworkWriter::status() const { return window_->broken() ? window_->status() : OkStatus(); }

}  // namespace weir::exchange
