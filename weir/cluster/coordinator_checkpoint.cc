// The coordinator's checkpoints: triggers, acknowledgements, the record, completion, the end of the
// job.
#include <algorithm>
#include <utility>

#include "weir/base/check.h"
#include "weir/cluster/coordinator.h"
#include "weir/cluster/permit_issuer.h"

namespace weir::cluster {

// ---- from the trigger to the record

void Coordinator::ConsiderTrigger() {
  if (trigger_timer_) CancelTimer(*trigger_timer_);
  trigger_timer_.reset();
  const bool discovered = std::ranges::all_of(
      this_attempt_.sources, [](const auto& entry) { return entry.second->discovered(); });
  if (!IsRunning() || !discovered || appending_ || this_attempt_.final) return;
  // The first checkpoint of an empty job and the last one of any are waited for.
  using Need = checkpoint::TriggerPolicy::Need;
  const bool waited_for = this_attempt_.splits_held || this_attempt_.running.empty() || stopping_;
  const Need need = waited_for ? Need::kUrgent : Need::kNone;
  const checkpoint::TriggerPolicy::Decision decision =
      policy_->Next(options_.env.clock.Now(), need);
  if (decision.trigger) return Trigger(decision.request);
  if (decision.look_again) {
    trigger_timer_ = inbox().PostAfter(*decision.look_again - options_.env.clock.Now(), [this] {
      trigger_timer_.reset();
      ConsiderTrigger();
    });
  }
}

void Coordinator::Trigger(const std::optional<checkpoint::CheckpointRequest>& request) {
  const base::CheckpointId checkpoint = history_->NextCheckpointId();
  const auto& base = history_->newest_checkpoint();
  savepoint_ = request ? request->savepoint : std::string();
  triggered_ = options_.env.clock.Now();
  costs_ = {};

  checkpoint::PendingCheckpoint::Options pending;
  pending.tag = {epoch_, attempt_, checkpoint};
  for (uint32_t chain = 0; chain < options_.graph.chains.size(); ++chain) {
    const runtime::Chain& planned = options_.graph.chains[chain];
    pending.chains.push_back({planned.name, planned.parallelism});
    for (uint32_t i = 0; i < planned.parallelism; ++i)
      pending.expected.push_back({base::ChainIndex(chain), base::SubtaskIndex(i)});
  }
  for (const auto& [chain, source] : this_attempt_.sources)
    pending.sources.push_back(source->Capture());
  pending.base = base;
  pending.trigger_unix_ms = options_.env.clock.UnixMillis();
  pending.triggered = triggered_;
  pending.timeout = options_.triggers.timeout;
  pending_ =
      std::make_unique<checkpoint::PendingCheckpoint>(std::move(pending), options_.env.chaos);

  proto::ToWorker message;
  message.mutable_trigger()->set_checkpoint(checkpoint.number());
  message.mutable_trigger()->set_base(base ? base->checkpoint->id.number() : 0);
  message.mutable_trigger()->set_savepoint(!savepoint_.empty());
  Broadcast(message);
}

void Coordinator::OnAcknowledge(const proto::ToCoordinator& message) {
  if (pending_ == nullptr) return;
  const proto::Acknowledge& news = message.acknowledge();
  checkpoint::Acknowledgement acknowledgement;
  acknowledgement.tag = {base::Epoch(message.epoch()), base::Attempt(message.attempt()),
                         base::CheckpointId(news.checkpoint())};
  acknowledgement.subtask = FromProto(news.subtask());
  if (!IsPlanned(acknowledgement.subtask)) return;
  for (const proto::Pack& pack : news.packs()) acknowledgement.packs.push_back(FromProto(pack));
  acknowledgement.bytes_written = news.bytes_written();
  acknowledgement.state_bytes = news.state_bytes();
  const base::SubtaskId subtask = acknowledgement.subtask;
  acknowledgement.operators = SnapshotsOf(
      plan_[subtask.chain.number()], subtask, FromProto(news.state()),
      base::KeyGroupsOf(subtask.subtask, options_.graph.chains[subtask.chain.number()].parallelism,
                        options_.graph.max_parallelism));
  costs_.longest_step = std::max(costs_.longest_step, Duration(news.longest_step_ns()));
  if (pending_->OnAcknowledge(std::move(acknowledgement))) OnCollected();
}

void Coordinator::OnDecline(const proto::ToCoordinator& message) {
  if (pending_ == nullptr) return;
  const proto::Decline& news = message.decline();
  pending_->OnDecline({base::Epoch(message.epoch()), base::Attempt(message.attempt()),
                       base::CheckpointId(news.checkpoint())},
                      FromProto(news.subtask()), FromProto(news.status()));
  if (pending_->state() == checkpoint::PendingCheckpoint::State::kAborted)
    OnCheckpointFailed(pending_->tag().checkpoint, pending_->reason());
}

// Every subtask has acknowledged: now, and not before, the record is written.
void Coordinator::OnCollected() {
  StatusOr<checkpoint::CheckpointBody> body = pending_->Assemble(options_.env.clock.Now());
  if (!body.ok()) return OnCheckpointFailed(pending_->tag().checkpoint, body.status());
  pending_ = nullptr;
  appending_ = true;
  history_->AppendCheckpoint(*body, savepoint_,
                             [this, body = *body](StatusOr<checkpoint::Completion> completion) {
                               appending_ = false;
                               OnAppended(body, std::move(completion));
                               TryDeploy();
                             });
}

void Coordinator::OnAppended(const checkpoint::CheckpointBody& body,
                             StatusOr<checkpoint::Completion> completion) {
  const bool same_attempt = body.attempt == attempt_ && IsRunning();
  if (!completion.ok()) {
    if (history_->over()) return EndReign(completion.status());
    if (same_attempt) OnCheckpointFailed(body.id, completion.status());
    return;
  }
  const base::Instant now = options_.env.clock.Now();
  completion_ = *completion;
  completed_at_ = now;
  costs_.took = now - triggered_;
  costs_.bytes_written = body.bytes_written;
  costs_.state_bytes = body.state_bytes;
  options_.events.OnCheckpoint(body.id, costs_);
  Retire();
  // The attempt failed meanwhile; the next one starts from this checkpoint.
  if (!same_attempt) return;
  policy_->OnCompleted(now);
  if (std::ranges::all_of(body.operators,
                          [](const checkpoint::OperatorSnapshot& op) {
                            return std::ranges::all_of(op.event_times,
                                                       [](const checkpoint::EventTimeRange& part) {
                                                         return part.end_of_input_done;
                                                       });
                          }) &&
      this_attempt_.running.empty()) {
    this_attempt_.final = body.id;
  }
  const bool last = stopping_ && triggered_ >= stop_asked_;
  if (last && !this_attempt_.final) {
    this_attempt_.final = body.id;
    this_attempt_.stops = true;
  }
  Announce(*completion);
  if (std::exchange(this_attempt_.splits_held, false)) {
    for (const auto& [chain, source] : this_attempt_.sources) source->Release();
  }
  ConsiderTrigger();
}

void Coordinator::OnCheckpointFailed(base::CheckpointId checkpoint, Status reason) {
  pending_ = nullptr;
  const checkpoint::TriggerPolicy::Failure failure = policy_->OnFailed(options_.env.clock.Now());
  const uint32_t tolerated = options_.triggers.tolerated_failures;
  options_.events.OnCheckpointFailed(checkpoint, reason, policy_->failures_in_a_row(), tolerated);
  proto::ToWorker abort;
  abort.mutable_abort()->set_checkpoint(checkpoint.number());
  Broadcast(abort);
  if (failure.too_many) {
    return EndJob(reason.Annotated(
        Concat("checkpoint ", checkpoint, " failed, and ", tolerated, " in a row are tolerated")));
  }
  ConsiderTrigger();
}

// ---- after the record

void Coordinator::Retire() {
  if (history_->retiring()) return;  // the next checkpoint makes it good
  // Files that no record names are what dead attempts left: looked for once per attempt.
  history_->Retire(
      {.oldest_live_attempt = attempt_, .sweep_files = swept_ != attempt_},
      [this, attempt = attempt_](const StatusOr<checkpoint::RetirementReport>& report) {
        if (report.ok()) swept_ = attempt;
        const Status& wrong = report.ok() ? report->first_failure : report.status();
        if (!wrong.ok() && !history_->over())
          options_.events.OnWarning(wrong.Annotated("old checkpoints are not deleted"));
      });
}

void Coordinator::Announce(const checkpoint::Completion& completion) {
  // The next one makes it good.
  if (!this_attempt_.final && options_.env.chaos.Buggify("coordinator-complete-lost")) return;
  proto::ToWorker complete;
  *complete.mutable_complete() = PermitIssuer::Announce(completion);
  Broadcast(complete);
}

void Coordinator::OnCommitted(base::SubtaskId subtask, base::CheckpointId checkpoint) {
  this_attempt_.committed[subtask] = std::max(this_attempt_.committed[subtask], checkpoint);
  FinishIfCommitted();
}

void Coordinator::OnEnded(base::SubtaskId subtask) {
  if (this_attempt_.running.erase(subtask) == 0 || !this_attempt_.running.empty()) return;
  // A finished job that is run again: another checkpoint would push an older one out for nothing.
  const auto& base = history_->newest_checkpoint();
  if (base && base->ref() == finished_base_ && this_attempt_.had_ended) {
    this_attempt_.final = base->checkpoint->id;
    return FinishIfCommitted();
  }
  ConsiderTrigger();
}

void Coordinator::FinishIfCommitted() {
  if (!this_attempt_.final || appending_) return;
  uint32_t done = 0;
  for (const auto& [subtask, checkpoint] : this_attempt_.committed)
    done += checkpoint >= *this_attempt_.final;
  if (done < options_.graph.subtasks()) return;
  if (this_attempt_.stops) return EndStopped();
  appending_ = true;
  history_->AppendEnd(checkpoint::EndReason::kFinished, [this](const Status& status) {
    appending_ = false;
    if (history_->over() && !status.ok()) return EndReign(status);
    EndJob(status);
  });
}

}  // namespace weir::cluster
