#include "weir/connectors/committing_sink.h"

#include <algorithm>
#include <utility>

#include "weir/base/check.h"
#include "weir/base/limits.h"
#include "weir/runtime/user_code.h"

namespace weir::connectors {
namespace {

bool MayBeTriedAgain(StatusCode code) {
  return code == StatusCode::kUnavailable || code == StatusCode::kResourceExhausted;
}

Duration RetryDelay(uint32_t tries) {
  const Duration delay = limits::kStoreRetryDelay * (int64_t{1} << std::min(tries, 20u));
  return std::min(delay, limits::kCommitRetryDelayMax);
}

}  // namespace

Status Seal::MakeDurable() {
  const env::MutexLock lock(mutex_);
  if (job_) {
    result_ = runtime::CatchUserExceptions(job_);
    job_ = nullptr;
  }
  return result_;
}

Status CommittingSink::Open(const runtime::OperatorContext& context) {
  context_ = context;
  return {};
}

Status CommittingSink::RestoreCommittable(runtime::Committable committable) {
  pending_.push_back({.committable = std::move(committable), .restored = true, .seal = nullptr});
  return {};
}

Status CommittingSink::Start() {
  // Of several origins after a rescale: each origin's stay in order, all are oldest first.
  std::ranges::stable_sort(pending_, {}, [](const Pending& p) { return p.committable.checkpoint; });
  std::vector<runtime::Committable> restored;
  restored.reserve(pending_.size());
  for (const Pending& pending : pending_) restored.push_back(pending.committable);
  return writer_->Start(context_, restored);
}

StatusOr<runtime::Outcome> CommittingSink::Process(runtime::Input& input, runtime::Output&) {
  WEIR_RETURN_IF_ERROR(failure_);
  if (!TakesRows()) return runtime::Outcome::kBlocked;  // the answer to a commit unblocks
  WEIR_RETURN_IF_ERROR(writer_->Write(input.batch, input.cursor));
  input.cursor = input.batch.size();
  return runtime::Outcome::kNeedInput;
}

bool CommittingSink::Covered(const Pending& pending) const {
  if (!permit_) return false;
  if (Mutant("older-batches-not-covered") &&
      pending.committable.checkpoint != permit_->checkpoint())
    return false;
  return pending.restored || pending.committable.checkpoint <= permit_->checkpoint() ||
         Mutant("commit-before-completion");
}

bool CommittingSink::TakesRows() const {
  if (tries_ >= limits::kCommitTriesMax) return false;
  return pending_.size() < limits::kCommitsBehindMax ||
         !Covered(pending_[limits::kCommitsBehindMax - 1]);
}

Status CommittingSink::Snapshot(runtime::SnapshotContext& snapshot) {
  WEIR_RETURN_IF_ERROR(failure_);
  if (Mutant("committables-of-aborted-forgotten")) {
    std::erase_if(pending_, [&](const Pending& pending) { return !Covered(pending); });
  }
  WEIR_ASSIGN_OR_RETURN(runtime::SinkWriter::Closed closed,
                        writer_->PreCommit(snapshot.checkpoint()));
  const auto seal = std::make_shared<Seal>(std::move(closed.make_durable));
  for (std::string& payload : closed.payloads) {
    pending_.push_back({.committable = {.origin = context_.subtask,
                                        .lineage = context_.lineage,
                                        .checkpoint = snapshot.checkpoint(),
                                        .payload = std::move(payload)},
                        .restored = false,
                        .seal = seal});
  }
  for (const Pending& pending : pending_) snapshot.AddCommittable(pending.committable);
  snapshot.Defer(SealAll());
  return {};
}

// The job that makes everything in the list durable. A failure is final: the rows are gone from
// memory, so the attempt must go back to the last complete checkpoint.
base::UniqueFunction<Status()> CommittingSink::SealAll() {
  std::vector<std::shared_ptr<Seal>> seals;
  for (const Pending& pending : pending_) {
    if (pending.seal == nullptr || (!seals.empty() && seals.back() == pending.seal)) continue;
    seals.push_back(pending.seal);
  }
  return [this, seals = std::move(seals), mailbox = context_.mailbox]() -> Status {
    for (const std::shared_ptr<Seal>& seal : seals) {
      Status sealed = seal->MakeDurable();
      if (sealed.ok()) continue;
      mailbox->Post([this, sealed] { failure_ = sealed; });
      return sealed;
    }
    return {};
  };
}

Status CommittingSink::OnCheckpointComplete(const runtime::CommitPermit& permit) {
  WEIR_RETURN_IF_ERROR(failure_);
  if (!permit_ || permit_->checkpoint() < permit.checkpoint()) permit_ = permit;
  CommitNext();
  return {};
}

Status CommittingSink::OnTick() {
  WEIR_RETURN_IF_ERROR(failure_);
  CommitNext();
  return {};
}

// Starts the commit of the oldest batch, if that may be done and is due.
void CommittingSink::CommitNext() {
  if (committing_ || !HasPendingCommits()) return;
  if (tries_ > 0 && context_.env->clock.Now() < next_try_) return;
  const Pending& oldest = pending_.front();
  committing_ = true;
  // An operator that was destroyed takes its mailbox with it: `this` is good when a closure runs.
  context_.env->pool.Post([this, seal = oldest.seal, mailbox = context_.mailbox,
                           commit = writer_->Commit(*permit_, oldest.committable)]() mutable {
    Status status = seal == nullptr ? Status() : seal->MakeDurable();
    if (status.ok()) status = runtime::CatchUserExceptions(commit);
    mailbox->Post([this, status = std::move(status)] { OnCommitted(status); });
  });
}

void CommittingSink::OnCommitted(const Status& status) {
  committing_ = false;
  if (status.ok()) {
    pending_.pop_front();
    tries_ = 0;
  } else if (MayBeTriedAgain(status.code())) {
    next_try_ = context_.env->clock.Now() + RetryDelay(tries_++);
  } else {
    failure_ = status.Annotated("commit");
  }
  if (failure_.ok()) CommitNext();
}

}  // namespace weir::connectors
