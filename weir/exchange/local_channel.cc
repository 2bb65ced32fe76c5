#include "weir/exchange/local_channel.h"

#include <atomic>
#include <utility>
#include <variant>

#include "weir/base/check.h"
#include "weir/exchange/control_element.h"
#include "weir/exchange/spsc_ring.h"

namespace weir::exchange {
namespace {

using record::BatchPtr;
using record::StreamElement;

static_assert(limits::kChannelElements >= 2 * limits::kChannelBatches + limits::kChannelBarriersMax,
              "a watermark between any two batches must fit beside the room for barriers");

struct Core {
  Core(const record::TypeOps& channel_type, uint32_t batches_at_most)
      : type(channel_type), batches_max(batches_at_most) {}

  static void Wake(const std::atomic<WakeTarget*>& target) {
    if (WakeTarget* who = target.load(std::memory_order_acquire); who != nullptr) who->Wake();
  }

  const record::TypeOps& type;
  const uint32_t batches_max;
  SpscRing<StreamElement, limits::kChannelElements> forward;
  SpscRing<BatchPtr, limits::kChannelBatches> empty;  // holds every batch of the channel at most
  std::atomic<uint64_t> overtakers{0};                // unaligned barriers sent so far
  std::atomic<WakeTarget*> writer_target{nullptr};
  std::atomic<WakeTarget*> reader_target{nullptr};
};

class LocalWriter final : public ChannelWriter {
 public:
  explicit LocalWriter(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  SendResult TrySend(StreamElement& element) override {
    const BatchPtr* batch = std::get_if<BatchPtr>(&element);
    WEIR_CHECK(batch == nullptr || !(*batch)->empty());
    const bool barrier = std::holds_alternative<record::Barrier>(element);
    const bool overtakes = IsUnalignedBarrier(element);
    const size_t slots = limits::kChannelElements - (barrier ? 0 : limits::kChannelBarriersMax);
    if (!core_->forward.TryPush(element, slots)) return SendResult::kBlocked;
    // Counted when it is there to be found.
    if (overtakes) core_->overtakers.fetch_add(1, std::memory_order_release);
    if (core_->forward.TakeConsumerWaits() || overtakes) Core::Wake(core_->reader_target);
    return SendResult::kSent;
  }

  SendResult TryOvertake(const record::Barrier& barrier) override {
    StreamElement element(barrier);
    return TrySend(element);
  }
  uint32_t rows_sent() const override { return 0; }  // a batch goes whole

  BatchPtr AcquireBatch() override {
    BatchPtr batch;
    if (core_->empty.TryPop(batch)) return batch;
    if (allocated_ == core_->batches_max) return nullptr;
    ++allocated_;
    return std::make_unique<record::AnyBatch>(core_->type);
  }

  Status status() const override { return OkStatus(); }
  void SetWakeTarget(WakeTarget* target) override { core_->writer_target.store(target); }

 private:
  const std::shared_ptr<Core> core_;
  uint32_t allocated_ = 0;
};

class LocalReader final : public ChannelReader {
 public:
  explicit LocalReader(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  std::optional<StreamElement> Poll() override {
    std::optional<StreamElement> element(std::in_place);
    if (!core_->forward.TryPop(*element)) return std::nullopt;
    if (core_->forward.TakeProducerWaits()) Core::Wake(core_->writer_target);
    if (IsUnalignedBarrier(*element)) ++overtakers_taken_;
    return element;
  }

  bool barrier_waits() const override {
    return core_->overtakers.load(std::memory_order_acquire) > overtakers_taken_;
  }

  void Recycle(BatchPtr batch) override {
    batch->Clear();
    WEIR_CHECK(core_->empty.TryPush(batch));  // else it is no batch of this channel
    if (core_->empty.TakeConsumerWaits()) Core::Wake(core_->writer_target);
  }

  Status ForEachQueued(const std::function<void(const StreamElement&)>& visit) override {
    core_->forward.ForEach(visit);
    return OkStatus();
  }

  Status status() const override { return OkStatus(); }
  void SetWakeTarget(WakeTarget* target) override { core_->reader_target.store(target); }

 private:
  const std::shared_ptr<Core> core_;
  uint64_t overtakers_taken_ = 0;
};

}  // namespace

LocalChannel MakeLocalChannel(const record::TypeOps& type, env::Chaos& chaos) {
  const uint32_t batches = chaos.Buggify("exchange-one-batch") ? 1 : limits::kChannelBatches;
  auto core = std::make_shared<Core>(type, batches);  // owners: the two ends
  return {.writer = std::make_unique<LocalWriter>(core),
          .reader = std::make_unique<LocalReader>(core)};
}

}  // namespace weir::exchange
