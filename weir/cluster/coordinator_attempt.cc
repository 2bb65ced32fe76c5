// The coordinator's attempts: placement and deployment, failure, restart.
#include <algorithm>
#include <utility>

#include "weir/base/check.h"
#include "weir/base/limits.h"
#include "weir/checkpoint/rescale_plan.h"
#include "weir/cluster/coordinator.h"
#include "weir/cluster/permit_issuer.h"

namespace weir::cluster {
namespace {

// A failure that another attempt would meet again.
bool IsPermanent(const Status& status) {
  switch (status.code()) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kPermissionDenied:
    case StatusCode::kUnimplemented:
    case StatusCode::kDataLoss:
      return true;
    default:
      return false;
  }
}

void AddCommittables(const std::string& uid, const std::vector<checkpoint::PendingCommit>& pending,
                     runtime::SubtaskState& state) {
  for (const checkpoint::PendingCommit& commit : pending)
    state.committables.push_back(
        {uid, {commit.origin, commit.lineage, commit.checkpoint, commit.payload}});
}

}  // namespace

// Deploys the next attempt as soon as everything that must be over is over.
void Coordinator::TryDeploy() {
  const bool may = reigning_ && !ended_ && !stopping_ && !appending_ && restart_due_ &&
                   (state_ == JobState::kWaitingForWorkers || state_ == JobState::kRestarting);
  if (!may) return;
  std::vector<WorkerKey> workers;
  for (const auto& [key, worker] : workers_) {
    if (!worker.name.empty() && !worker.deployed && workers.size() < options_.workers)
      workers.push_back(key);
  }
  if (workers.size() < options_.workers) return SetState(JobState::kWaitingForWorkers);
  Deploy(workers);
}

void Coordinator::Deploy(const std::vector<WorkerKey>& workers) {
  attempt_ = attempt_.Next();
  restore_began_ = options_.env.clock.Now();
  SetState(JobState::kRestoring);
  this_attempt_ = {};
  this_attempt_.splits_held = !history_->newest_checkpoint().has_value();
  for (uint32_t chain = 0; chain < options_.graph.chains.size(); ++chain) {
    for (uint32_t i = 0; i < options_.graph.chains[chain].parallelism; ++i) {
      this_attempt_.not_ready.insert({base::ChainIndex(chain), base::SubtaskIndex(i)});
    }
  }
  this_attempt_.running = this_attempt_.not_ready;

  const proto::Deploy plan = PlanDeployment(workers);
  const OperatorRestores restores = PlanRestores();
  for (const WorkerKey key : workers) {
    WorkerEntry& worker = workers_.at(key);
    worker.deployed = true;
    worker.progress = {};
    proto::ToWorker welcome;
    welcome.mutable_welcome()->set_worker_id(key);
    Send(worker, welcome);
    proto::ToWorker deploy;
    *deploy.mutable_deploy() = plan;
    Send(worker, deploy);
    for (const proto::Deploy::Placement& placement : plan.placements()) {
      if (placement.worker_id() != key) continue;
      proto::ToWorker restore;
      *restore.mutable_restore() = RestoreMessage(FromProto(placement.subtask()), restores);
      this_attempt_.had_ended = this_attempt_.had_ended && restore.restore().state().ended();
      Send(worker, restore);
    }
  }
}

// Subtask i of each chain goes to the same worker: records that need not cross the network do not.
proto::Deploy Coordinator::PlanDeployment(const std::vector<WorkerKey>& workers) const {
  proto::Deploy plan;
  plan.set_lineage(history_->lineage().number());
  plan.set_hash_seed(history_->newest().hash_seed);
  plan.set_max_parallelism(history_->newest().max_parallelism);
  if (const auto& base = history_->newest_checkpoint())
    plan.set_restored_checkpoint(base->checkpoint->id.number());
  for (const WorkerKey key : workers) {
    proto::Deploy::Worker& worker = *plan.add_workers();
    worker.set_worker_id(key);
    worker.set_data_address(workers_.at(key).data_address);
  }
  for (const base::SubtaskId subtask : this_attempt_.not_ready) {
    const uint64_t parallelism = options_.graph.chains[subtask.chain.number()].parallelism;
    proto::Deploy::Placement& placement = *plan.add_placements();
    *placement.mutable_subtask() = ToProto(subtask);
    placement.set_worker_id(workers[subtask.subtask.number() * workers.size() / parallelism]);
  }
  return plan;
}

Coordinator::OperatorRestores Coordinator::PlanRestores() const {
  OperatorRestores restores;
  const auto& base = history_->newest_checkpoint();
  for (uint32_t chain = 0; base && chain < plan_.size(); ++chain) {
    for (const PlannedOperator& op : plan_[chain]) {
      restores[op.uid] =
          checkpoint::PlanRestore(*base, op.uid, options_.graph.chains[chain].parallelism);
    }
  }
  return restores;
}

// What one subtask begins with.
proto::Restore Coordinator::RestoreMessage(base::SubtaskId subtask,
                                           const OperatorRestores& restores) const {
  proto::Restore restore;
  *restore.mutable_subtask() = ToProto(subtask);
  runtime::SubtaskState state;
  const auto& base = history_->newest_checkpoint();
  const std::vector<PlannedOperator>& plan = plan_[subtask.chain.number()];
  bool all_ended = base.has_value() && !plan.empty();
  if (base) {
    for (const PlannedOperator& op : plan) {
      const checkpoint::OperatorRestore& part = restores.at(op.uid)[subtask.subtask.number()];
      for (const checkpoint::PackPart& pack : part.packs) {
        proto::Segment& segment = *restore.add_segments();
        segment.set_uid(op.uid);
        *segment.mutable_pack() = ToProto(pack.pack);
        segment.set_first_key_group(pack.key_groups.first.number());
        segment.set_end_key_group(pack.key_groups.end.number());
      }
      for (const checkpoint::ListItem& item : part.items) {
        if (!op.Takes(item)) continue;
        state.items.push_back({op.uid, item.state, item.redistribution, item.payload});
      }
      if (base->ref() != finished_base_) AddCommittables(op.uid, part.pending_commits, state);
      for (const checkpoint::EventTimeRange& range : part.event_times)
        state.event_times.push_back({op.uid, range.key_groups, range.watermark});
      all_ended &= part.end_of_input_done;
    }
  }
  state.ended = all_ended;
  *restore.mutable_state() = ToProto(state);
  return restore;
}

void Coordinator::OnReady(base::SubtaskId subtask) {
  if (stopping_ || state_ != JobState::kRestoring || this_attempt_.not_ready.erase(subtask) == 0 ||
      !this_attempt_.not_ready.empty())
    return;
  const auto& base = history_->newest_checkpoint();
  options_.events.OnStart(attempt_, base, options_.env.clock.Now() - restore_began_);
  proto::ToWorker start;
  start.mutable_start();
  Broadcast(start);
  if (completion_) {
    proto::ToWorker complete;
    *complete.mutable_complete() = PermitIssuer::Announce(*completion_);
    Broadcast(complete);
  }
  completed_at_ = options_.env.clock.Now();
  SetState(JobState::kRunning);
  for (uint32_t chain = 0; chain < options_.graph.chains.size(); ++chain) {
    if (state_ != JobState::kRunning) return;  // the source before failed the attempt
    if (options_.graph.chains[chain].source != nullptr) StartSource(base::ChainIndex(chain));
  }
  ConsiderTrigger();
}

void Coordinator::StartSource(base::ChainIndex chain) {
  const runtime::Chain& planned = options_.graph.chains[chain.number()];
  checkpoint::SourceSnapshot books;
  if (const auto& base = history_->newest_checkpoint()) {
    for (const checkpoint::OperatorSnapshot& op : base->checkpoint->operators) {
      if (op.uid == planned.source_uid && op.source) books = *op.source;
    }
  }
  const auto give = [this, chain](const SplitLedger::Assignment& assignment) {
    proto::ToWorker message;
    proto::AssignSplits& news = *message.mutable_assign_splits();
    *news.mutable_subtask() = ToProto(base::SubtaskId{chain, assignment.reader});
    if (assignment.split) ToProto({*assignment.split}, news.mutable_splits());
    news.set_no_more(!assignment.split.has_value());
    Broadcast(message);
  };
  auto& source = this_attempt_.sources[chain];
  source = std::make_unique<SourceCoordinator>(SourceCoordinator::Options{
      .loop = options_.loop,
      .env = options_.env,
      .source = *planned.source,
      .uid = planned.source_uid,
      .books = std::move(books),
      .hold = this_attempt_.splits_held,
      .give = give,
      .on_look = [this] { ConsiderTrigger(); },
      .on_failed = [this](const Status& status) { FailAttempt(status); }});
  source->Start();
}

// The attempt is over; another one follows, or the job has failed.
void Coordinator::FailAttempt(const Status& reason) {
  if (state_ != JobState::kRestoring && !IsRunning()) return;
  pending_ = nullptr;
  for (const auto& [chain, source] : this_attempt_.sources) source->Stop();
  policy_->OnAttemptEnded(options_.env.clock.Now());
  if (stopping_) return FailWhileStopping(reason);
  if (IsPermanent(reason)) return EndJob(reason);
  const double chance = static_cast<double>(options_.env.random.Next() >> 11) * 0x1.0p-53;
  const auto rest = restarts_.OnFailure(options_.env.clock.Now(), chance);
  if (!rest) return EndJob(reason);
  restart_rest_ = *rest;
  options_.events.OnRestart(reason, restarts_.restarts(), restarts_.restarts_max(), restart_rest_);
  SetState(JobState::kFailing);
  restart_due_ = false;
  proto::ToWorker cancel;
  cancel.mutable_cancel_attempt();
  for (const auto& [key, worker] : workers_) {
    if (worker.deployed) Send(worker, cancel);
  }
  AfterCancel();
}

void Coordinator::OnCancelled(WorkerKey key) {
  workers_.at(key).deployed = false;
  AfterCancel();
}

// Once no worker has a subtask left, the delay begins.
void Coordinator::AfterCancel() {
  const bool left =
      std::ranges::any_of(workers_, [](const auto& entry) { return entry.second.deployed; });
  if (state_ != JobState::kFailing || left) return;
  SetState(JobState::kRestarting);
  inbox().PostAfter(restart_rest_, [this, attempt = attempt_, epoch = epoch_] {
    if (attempt != attempt_ || epoch != epoch_) return;
    restart_due_ = true;
    TryDeploy();
  });
}

}  // namespace weir::cluster
