#include "weir/cluster/worker.h"

#include <utility>

#include "weir/base/limits.h"
#include "weir/cluster/permit_issuer.h"

namespace weir::cluster {

StatusOr<std::unique_ptr<Worker>> Worker::Start(Options options) {
  WEIR_ASSIGN_OR_RETURN(auto plan, DeclaredStates(options.graph));
  WEIR_ASSIGN_OR_RETURN(auto data_plane,
                        exchange::DataPlane::Open({.listen_address = options.data_address,
                                                   .transport = options.env.transport,
                                                   .chaos = options.env.chaos}));
  std::unique_ptr<Worker> worker(
      new Worker(std::move(options), std::move(data_plane), std::move(plan)));
  worker->inbox().Post([worker = worker.get()] {
    worker->Connect();
    worker->OnTick();
  });
  return worker;
}

Worker::Worker(Options options, std::unique_ptr<exchange::DataPlane> data_plane,
               std::vector<PlannedChain> plan)
    : Actor(options.loop),
      options_(std::move(options)),
      files_(options_.graph.name),
      plan_(std::move(plan)),
      data_plane_(std::move(data_plane)),
      heard_(options_.env.clock.Now()) {}

Worker::~Worker() = default;

void Worker::Connect() {
  const uint64_t number = ++connection_number_;
  connected_ = true;
  connection_ = options_.env.transport.Connect(options_.coordinator_address,
                                               std::make_shared<ControlLink>(
                                                   inbox(),
                                                   [this, number](std::string frame) {
                                                     if (number == connection_number_)
                                                       OnFrame(frame);
                                                   },
                                                   [this, number](Status reason) {
                                                     if (number == connection_number_)
                                                       OnConnectionLost(reason);
                                                   }));
  proto::ToCoordinator message;
  proto::Register& hello = *message.mutable_register_();
  hello.set_worker_name(options_.name);
  hello.set_data_address(data_plane_->address());
  hello.set_plan_digest(options_.graph.digest);
  Send(std::move(message));
}

void Worker::OnConnectionLost(const Status&) {
  connected_ = false;
  ++connection_number_;
  inbox().PostAfter(
      limits::kReconnectDelay + std::chrono::microseconds(options_.env.random.Below(10'000)),
      [this] {
        if (!connected_) Connect();
      });
}

void Worker::OnFrame(const std::string& frame) {
  proto::ToWorker message;
  if (!message.ParseFromString(frame)) return;
  const base::Epoch epoch(message.epoch());
  if (epoch < highest_epoch_) return;  // an old coordinator that does not know that it was fenced
  highest_epoch_ = epoch;
  heard_ = options_.env.clock.Now();
  switch (message.kind_case()) {
    case proto::ToWorker::kWelcome:
      worker_id_ = message.welcome().worker_id();
      break;
    case proto::ToWorker::kDeploy:
      OnDeploy(message);
      break;
    case proto::ToWorker::kCancelAttempt: {
      attempt_ = nullptr;
      proto::ToCoordinator answer;
      answer.mutable_attempt_cancelled();
      answer.set_epoch(message.epoch());
      answer.set_attempt(message.attempt());
      Send(std::move(answer));
      break;
    }
    case proto::ToWorker::kJobEnded: {
      attempt_ = nullptr;
      const Status status = FromProto(message.job_ended().status());
      inbox().Post([this, status] { options_.on_end(status); });
      break;
    }
    case proto::ToWorker::kHeartbeat:
      break;
    default:
      OnAttemptMessage(message);
  }
}

void Worker::OnDeploy(const proto::ToWorker& message) {
  attempt_ = nullptr;  // at most one attempt lives here
  attempt_ = std::make_unique<WorkerAttempt>(
      WorkerAttempt::Options{
          .loop = options_.loop,
          .env = options_.env,
          .store = options_.store,
          .graph = options_.graph,
          .plan = plan_,
          .files = files_,
          .data_plane = *data_plane_,
          .threads = options_.threads,
          .buffer_timeout = options_.buffer_timeout,
          .worker_id = worker_id_,
          .epoch = base::Epoch(message.epoch()),
          .attempt = base::Attempt(message.attempt()),
          .report =
              [this, epoch = message.epoch(),
               attempt = message.attempt()](proto::ToCoordinator report) {
                // The job may be over with this: the last figures go first.
                if (report.has_committed()) SendProgress();
                report.set_epoch(epoch);
                report.set_attempt(attempt);
                Send(std::move(report));
              },
      },
      message.deploy());
}

bool Worker::IsCurrent(const proto::ToWorker& message) const {
  return attempt_ != nullptr && attempt_->epoch().number() == message.epoch() &&
         attempt_->attempt().number() == message.attempt();
}

void Worker::OnAttemptMessage(const proto::ToWorker& message) {
  if (!IsCurrent(message)) return;
  switch (message.kind_case()) {
    case proto::ToWorker::kRestore:
      attempt_->Restore(message.restore());
      break;
    case proto::ToWorker::kStart:
      attempt_->Begin();
      break;
    case proto::ToWorker::kTrigger:
      attempt_->Trigger({.checkpoint = base::CheckpointId(message.trigger().checkpoint()),
                         .base = base::CheckpointId(message.trigger().base()),
                         .mode = record::CheckpointMode::kAligned,
                         .savepoint = message.trigger().savepoint()});
      break;
    case proto::ToWorker::kComplete:
      attempt_->Complete(PermitIssuer::FromMessage(message.complete()));
      break;
    case proto::ToWorker::kAbort:
      attempt_->Abort(base::CheckpointId(message.abort().checkpoint()));
      break;
    case proto::ToWorker::kAssignSplits:
      attempt_->AssignSplits(FromProto(message.assign_splits().subtask()),
                             FromProto(message.assign_splits().splits()),
                             message.assign_splits().no_more());
      break;
    default:
      break;
  }
}

void Worker::OnTick() {
  SendProgress();
  if (attempt_ != nullptr && options_.env.clock.Now() - heard_ > limits::kWorkerSilenceMax) {
    attempt_ = nullptr;
    // The coordinator may be there again by now: it must hear that the subtasks are gone.
    if (connected_) {
      connection_ = nullptr;
      OnConnectionLost(DeadlineExceededError("nothing was heard of the coordinator"));
    }
  }
  inbox().PostAfter(limits::kHeartbeatInterval, [this] { OnTick(); });
}

// Also says that the worker is there.
void Worker::SendProgress() {
  proto::ToCoordinator message;
  proto::Progress& progress = *message.mutable_progress();
  if (attempt_ != nullptr) {
    const WorkerAttempt::Totals totals = attempt_->totals();
    message.set_epoch(attempt_->epoch().number());
    message.set_attempt(attempt_->attempt().number());
    progress.set_rows_in(totals.rows_in);
    progress.set_rows_out(totals.rows_out);
    progress.set_rows_skipped(totals.rows_skipped);
    progress.set_state_bytes(totals.state_bytes);
  }
  Send(std::move(message));
}

void Worker::Send(proto::ToCoordinator message) {
  if (connected_) connection_->Send(message.SerializeAsString());
}

}  // namespace weir::cluster
