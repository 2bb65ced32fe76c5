// The coordinator's checkpoints: splits, triggers, acknowledgements, the record, completion, the
// end of the job.
#include <algorithm>
#include <utility>

#include "weir/base/check.h"
#include "weir/cluster/coordinator.h"
#include "weir/cluster/permit_issuer.h"
#include "weir/runtime/user_code.h"

namespace weir::cluster {

// ---- splits

void Coordinator::StartDiscovery(base::ChainIndex chain) {
  SourceEntry& source = sources_[chain];
  source.uid = options_.graph.chains[chain.number()].source_uid;
  if (const auto& base = history_->newest_checkpoint()) {
    for (const checkpoint::OperatorSnapshot& op : base->checkpoint->operators) {
      if (op.uid == source.uid && op.source) source.ledger = SplitLedger(*op.source);
    }
  }
  const Status made = runtime::CatchUserExceptions([&]() -> Status {
    source.enumerator = options_.graph.chains[chain.number()].source->NewEnumerator(options_.env);
    const std::string& state = source.ledger.enumerator_state();
    return state.empty() ? Status() : source.enumerator->Restore(state);
  });
  if (!made.ok()) return FailAttempt(made.Annotated(source.uid));
  source.discovered = source.ledger.discovery_final();
  if (source.discovered) return GiveSplits(chain);
  Discover(chain);
}

void Coordinator::Discover(base::ChainIndex chain) {
  const auto done = [inbox = inbox(), this, chain, attempt = attempt_,
                     epoch = epoch_](StatusOr<runtime::Discovery> discovery) {
    inbox.Post([this, chain, attempt, epoch, discovery = std::move(discovery)]() mutable {
      if (attempt == attempt_ && epoch == epoch_) OnDiscovered(chain, std::move(discovery));
    });
  };
  const Status asked = runtime::CatchUserExceptions([&]() -> Status {
    sources_.at(chain).enumerator->Discover(done);
    return {};
  });
  if (!asked.ok()) done(asked);
}

void Coordinator::OnDiscovered(base::ChainIndex chain, StatusOr<runtime::Discovery> discovery) {
  const auto found = sources_.find(chain);
  if (found == sources_.end() || state_ == JobState::kFailing || ended_) return;
  SourceEntry& source = found->second;
  // Looking for more may fail for a while; the first look must not.
  const bool again =
      !discovery.ok() && discovery.status().code() == StatusCode::kUnavailable && source.discovered;
  if (!discovery.ok() && !again) return FailAttempt(discovery.status().Annotated(source.uid));
  if (discovery.ok()) source.ledger.OnDiscovered(*discovery);
  source.discovered = true;
  if (!source.ledger.discovery_final()) {
    inbox().PostAfter(source.enumerator->interval(),
                      [this, chain, attempt = attempt_, epoch = epoch_] {
                        if (attempt == attempt_ && epoch == epoch_ && sources_.contains(chain))
                          Discover(chain);
                      });
  }
  GiveSplits(chain);
  ConsiderTrigger();
}

// Gives splits to the readers that wait for one. A job that starts empty holds them back until its
// first checkpoint is complete.
void Coordinator::GiveSplits(base::ChainIndex chain) {
  SourceEntry& source = sources_.at(chain);
  if (hold_splits_ || !source.discovered) return;
  while (const auto assignment = source.ledger.Assign()) {
    proto::ToWorker message;
    proto::AssignSplits& news = *message.mutable_assign_splits();
    *news.mutable_subtask() = ToProto(base::SubtaskId{chain, assignment->reader});
    if (assignment->split) ToProto({*assignment->split}, news.mutable_splits());
    news.set_no_more(!assignment->split.has_value());
    Broadcast(message);
  }
}

// ---- from the trigger to the record

void Coordinator::ConsiderTrigger() {
  if (trigger_timer_) CancelTimer(*trigger_timer_);
  trigger_timer_.reset();
  const bool running = state_ == JobState::kRunning || state_ == JobState::kDegraded;
  const bool discovered =
      std::ranges::all_of(sources_, [](const auto& entry) { return entry.second.discovered; });
  if (!running || !discovered || appending_ || final_) return;
  if (hold_splits_ && !policy_->in_flight()) {
    // The first checkpoint of an empty job is not left to the interval.
    if (Status status = policy_->Request({}); !status.ok()) return FailAttempt(status);
  }
  const checkpoint::TriggerPolicy::Decision decision = policy_->Next(options_.env.clock.Now());
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
  for (const auto& [chain, source] : sources_)
    pending.sources.push_back(source.ledger.Capture(source.uid));
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
  const bool same_attempt =
      body.attempt == attempt_ && (state_ == JobState::kRunning || state_ == JobState::kDegraded);
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
  // Files that no record names are what dead attempts left: looked for once per attempt.
  const bool sweep = std::exchange(swept_, attempt_) != attempt_;
  history_->Retire({.oldest_live_attempt = attempt_, .sweep_files = sweep},
                   [](const StatusOr<checkpoint::RetirementReport>&) {});
  // The attempt failed meanwhile; the next one starts from this checkpoint.
  if (!same_attempt) return;
  policy_->OnCompleted(now);
  if (std::ranges::all_of(body.operators,
                          [](const checkpoint::OperatorSnapshot& op) {
                            return std::ranges::all_of(
                                op.progress, [](const checkpoint::ProgressSnapshot& part) {
                                  return part.end_of_input_done;
                                });
                          }) &&
      running_.empty()) {
    final_ = body.id;
  }
  Announce(*completion);
  if (std::exchange(hold_splits_, false)) {
    for (const auto& [chain, source] : sources_) GiveSplits(chain);
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

void Coordinator::Announce(const checkpoint::Completion& completion) {
  // The next one makes it good.
  if (!final_ && options_.env.chaos.Buggify("coordinator-complete-lost")) return;
  proto::ToWorker complete;
  *complete.mutable_complete() = PermitIssuer::Announce(completion);
  Broadcast(complete);
}

void Coordinator::OnCommitted(base::SubtaskId subtask, base::CheckpointId checkpoint) {
  committed_[subtask] = std::max(committed_[subtask], checkpoint);
  FinishIfCommitted();
}

void Coordinator::OnEnded(base::SubtaskId subtask) {
  if (running_.erase(subtask) == 0 || !running_.empty()) return;
  // The last checkpoint.
  if (Status status = policy_->Request({}); !status.ok()) return FailAttempt(status);
  ConsiderTrigger();
}

void Coordinator::FinishIfCommitted() {
  if (!final_ || appending_) return;
  uint32_t done = 0;
  for (const auto& [subtask, checkpoint] : committed_) done += checkpoint >= *final_;
  if (done < options_.graph.subtasks()) return;
  appending_ = true;
  history_->AppendEnd(checkpoint::EndReason::kFinished, [this](const Status& status) {
    appending_ = false;
    if (history_->over() && !status.ok()) return EndReign(status);
    EndJob(status);
  });
}

}  // namespace weir::cluster
