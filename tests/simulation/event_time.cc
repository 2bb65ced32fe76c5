#include "tests/simulation/event_time.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "weir/base/bytes.h"
#include "weir/env/env.h"

namespace weir::simulation {
namespace {

constexpr base::PortIndex kPort{0};
constexpr int64_t kTimerMs = 100;

class Stamp final : public runtime::Operator {
 public:
  explicit Stamp(std::shared_ptr<SharedTime> time) : time_(std::move(time)) {}
  Status Open(const runtime::OperatorContext&) override { return {}; }
  Status Start() override { return {}; }

  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    Timestamp* const timestamps = input.batch.AddTimestamps();
    for (; input.cursor < input.batch.size(); ++input.cursor)
      timestamps[input.cursor] = now_.watermark = ++time_->clock;
    now_.idle = false;
    quiet_ticks_ = 0;
    output.Forward(kPort, input.batch);
    return runtime::Outcome::kNeedInput;
  }
  Status OnTick() override {
    if (time_->idleness && ++quiet_ticks_ == 3) now_.idle = true, ++time_->idle;
    return {};
  }
  bool makes_watermarks() const override { return true; }
  runtime::EventTime event_time() const override { return now_; }

 private:
  const std::shared_ptr<SharedTime> time_;
  runtime::EventTime now_;
  int quiet_ticks_ = 0;
};

class Watch final : public runtime::Operator {
 public:
  explicit Watch(std::shared_ptr<SharedTime> time) : time_(std::move(time)) {}

  Status Open(const runtime::OperatorContext& context) override {
    context_ = context;
    return {};
  }

  Status RestoreItem(std::string_view, std::string_view item) override {
    base::ByteReader in(item);
    Held held{{base::KeyGroup(in.U32()), base::KeyGroup(in.U32())}, 0};
    held.watermark = static_cast<Timestamp>(in.U64());
    const base::KeyGroupRange ours = context_.key_groups;
    if (held.groups.Overlaps(ours)) {
      had_.push_back(
          {{std::max(held.groups.first, ours.first), std::min(held.groups.end, ours.end)},
           held.watermark});
    }
    return in.Check("watermark", base::ByteReader::Rest::kMustBeEmpty);
  }
  void RestoreWatermark(base::KeyGroupRange groups, Timestamp watermark) override {
    given_.push_back({groups, watermark});
    ++time_->restored;
  }

  Status Start() override {
    std::ranges::sort(had_, {}, &Held::first);
    std::ranges::sort(given_, {}, &Held::first);
    if (had_ != given_) return FailedPreconditionError("watermarks are not restored as they were");
    for (const Held& held : given_) {
      watermark_ = &held == given_.data() ? held.watermark : std::min(watermark_, held.watermark);
    }
    timer_ = context_.env->clock.UnixMillis() + kTimerMs;
    return {};
  }

  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    const Timestamp* const timestamps = input.batch.timestamps();
    for (; input.cursor < input.batch.size(); ++input.cursor) {
      const bool late = timestamps == nullptr || timestamps[input.cursor] < watermark_;
      if (late && (!time_->idleness || watermark_ == kMaxTimestamp))
        return FailedPreconditionError("a watermark overtook a row");
    }
    output.Forward(kPort, input.batch);
    return runtime::Outcome::kNeedInput;
  }

  StatusOr<runtime::Outcome> OnWatermark(record::Watermark watermark, runtime::Output&) override {
    if (watermark.time <= watermark_) return FailedPreconditionError("a watermark fell");
    if (watermark.time > time_->clock && watermark.time != kMaxTimestamp)
      return FailedPreconditionError("a watermark runs ahead of the clock");
    watermark_ = watermark.time;
    ++time_->watermarks;
    return runtime::Outcome::kNeedInput;
  }

  std::optional<int64_t> next_timer_unix_ms() const override { return timer_; }
  StatusOr<runtime::Outcome> OnProcessingTime(int64_t now_unix_ms, runtime::Output&) override {
    if (now_unix_ms < timer_) return FailedPreconditionError("a timer came early");
    timer_ = now_unix_ms + kTimerMs;
    ++time_->timers;
    return runtime::Outcome::kNeedInput;
  }

  StatusOr<runtime::Outcome> OnEnd(runtime::Output&) override {
    if (watermark_ != kMaxTimestamp)
      return FailedPreconditionError("the end came without the last watermark");
    return runtime::Outcome::kNeedInput;
  }

  Status Snapshot(runtime::SnapshotContext& snapshot) override {
    base::ByteWriter item;
    item.U32(context_.key_groups.first.number());
    item.U32(context_.key_groups.end.number());
    item.U64(static_cast<uint64_t>(watermark_));
    snapshot.AddItem("watermark", state::Redistribution::kUnion, item.bytes());
    return {};
  }

 private:
  struct Held {
    base::KeyGroupRange groups;
    Timestamp watermark;
    base::KeyGroup first() const { return groups.first; }
    friend bool operator==(const Held&, const Held&) = default;
  };

  const std::shared_ptr<SharedTime> time_;
  runtime::OperatorContext context_;
  std::vector<Held> had_, given_;  // of the checkpoint: as stored by this operator, as restored
  Timestamp watermark_ = kMinTimestamp;
  int64_t timer_ = 0;
};

template <class Op>
class Factory final : public runtime::OperatorFactory {
 public:
  Factory(std::string kind, const record::TypeOps& type, std::shared_ptr<SharedTime> time)
      : kind_(std::move(kind)), type_(type), time_(std::move(time)) {}
  std::unique_ptr<runtime::Operator> New() const override { return std::make_unique<Op>(time_); }
  std::vector<const record::TypeOps*> output_types() const override { return {&type_}; }
  std::string kind() const override { return kind_; }

 private:
  const std::string kind_;
  const record::TypeOps& type_;
  const std::shared_ptr<SharedTime> time_;  // owners: the world and its operators
};

}  // namespace

std::shared_ptr<const runtime::OperatorFactory> StampEventTime(const record::TypeOps& type,
                                                               std::shared_ptr<SharedTime> time) {
  return std::make_shared<Factory<Stamp>>("stamp", type, std::move(time));
}

std::shared_ptr<const runtime::OperatorFactory> WatchEventTime(const record::TypeOps& type,
                                                               std::shared_ptr<SharedTime> time) {
  return std::make_shared<Factory<Watch>>("watch", type, std::move(time));
}

}  // namespace weir::simulation
