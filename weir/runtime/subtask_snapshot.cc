#include "weir/runtime/subtask_snapshot.h"

#include <algorithm>
#include <utility>

#include "weir/base/limits.h"
#include "weir/runtime/user_code.h"
#include "weir/state/keyed_backend.h"

namespace weir::runtime {
namespace {

constexpr size_t kPieceBytes = 256 << 10;  // about 0.2 ms

}  // namespace

// Keyed state of one operator, on its way to the stream.
class SubtaskSnapshot::Keyed final : public state::SnapshotSink {
 public:
  Keyed(SnapshotStream& stream, uint32_t index) : stream_(stream), index_(index) {}
  void Add(state::SnapshotChunk chunk) override { stream_.Write(index_, std::move(chunk)); }
  uint32_t index() const { return index_; }

 private:
  SnapshotStream& stream_;
  const uint32_t index_;
};

SubtaskSnapshot::SubtaskSnapshot(ChainDriver& driver, env::Clock& clock,
                                 base::CheckpointId checkpoint,
                                 std::unique_ptr<SnapshotStream> stream)
    : driver_(driver),
      clock_(clock),
      checkpoint_(checkpoint),
      began_(clock.Now()),
      stream_(std::move(stream)) {}

SubtaskSnapshot::~SubtaskSnapshot() {
  for (const auto& keyed : encoding_)
    driver_.op(keyed->index()).keyed_state()->AbortSnapshot(checkpoint_);
}

Status SubtaskSnapshot::Begin(SubtaskState state) {
  state_ = std::move(state);
  for (asked_ = driver_.size(); asked_-- > 0;) {
    Operator& op = driver_.op(asked_);
    const Status taken = CatchUserExceptions([&]() -> Status {
      WEIR_RETURN_IF_ERROR(op.Snapshot(*this));
      state::KeyedBackend* const backend = op.keyed_state();
      if (backend == nullptr) return {};
      encoding_.push_back(std::make_unique<Keyed>(*stream_, asked_));
      return backend->BeginSnapshot(checkpoint_, *encoding_.back());
    });
    WEIR_RETURN_IF_ERROR(taken.Annotated(driver_.uid(asked_)));
  }
  AddStep(began_);
  return {};
}

bool SubtaskSnapshot::MustWait() const {
  return stream_->bytes_waiting() > limits::kSnapshotBufferBytesMax;
}

bool SubtaskSnapshot::EncodePiece() {
  const base::Instant begin = clock_.Now();
  if (!encoding_.empty() &&
      driver_.op(encoding_.back()->index()).keyed_state()->EncodeSome(kPieceBytes))
    encoding_.pop_back();
  AddStep(begin);
  return encoding_.empty();
}

void SubtaskSnapshot::Finish() { stream_->Finish(std::move(state_), costs_); }

void SubtaskSnapshot::AddItem(std::string_view state, state::Redistribution redistribution,
                              std::string item) {
  state_.items.push_back(
      {driver_.uid(asked_), std::string(state), redistribution, std::move(item)});
}

void SubtaskSnapshot::AddCommittable(Committable committable) {
  state_.committables.push_back({driver_.uid(asked_), std::move(committable)});
}

void SubtaskSnapshot::Defer(base::UniqueFunction<Status()> job) { stream_->Defer(std::move(job)); }

base::UniqueFunction<void(Status)> SubtaskSnapshot::Hold() { return stream_->Hold(); }

void SubtaskSnapshot::AddStep(base::Instant begin) {
  costs_.longest_step = std::max(costs_.longest_step, clock_.Now() - begin);
}

}  // namespace weir::runtime
