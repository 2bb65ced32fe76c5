#include "weir/exchange/network_reader.h"

#include <algorithm>
#include <iterator>
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

namespace {

// Bytes that are no control element are the reader's to refuse.
bool OvertakesOnArrival(const ArrivedFrame& frame) {
  if (frame.head.kind != FrameKind::kControl) return false;
  base::ByteReader in(frame.payload());
  const auto control = record::DecodeControl(in);
  return control.ok() && IsUnalignedBarrier(*control);
}

}  // namespace

Status ReceiveQueue::Push(ArrivedFrame frame) {
  const env::MutexLock lock(mutex_);
  if (!status_.ok()) return OkStatus();  // nobody will read it
  if (frame.head.sequence != next_sequence_) {
    return DataLossError("frame out of sequence: expected ", next_sequence_, ", got ",
                         frame.head.sequence);
  }
  Credit received = received_;
  ++(frame.head.kind == FrameKind::kControl ? received.controls : received.frames);
  if (received.frames > granted_.frames || received.controls > granted_.controls) {
    return DataLossError("frame without credit: sequence ", frame.head.sequence);
  }
  received_ = received;
  ++next_sequence_;
  const bool overtakes = OvertakesOnArrival(frame);
  frames_.push_back(std::move(frame));
  has_frames_.store(true, std::memory_order_release);
  // Counted when it is there to be found.
  if (overtakes) overtakers_.fetch_add(1, std::memory_order_release);
  if (target_ != nullptr) target_->Wake();
  return OkStatus();
}

void ReceiveQueue::TakeAll(std::deque<ArrivedFrame>& frames) {
  if (!has_frames_.load(std::memory_order_acquire)) return;
  const env::MutexLock lock(mutex_);
  std::ranges::move(frames_, std::back_inserter(frames));
  frames_.clear();
  has_frames_.store(false, std::memory_order_relaxed);
}

void ReceiveQueue::Allow(const Credit& granted) {
  const env::MutexLock lock(mutex_);
  granted_ = granted;
}

Credit ReceiveQueue::granted() const {
  const env::MutexLock lock(mutex_);
  return granted_;
}

bool ReceiveQueue::used() const {
  const env::MutexLock lock(mutex_);
  return next_sequence_ > 0;
}

void ReceiveQueue::Break(const Status& reason) {
  const env::MutexLock lock(mutex_);
  if (!status_.ok()) return;
  status_ = reason;
  broken_.store(true, std::memory_order_release);
  if (target_ != nullptr) target_->Wake();
}

Status ReceiveQueue::status() const {
  const env::MutexLock lock(mutex_);
  return status_;
}

void ReceiveQueue::SetWakeTarget(WakeTarget* target) {
  const env::MutexLock lock(mutex_);
  target_ = target;
}

NetworkReader::NetworkReader(const Options& options, std::shared_ptr<ReceiveQueue> receive_queue,
                             std::unique_ptr<FrameSink> sink)
    : key_(options.key),
      type_(options.type),
      chaos_(options.chaos),
      receive_queue_(std::move(receive_queue)),
      sink_(std::move(sink)),
      window_(chaos_.Buggify("exchange-minimal-credits") ? 1 : limits::kChannelCreditsMax),
      batches_max_(chaos_.Buggify("exchange-one-batch") ? 1 : limits::kChannelBatches) {
  ReturnCredit(When::kNow);
}

NetworkReader::~NetworkReader() { receive_queue_->SetWakeTarget(nullptr); }

std::optional<StreamElement> NetworkReader::Poll() {
  if (receive_queue_->broken()) return std::nullopt;
  if (queue_.empty()) receive_queue_->TakeAll(queue_);
  while (!queue_.empty()) {
    const ArrivedFrame& frame = queue_.front();
    if (frame.head.kind == FrameKind::kFragment) {
      if (!TakeFragment(frame)) return std::nullopt;
      continue;
    }
    StreamElement element;
    if (frame.head.kind == FrameKind::kRows) {
      BatchPtr batch = FreeBatch();
      if (batch == nullptr) return std::nullopt;
      element = std::move(batch);
    }
    if (Status decoded = DecodeElement(frame, fragments_, element); !decoded.ok()) {
      Fail(decoded);
      return std::nullopt;
    }
    if (IsUnalignedBarrier(element)) ++overtakers_taken_;
    PopFront();
    ReturnCredit(When::kHalfWindow);
    return element;
  }
  ReturnCredit(When::kNow);
  return std::nullopt;
}

// Puts a fragment behind those before it. The rows are decoded once their last piece is there.
bool NetworkReader::TakeFragment(const ArrivedFrame& frame) {
  if (fragments_.size() + frame.payload().size() > limits::kFragmentedBytesMax) {
    Fail(DataLossError("fragments add up to more than ", limits::kFragmentedBytesMax, " bytes"));
    return false;
  }
  if (!chaos_.Mutant("fragment-dropped")) fragments_.append(frame.payload());
  PopFront();
  ReturnCredit(When::kHalfWindow);
  return true;
}

// Decodes a frame into `element`, which has an empty batch if the frame holds rows. `fragments` are
// the pieces that belong in front of the rows; they are used up. Between them there may be a
// barrier that overtakes, and nothing else.
Status NetworkReader::DecodeElement(const ArrivedFrame& frame, std::string& fragments,
                                    StreamElement& element) const {
  if (frame.head.kind == FrameKind::kControl) {
    base::ByteReader in(frame.payload());
    WEIR_ASSIGN_OR_RETURN(const record::ControlElement control, record::DecodeControl(in));
    WEIR_RETURN_IF_ERROR(in.Check("control element", base::ByteReader::Rest::kMustBeEmpty));
    if (!fragments.empty() && !IsUnalignedBarrier(control)) {
      return DataLossError("a control element between fragments");
    }
    element = ElementOf(control);
    return OkStatus();
  }
  const std::string fragmented = std::exchange(fragments, {});
  std::string whole;
  std::string_view rows = frame.payload();
  if (!fragmented.empty()) rows = whole = fragmented + std::string(rows);
  base::ByteReader in(rows);
  record::AnyBatch& batch = *std::get<BatchPtr>(element);
  WEIR_RETURN_IF_ERROR(record::DecodeRows(in, batch));
  WEIR_RETURN_IF_ERROR(in.Check("rows", base::ByteReader::Rest::kMustBeEmpty));
  if (batch.empty()) return DataLossError("a frame of rows without a row");
  return OkStatus();
}

Status NetworkReader::ForEachQueued(const std::function<void(const StreamElement&)>& visit) {
  receive_queue_->TakeAll(queue_);
  std::string fragments = fragments_;
  for (const ArrivedFrame& frame : queue_) {
    if (frame.head.kind == FrameKind::kFragment) {
      fragments.append(frame.payload());
      continue;
    }
    StreamElement element;
    if (frame.head.kind == FrameKind::kRows) element = std::make_unique<record::AnyBatch>(type_);
    WEIR_RETURN_IF_ERROR(DecodeElement(frame, fragments, element));
    visit(element);
  }
  return OkStatus();
}

void NetworkReader::Recycle(BatchPtr batch) {
  WEIR_CHECK(free_.size() < allocated_);
  batch->Clear();
  free_.push_back(std::move(batch));
}

BatchPtr NetworkReader::FreeBatch() {
  if (!free_.empty()) {
    BatchPtr batch = std::move(free_.back());
    free_.pop_back();
    return batch;
  }
  if (allocated_ == batches_max_) return nullptr;
  ++allocated_;
  return std::make_unique<record::AnyBatch>(type_);
}

void NetworkReader::PopFront() {
  uint64_t& consumed =
      queue_.front().head.kind == FrameKind::kControl ? consumed_.controls : consumed_.frames;
  if (!chaos_.Mutant("credit-leak")) ++consumed;
  queue_.pop_front();
}

void NetworkReader::ReturnCredit(When when) {
  // A window that was made smaller takes nothing back: it only lets `due` lag behind.
  const Credit due = {
      .frames = std::max(granted_.frames, consumed_.frames + window_),
      .controls = std::max(granted_.controls, consumed_.controls + limits::kChannelControlsMax)};
  if (due == granted_) return;
  const bool half = 2 * (due.frames - granted_.frames) >= window_ ||
                    2 * (due.controls - granted_.controls) >= limits::kChannelControlsMax;
  if (when == When::kHalfWindow && !half) return;
  granted_ = due;
  receive_queue_->Allow(granted_);
  sink_->Send(EncodeCredit({.key = key_, .credit = granted_}));
}

void NetworkReader::SetWindow(uint32_t frames) {
  WEIR_CHECK(1 <= frames && frames <= limits::kChannelCreditsMax);
  window_ = frames;
  ReturnCredit(When::kHalfWindow);
}

void NetworkReader::Fail(const Status& reason) {
  const Status annotated = reason.Annotated(Concat("channel ", key_.ToString()));
  receive_queue_->Break(annotated);
  sink_->Refuse(annotated);
}

Status NetworkReader::status() const {
  return receive_queue_->broken() ? receive_queue_->status() : OkStatus();
}

}  // namespace weir::exchange
