#include "weir/cluster/snapshot_upload.h"

#include <utility>

#include "weir/base/limits.h"
#include "weir/env/mutex.h"
#include "weir/runtime/user_code.h"

namespace weir::cluster {

namespace {

// What is put beside it before it is sent: epoch, attempt, bytes of state.
constexpr size_t kNewsRoomBytes = 1 << 10;

// Of a state or a chunk in a pack's footer, at most, beside names.
constexpr size_t kIndexBytes = 64;

proto::ToCoordinator Declined(base::SubtaskId subtask, base::CheckpointId checkpoint,
                              const Status& status) {
  proto::ToCoordinator message;
  *message.mutable_decline()->mutable_subtask() = ToProto(subtask);
  message.mutable_decline()->set_checkpoint(checkpoint.number());
  *message.mutable_decline()->mutable_status() = ToProto(status);
  return message;
}

}  // namespace

proto::ToCoordinator SnapshotNews(base::SubtaskId subtask, base::CheckpointId checkpoint,
                                  const StatusOr<UploadedSnapshot>& uploaded) {
  if (!uploaded.ok()) return Declined(subtask, checkpoint, uploaded.status());
  proto::ToCoordinator message;
  proto::Acknowledge& acknowledge = *message.mutable_acknowledge();
  *acknowledge.mutable_subtask() = ToProto(subtask);
  acknowledge.set_checkpoint(checkpoint.number());
  *acknowledge.mutable_state() = ToProto(uploaded->state);
  for (const checkpoint::PackRef& pack : uploaded->packs) *acknowledge.add_packs() = ToProto(pack);
  acknowledge.set_longest_step_ns(static_cast<uint64_t>(uploaded->costs.longest_step.count()));
  acknowledge.set_bytes_written(uploaded->bytes_written);
  const size_t bytes = message.ByteSizeLong();
  if (bytes <= limits::kMessageBytesMax - kNewsRoomBytes) return message;
  return Declined(subtask, checkpoint,
                  ResourceExhaustedError(
                      "snapshot is too large for one message (splits, operator state and "
                      "committables; keyed state does not count): ",
                      bytes, " bytes, the limit is ", limits::kMessageBytesMax - kNewsRoomBytes,
                      "; fewer or larger splits and a higher parallelism make it smaller"));
}

// Counts what is still under way and answers when it is nothing. Lives as long as any of it.
class SnapshotUpload::Answer {
 public:
  explicit Answer(env::ResultCallback<UploadedSnapshot> done) : done_(std::move(done)) {}

  void Begin() {
    env::MutexLock lock(mutex_);
    ++under_way_;
  }

  // One of the things under way is done. `fill` adds to the answer.
  void End(const Status& status, base::UniqueFunction<void(UploadedSnapshot&)> fill = nullptr) {
    env::ResultCallback<UploadedSnapshot> done;
    {
      env::MutexLock lock(mutex_);
      if (fill) fill(snapshot_);
      if (!status.ok() && failure_.ok()) failure_ = status;
      if (--under_way_ > 0) return;
      done = std::move(done_);
    }
    if (!done) return;
    if (failure_.ok()) {
      done(std::move(snapshot_));
    } else {
      done(failure_);
    }
  }

  // Nobody waits for the answer any more.
  void Drop() {
    env::MutexLock lock(mutex_);
    done_ = nullptr;
  }

 private:
  env::Mutex mutex_;
  int under_way_ WEIR_GUARDED_BY(mutex_) = 1;  // the snapshot itself, until Finish
  env::ResultCallback<UploadedSnapshot> done_ WEIR_GUARDED_BY(mutex_);
  UploadedSnapshot snapshot_;  // written under the lock, read by whoever counted to zero
  Status failure_;
};

SnapshotUpload::SnapshotUpload(Options options)
    : options_(std::move(options)), answer_(std::make_shared<Answer>(std::move(options_.done))) {
  for (const checkpoint::PackState& state : options_.states)
    small_bytes_ += state.operator_uid.size() + state.state.size() + kIndexBytes;
}

SnapshotUpload::~SnapshotUpload() {
  if (answer_ != nullptr) answer_->Drop();
}

void SnapshotUpload::Write(uint32_t index, state::SnapshotChunk chunk) {
  checkpoint::Chunk piece{options_.first_state[index] + chunk.state, chunk.group,
                          checkpoint::ChunkScope::kWhole, std::move(chunk.bytes)};
  small_bytes_ += piece.bytes.size() + kIndexBytes;
  const bool too_large = small_bytes_ > limits::kInlinePackBytesMax / 2;
  if (pack_ == nullptr && (too_large || options_.env.chaos.Buggify("cluster-small-pack")))
    OpenPack();
  if (pack_ != nullptr) {
    pack_->Add(std::move(piece));
  } else {
    small_.push_back(std::move(piece));
  }
}

void SnapshotUpload::OpenPack() {
  checkpoint::PackWriter::Options options;
  options.name = options_.pack.ToString();
  options.states = options_.states;
  options.key_groups = options_.key_groups;
  options.on_progress = [mailbox = options_.mailbox] { mailbox->Post([] {}); };
  options.answer_early = options_.env.chaos.Mutant("record-before-pack");
  pack_ = std::make_unique<checkpoint::PackWriter>(options_.store, options_.env.pool,
                                                   options_.files, std::move(options));
  for (checkpoint::Chunk& chunk : small_) pack_->Add(std::move(chunk));
  small_.clear();
}

void SnapshotUpload::Defer(base::UniqueFunction<Status()> job) {
  if (!options_.env.chaos.Mutant("acknowledgement-before-write")) answer_->Begin();
  options_.env.pool.Post(
      [answer = answer_, job = std::move(job), &chaos = options_.env.chaos]() mutable {
        const Status status = runtime::CatchUserExceptions(job);
        if (!chaos.Mutant("acknowledgement-before-write")) answer->End(status);
      });
}

base::UniqueFunction<void(Status)> SnapshotUpload::Hold() {
  if (options_.env.chaos.Mutant("acknowledgement-before-write")) return [](const Status&) {};
  answer_->Begin();
  return [answer = answer_](const Status& status) { answer->End(status); };
}

size_t SnapshotUpload::bytes_waiting() const {
  return pack_ == nullptr ? 0 : pack_->buffered_bytes();
}

void SnapshotUpload::Finish(runtime::SubtaskState state, Costs costs) {
  const std::shared_ptr<Answer> answer = std::exchange(answer_, nullptr);
  if (pack_ != nullptr) {
    answer->Begin();
    pack_->Finish([answer](StatusOr<checkpoint::PackRef> pack) {
      answer->End(pack.status(), [&](UploadedSnapshot& snapshot) {
        if (!pack.ok()) return;
        snapshot.bytes_written += pack->bytes;
        snapshot.packs.push_back(*pack);
      });
    });
  }
  answer->End({}, [&](UploadedSnapshot& snapshot) {
    if (!small_.empty()) {
      snapshot.packs.push_back(
          checkpoint::InlinePack(options_.states, options_.key_groups, small_));
      snapshot.bytes_written += snapshot.packs.back().bytes;
    }
    snapshot.state = std::move(state);
    snapshot.costs = costs;
  });
}

}  // namespace weir::cluster
