#include "weir/cluster/coordinator.h"

#include <algorithm>
#include <utility>

#include "weir/base/check.h"
#include "weir/base/limits.h"

namespace weir::cluster {

StatusOr<std::unique_ptr<Coordinator>> Coordinator::Start(Options options) {
  WEIR_ASSIGN_OR_RETURN(auto plan, DeclaredStates(options.graph));
  std::unique_ptr<Coordinator> coordinator(new Coordinator(std::move(options), std::move(plan)));
  WEIR_ASSIGN_OR_RETURN(coordinator->listener_, coordinator->options_.env.transport.Listen(
                                                    coordinator->options_.address, *coordinator));
  coordinator->inbox().Post([coordinator = coordinator.get()] {
    coordinator->BeginReign();
    coordinator->OnTick();
  });
  return coordinator;
}

Coordinator::Coordinator(Options options, std::vector<PlannedChain> plan)
    : Actor(options.loop),
      options_(std::move(options)),
      plan_(std::move(plan)),
      restarts_(options_.restart) {}

Coordinator::~Coordinator() { listener_ = nullptr; }

// ---- the reign

void Coordinator::BeginReign() {
  reigning_ = false;
  history_ = std::make_unique<checkpoint::History>(
      options_.loop, options_.env.clock, options_.env.random, options_.env.chaos, options_.store,
      checkpoint::History::Options{
          .job = options_.graph.name,
          .retained_max = options_.retained_max,
          .warn = [this](const Status& what) { options_.events.OnWarning(what); }});
  checkpoint::TakeOverOptions take_over;
  take_over.writer = options_.writer;
  take_over.plan_digest = options_.graph.digest;
  take_over.max_parallelism = options_.graph.max_parallelism;
  take_over.had_history = epoch_.number() != 0;
  if (reigns_++ == 0) {  // later reigns of this coordinator go on where the first one stopped
    take_over.start = options_.start;
    take_over.from = options_.from;
    take_over.checkpoint = options_.from_checkpoint;
    take_over.savepoint = options_.from_savepoint;
  }
  take_over.judge = [this](const checkpoint::Proposal& proposal) { return Judge(proposal); };
  history_->TakeOver(std::move(take_over),
                     [this](StatusOr<checkpoint::ReignStart> start) { OnReign(std::move(start)); });
}

Status Coordinator::Judge(const checkpoint::Proposal& proposal) {
  if (proposal.base) {
    if (proposal.max_parallelism != options_.graph.max_parallelism) {
      return FailedPreconditionError(
          "max parallelism is ", proposal.max_parallelism, " in checkpoint ",
          proposal.base->checkpoint->id, " and ", options_.graph.max_parallelism,
          " in this program: it is fixed when a job starts empty; set it back");
    }
    WEIR_RETURN_IF_ERROR(CheckRestorable(*proposal.base, plan_, options_.allowed_to_drop));
    WEIR_RETURN_IF_ERROR(CheckEnds(*proposal.base, options_.graph, plan_));
  }
  return options_.judge ? options_.judge(proposal) : Status();
}

void Coordinator::OnReign(StatusOr<checkpoint::ReignStart> start) {
  if (!start.ok()) {
    if (start.status().code() == StatusCode::kUnavailable && reigns_ > 1) {
      options_.events.OnWarning(start.status());
      return EndReign(start.status());
    }
    return EndJob(start.status());
  }
  reigning_ = true;
  next_reign_in_ = limits::kStoreRetryDelay;
  epoch_ = history_->epoch();
  attempt_ = swept_ = base::Attempt();
  // A newer epoch deploys over whatever runs.
  for (auto& [key, worker] : workers_) worker.deployed = false;
  // The restart timer of an earlier reign does nothing in this one: the delay counts as over.
  restart_due_ = true;
  finished_base_ = {};
  if (start->epoch.base_finished) finished_base_ = start->epoch.base;
  completion_ = start->completion;
  completed_at_ = options_.env.clock.Now();
  policy_.emplace(options_.triggers, options_.env.clock.Now());
  SetState(JobState::kWaitingForWorkers);
  std::vector<std::pair<WorkerKey, proto::Register>> waiting;
  for (auto& [key, worker] : workers_) {
    if (worker.hello) waiting.emplace_back(key, *std::exchange(worker.hello, std::nullopt));
  }
  for (const auto& [key, hello] : waiting) {
    if (workers_.contains(key)) Admit(key, hello);
  }
  if (stopping_) return EndStopped();
  TryDeploy();
}

// The history takes no more records of this reign. When another coordinator reigns, this one stops
// for good; when the store left a record undecided, a new reign of the same coordinator finds out.
void Coordinator::EndReign(const Status& reason) {
  if (reason.code() != StatusCode::kUnavailable) return EndJob(reason);
  reigning_ = false;
  if (state_ == JobState::kRestoring || IsRunning()) FailAttempt(reason);
  if (ended_) return;
  inbox().PostAfter(next_reign_in_, [this] {
    if (!ended_ && !reigning_) BeginReign();
  });
  next_reign_in_ = std::min(2 * next_reign_in_, limits::kStoreRetryDelayMax);
}

void Coordinator::SetState(JobState state) {
  if (state == state_) return;
  state_ = state;
  options_.events.OnState(state);
}

void Coordinator::EndJob(const Status& status) {
  EndJob(status, status.ok() ? JobState::kFinished : JobState::kFailed);
}

void Coordinator::EndJob(const Status& status, JobState last) {
  if (std::exchange(ended_, true)) return;
  reigning_ = false;
  if (last != JobState::kFailed) options_.events.OnProgress(Progress());
  SetState(last);
  *job_ended_.mutable_job_ended()->mutable_status() = ToProto(status);
  Broadcast(job_ended_);
  inbox().Post([this, status] { options_.on_end(status); });
}

// ---- the workers

std::shared_ptr<env::ConnectionHandler> Coordinator::Accept(
    std::shared_ptr<env::Connection> connection) {
  const WorkerKey key = ++last_key_;
  inbox().Post([this, key, connection = std::move(connection)]() mutable {
    WorkerEntry worker;
    worker.connection = std::move(connection);
    worker.heard = options_.env.clock.Now();
    workers_.emplace(key, std::move(worker));
  });
  return std::make_shared<ControlLink>(
      inbox(), [this, key](const std::string& frame) { OnFrame(key, frame); },
      [this, key](const Status& reason) { OnConnectionLost(key, reason); });
}

void Coordinator::OnFrame(WorkerKey key, const std::string& frame) {
  const auto worker = workers_.find(key);
  proto::ToCoordinator message;
  if (worker == workers_.end()) return;
  if (!message.ParseFromString(frame))
    return OnConnectionLost(key, DataLossError("a control message makes no sense"));
  if (ended_ && message.has_register_()) Send(worker->second, job_ended_);
  if (ended_) return;
  worker->second.heard = options_.env.clock.Now();
  if (message.kind_case() == proto::ToCoordinator::kRegister)
    return OnRegister(key, message.register_());
  // The heartbeat of a worker that has no subtasks.
  if (message.kind_case() == proto::ToCoordinator::kProgress && message.attempt() == 0) return;
  if (message.kind_case() == proto::ToCoordinator::kAcknowledge &&
      options_.env.chaos.Buggify("coordinator-acknowledgement-again")) {
    inbox().PostAfter(std::chrono::microseconds(options_.env.random.Below(1'000'000)),
                      [this, key, frame] { OnFrame(key, frame); });
  }
  const bool stale =
      !reigning_ || message.epoch() != epoch_.number() || message.attempt() != attempt_.number();
  if (stale && !options_.env.chaos.Mutant("stale-attempt-accepted")) return;
  OnAttemptMessage(key, message);
}

// A worker obeys the highest epoch that it has seen: before it reigns, a coordinator has nothing to
// tell it.
void Coordinator::OnRegister(WorkerKey key, const proto::Register& hello) {
  if (reigning_) return Admit(key, hello);
  workers_.at(key).hello = hello;
}

void Coordinator::Admit(WorkerKey key, const proto::Register& hello) {
  if (hello.plan_digest() != options_.graph.digest) {
    proto::ToWorker refusal;
    *refusal.mutable_job_ended()->mutable_status() = ToProto(FailedPreconditionError(
        "the worker's program is not the coordinator's: plan digest ", hello.plan_digest(),
        " instead of ", options_.graph.digest, "; start the same binary with the same options"));
    return Send(workers_.at(key), refusal);
  }
  for (auto& [other, entry] : workers_) {
    // The same process, whose old connection is not known to be broken yet.
    if (other != key && entry.name == hello.worker_name()) {
      OnConnectionLost(other, UnavailableError("the worker connected anew"));
      break;
    }
  }
  WorkerEntry& worker = workers_.at(key);
  if (ended_) return Send(worker, job_ended_);  // that was one failure too many
  worker.name = hello.worker_name();
  worker.data_address = hello.data_address();
  TryDeploy();
  if (worker.deployed) return;
  // The worker may still run subtasks of an attempt that went on without it.
  proto::ToWorker cancel;
  cancel.mutable_cancel_attempt();
  Send(worker, cancel);
}

void Coordinator::OnConnectionLost(WorkerKey key, const Status& reason) {
  const auto found = workers_.find(key);
  if (found == workers_.end()) return;
  const WorkerEntry worker = std::move(found->second);
  workers_.erase(found);
  if (!worker.deployed || ended_) return;
  FailAttempt(UnavailableError("worker ", worker.name, " is lost: ", reason.message()));
  AfterCancel();
}

void Coordinator::OnAttemptMessage(WorkerKey key, const proto::ToCoordinator& message) {
  switch (message.kind_case()) {
    case proto::ToCoordinator::kReady:
      return OnReady(FromProto(message.ready().subtask()));
    case proto::ToCoordinator::kFailed:
      return FailAttempt(FromProto(message.failed().status()));
    case proto::ToCoordinator::kAcknowledge:
      return OnAcknowledge(message);
    case proto::ToCoordinator::kDecline:
      return OnDecline(message);
    case proto::ToCoordinator::kSplitRequest: {
      const base::SubtaskId reader = FromProto(message.split_request().subtask());
      const auto source = this_attempt_.sources.find(reader.chain);
      if (source == this_attempt_.sources.end() || !IsPlanned(reader)) return;
      return source->second->OnWanted(reader.subtask);
    }
    case proto::ToCoordinator::kCommitted:
      return OnCommitted(FromProto(message.committed().subtask()),
                         base::CheckpointId(message.committed().checkpoint()));
    case proto::ToCoordinator::kEnded:
      return OnEnded(FromProto(message.ended().subtask()));
    case proto::ToCoordinator::kAttemptCancelled:
      return OnCancelled(key);
    case proto::ToCoordinator::kProgress:
      workers_.at(key).progress = message.progress();
      return options_.events.OnProgress(Progress());
    default:
      return;
  }
}

// A peer's words are not trusted to name a subtask that exists.
bool Coordinator::IsPlanned(base::SubtaskId subtask) const {
  return subtask.chain.number() < options_.graph.chains.size() &&
         subtask.subtask.number() < options_.graph.chains[subtask.chain.number()].parallelism;
}

// Twice a second: says that it is there, looks who is not, and how the job gets on.
void Coordinator::OnTick() {
  if (ended_) return;
  const base::Instant now = options_.env.clock.Now();
  // This process stood still: what the workers said meanwhile is yet to be read.
  const bool late = now - std::exchange(ticked_at_, now) > limits::kWorkerSuspectedAfter / 2;
  for (auto& [key, worker] : workers_) {
    if (late) worker.heard = now;
  }
  std::vector<WorkerKey> silent;
  for (const auto& [key, worker] : workers_) {
    if (now - worker.heard > limits::kWorkerSuspectedAfter) silent.push_back(key);
  }
  for (const WorkerKey key : silent)
    OnConnectionLost(
        key, DeadlineExceededError("nothing was heard of it for ",
                                   limits::kWorkerSuspectedAfter / std::chrono::seconds(1), " s"));
  if (reigning_) {
    proto::ToWorker heartbeat;
    heartbeat.mutable_heartbeat();
    Broadcast(heartbeat);
  }
  UpdateHealth();
  if (pending_ != nullptr && pending_->OnTime(now))
    OnCheckpointFailed(pending_->tag().checkpoint, pending_->reason());
  if (!ended_) inbox().PostAfter(limits::kHeartbeatInterval, [this] { OnTick(); });
}

JobProgress Coordinator::Progress() const {
  JobProgress progress;
  for (const auto& [key, worker] : workers_) {
    progress.rows_in += worker.progress.rows_in();
    progress.rows_out += worker.progress.rows_out();
    progress.rows_skipped += worker.progress.rows_skipped();
    progress.state_bytes += worker.progress.state_bytes();
  }
  return progress;
}

void Coordinator::UpdateHealth() {
  if (state_ != JobState::kRunning && state_ != JobState::kDegraded) return;
  const Duration interval = options_.triggers.interval;
  const bool late =
      interval.count() > 0 && options_.env.clock.Now() - completed_at_ >
                                  3 * std::max<Duration>(interval, std::chrono::seconds(1));
  SetState(late ? JobState::kDegraded : JobState::kRunning);
}

void Coordinator::Send(const WorkerEntry& worker, proto::ToWorker message) {
  message.set_epoch(epoch_.number());
  message.set_attempt(attempt_.number());
  worker.connection->Send(message.SerializeAsString());
}

void Coordinator::Broadcast(const proto::ToWorker& message) {
  for (const auto& [key, worker] : workers_) {
    if (!worker.name.empty()) Send(worker, message);
  }
}

}  // namespace weir::cluster
