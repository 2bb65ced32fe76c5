#include "weir/cluster/worker_attempt.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "weir/base/check.h"
#include "weir/base/limits.h"
#include "weir/cluster/snapshot_upload.h"
#include "weir/cluster/state_restore.h"
#include "weir/exchange/local_channel.h"

namespace weir::cluster {

using base::SubtaskId;
using base::SubtaskIndex;

// The ends of all channels of this worker's subtasks.
struct WorkerAttempt::Ends {
  // Of a subtask on one edge.
  using Key = std::pair<uint32_t, SubtaskIndex>;
  // By their producer, in the order of consumers.
  std::map<Key, std::vector<std::unique_ptr<exchange::ChannelWriter>>> writers;
  // By their consumer, in the order of producers.
  std::map<Key, std::vector<std::unique_ptr<exchange::ChannelReader>>> readers;
};

WorkerAttempt::WorkerAttempt(Options options, const proto::Deploy& deploy)
    : Actor(options.loop), options_(std::move(options)) {
  for (uint32_t i = 0; i < options_.threads; ++i)
    loops_.push_back(std::make_unique<runtime::TaskletLoop>());
  Ends ends = MakeChannels(deploy);
  for (const proto::Deploy::Placement& placement : deploy.placements()) {
    if (placement.worker_id() == options_.worker_id)
      MakeSubtask(FromProto(placement.subtask()), ends, deploy);
  }
  for (size_t i = 0; i < loops_.size(); ++i)
    loops_[i]->Start(options_.env.threads, "task-" + std::to_string(i));
}

WorkerAttempt::~WorkerAttempt() {
  for (const auto& loop : loops_) loop->Stop();
}

WorkerAttempt::Ends WorkerAttempt::MakeChannels(const proto::Deploy& deploy) {
  std::map<uint32_t, std::string> addresses;
  for (const proto::Deploy::Worker& worker : deploy.workers())
    addresses[worker.worker_id()] = worker.data_address();
  std::map<SubtaskId, uint32_t> worker_of;
  for (const proto::Deploy::Placement& placement : deploy.placements())
    worker_of[FromProto(placement.subtask())] = placement.worker_id();

  Ends ends;
  for (uint32_t index = 0; index < options_.graph.edges.size(); ++index) {
    const runtime::Edge& edge = options_.graph.edges[index];
    const record::TypeOps& type = options_.graph.TypeOf(edge);
    for (SubtaskIndex from; from.number() < options_.graph.chains[edge.from.number()].parallelism;
         from = from.Next()) {
      for (SubtaskIndex to; to.number() < options_.graph.chains[edge.to.number()].parallelism;
           to = to.Next()) {
        if (edge.partitioning == runtime::Partitioning::kForward && from != to) continue;
        const uint32_t from_worker = worker_of.at({edge.from, from}),
                       to_worker = worker_of.at({edge.to, to});
        auto& writers = ends.writers[{index, from}];
        auto& readers = ends.readers[{index, to}];
        const exchange::ChannelKey name{options_.epoch, options_.attempt, index, from, to};
        if (from_worker == options_.worker_id && to_worker == options_.worker_id) {
          exchange::LocalChannel channel = exchange::MakeLocalChannel(type, options_.env.chaos);
          writers.push_back(std::move(channel.writer));
          readers.push_back(std::move(channel.reader));
        } else if (from_worker == options_.worker_id) {
          writers.push_back(options_.data_plane.OpenWriter(name, addresses.at(to_worker), type));
        } else if (to_worker == options_.worker_id) {
          readers.push_back(options_.data_plane.OpenReader(name, addresses.at(from_worker), type));
        }
      }
    }
  }
  return ends;
}

void WorkerAttempt::MakeSubtask(SubtaskId id, Ends& ends, const proto::Deploy& deploy) {
  const runtime::Chain& chain = options_.graph.chains[id.chain.number()];
  std::vector<exchange::InputGate::Input> inputs;
  std::vector<runtime::OutEdge> out_edges;
  for (uint32_t index = 0; index < options_.graph.edges.size(); ++index) {
    const runtime::Edge& edge = options_.graph.edges[index];
    if (edge.to == id.chain) {
      for (auto& reader : ends.readers[{index, id.subtask}])
        inputs.push_back({std::move(reader), edge.to_port});
    }
    if (edge.from == id.chain) {
      out_edges.push_back(
          {edge.from_operator, edge.from_port,
           std::make_unique<exchange::ResultPartition>(
               exchange::ResultPartition::Options{.type = options_.graph.TypeOf(edge),
                                                  .partitioning = edge.partitioning,
                                                  .max_parallelism = deploy.max_parallelism(),
                                                  .producer = id.subtask,
                                                  .chaos = options_.env.chaos},
               std::move(ends.writers[{index, id.subtask}]))});
    }
  }

  runtime::OperatorContext context;
  context.subtask = id.subtask;
  context.parallelism = chain.parallelism;
  context.max_parallelism = deploy.max_parallelism();
  context.key_groups = base::KeyGroupsOf(id.subtask, chain.parallelism, deploy.max_parallelism());
  context.hash_seed = deploy.hash_seed();
  context.epoch = options_.epoch;
  context.attempt = options_.attempt;
  context.lineage = base::Lineage(deploy.lineage());
  context.restored = base::CheckpointId(deploy.restored_checkpoint());
  context.env = &options_.env;
  runtime::TaskletLoop& loop = *loops_[id.subtask.number() % loops_.size()];
  auto subtask = std::make_unique<runtime::Subtask>(runtime::Subtask::Options{
      .id = id,
      .chain = chain,
      .context = std::move(context),
      .gate = inputs.empty() ? nullptr : std::make_unique<exchange::InputGate>(std::move(inputs)),
      .edges = std::move(out_edges),
      .host = *this,
      .wake = loop,
      .buffer_timeout = options_.buffer_timeout,
  });
  loop.Add(*subtask);
  subtasks_[id] = std::move(subtask);
}

// Several subtasks restore at once.
void WorkerAttempt::Restore(const proto::Restore& message) {
  const SubtaskId id = FromProto(message.subtask());
  if (Find(id) == nullptr) return;  // a peer is not trusted to name a subtask that exists
  const bool small = options_.env.chaos.Buggify("cluster-small-restore-window");
  StateRestore::Begin({
      .store = options_.store,
      .files = options_.files,
      .segments = {message.segments().begin(), message.segments().end()},
      .take =
          [inbox = inbox(), this, id, declared = DeclaredOf(id)](
              const checkpoint::PackState& state, std::string bytes, base::Closure taken) {
            if (!declared.contains({state.operator_uid, state.state}))
              return taken();  // the user let it go
            inbox.Post([this, id,
                        chunk = runtime::Subtask::RestoredChunk{state.operator_uid, state.state,
                                                                std::move(bytes),
                                                                std::move(taken)}]() mutable {
              Find(id)->PostRestore(std::move(chunk));
            });
          },
      .done =
          [inbox = inbox(), this, id, state = FromProto(message.state())](Status status) mutable {
            inbox.Post([this, id, state = std::move(state), status = std::move(status)]() mutable {
              if (!status.ok()) return OnFailed(id, status.Annotated("restore"));
              Find(id)->PostFinishRestore(std::move(state));
            });
          },
      .bytes_max = small ? 1 : limits::kRestoreBytesMax,
  });
}

// The keyed states of its operators: uid and name.
std::set<std::pair<std::string, std::string>> WorkerAttempt::DeclaredOf(SubtaskId id) const {
  std::set<std::pair<std::string, std::string>> declared;
  for (const PlannedOperator& op : options_.plan[id.chain.number()]) {
    for (const state::StateDescriptor& state : op.keyed.states)
      declared.emplace(op.uid, state.name);
  }
  return declared;
}

void WorkerAttempt::Begin() {
  for (const auto& [id, subtask] : subtasks_) subtask->PostBegin();
}

void WorkerAttempt::Trigger(const record::Barrier& barrier) {
  for (const auto& [id, subtask] : subtasks_) {
    if (options_.graph.chains[id.chain.number()].source != nullptr) subtask->PostTrigger(barrier);
  }
}

void WorkerAttempt::Abort(base::CheckpointId checkpoint) {
  for (const auto& [id, subtask] : subtasks_) subtask->PostAbort(checkpoint);
}

void WorkerAttempt::Complete(runtime::CommitPermit permit) {
  for (const auto& [id, subtask] : subtasks_) subtask->PostComplete(permit);
}

void WorkerAttempt::AssignSplits(SubtaskId id, std::vector<runtime::Split> splits, bool no_more) {
  if (runtime::Subtask* subtask = Find(id)) subtask->PostSplits(std::move(splits), no_more);
}

WorkerAttempt::Totals WorkerAttempt::totals() const {
  Totals totals;
  for (const auto& [id, subtask] : subtasks_) {
    const runtime::SubtaskCounters& counters = subtask->counters();
    totals.rows_in += counters.rows_in.load(std::memory_order_relaxed);
    totals.rows_out += counters.rows_out.load(std::memory_order_relaxed);
    totals.rows_skipped += counters.rows_skipped.load(std::memory_order_relaxed);
    totals.state_bytes += counters.state_bytes.load(std::memory_order_relaxed);
  }
  return totals;
}

runtime::Subtask* WorkerAttempt::Find(SubtaskId id) {
  const auto found = subtasks_.find(id);
  return found == subtasks_.end() ? nullptr : found->second.get();
}

void WorkerAttempt::Report(proto::ToCoordinator message) {
  inbox().Post(
      [this, message = std::move(message)]() mutable { options_.report(std::move(message)); });
}

void WorkerAttempt::OnReady(SubtaskId subtask) {
  proto::ToCoordinator message;
  *message.mutable_ready()->mutable_subtask() = ToProto(subtask);
  Report(std::move(message));
}

void WorkerAttempt::OnFailed(SubtaskId subtask, Status status) {
  proto::ToCoordinator message;
  *message.mutable_failed()->mutable_subtask() = ToProto(subtask);
  *message.mutable_failed()->mutable_status() = ToProto(status);
  Report(std::move(message));
}

void WorkerAttempt::OnSplitWanted(SubtaskId subtask) {
  proto::ToCoordinator message;
  *message.mutable_split_request()->mutable_subtask() = ToProto(subtask);
  Report(std::move(message));
}

void WorkerAttempt::OnEnded(SubtaskId subtask) {
  proto::ToCoordinator message;
  *message.mutable_ended()->mutable_subtask() = ToProto(subtask);
  Report(std::move(message));
}

void WorkerAttempt::OnCommitted(SubtaskId subtask, base::CheckpointId checkpoint) {
  proto::ToCoordinator message;
  *message.mutable_committed()->mutable_subtask() = ToProto(subtask);
  message.mutable_committed()->set_checkpoint(checkpoint.number());
  Report(std::move(message));
}

std::unique_ptr<runtime::SnapshotStream> WorkerAttempt::NewSnapshot(
    SubtaskId id, const record::Barrier& barrier) {
  const auto& plan = options_.plan[id.chain.number()];
  const runtime::Chain& chain = options_.graph.chains[id.chain.number()];
  std::vector<checkpoint::PackState> states;
  std::vector<uint32_t> first_state(chain.operators.size(), 0);
  for (const PlannedOperator& op : plan) {
    if (op.is_source) continue;
    first_state[op.index] = static_cast<uint32_t>(states.size());
    for (const state::StateDescriptor& state : op.keyed.states)
      states.push_back({op.uid, state.name});
  }
  const base::CheckpointId checkpoint = barrier.checkpoint;
  auto done = [inbox = inbox(), this, id, checkpoint](const StatusOr<UploadedSnapshot>& uploaded) {
    proto::ToCoordinator message = SnapshotNews(id, checkpoint, uploaded);
    inbox.Post([this, id, message = std::move(message)]() mutable {
      if (message.has_acknowledge()) {
        message.mutable_acknowledge()->set_state_bytes(
            Find(id)->counters().state_bytes.load(std::memory_order_relaxed));
      }
      options_.report(std::move(message));
    });
  };
  return std::make_unique<SnapshotUpload>(SnapshotUpload::Options{
      .store = options_.store,
      .env = options_.env,
      .files = options_.files,
      .pack = {options_.epoch, options_.attempt, checkpoint, id.chain, id.subtask,
               options_.env.random.Next()},
      .states = std::move(states),
      .first_state = std::move(first_state),
      .key_groups =
          base::KeyGroupsOf(id.subtask, chain.parallelism, options_.graph.max_parallelism),
      .mailbox = subtasks_.at(id)->mailbox(),
      .done = std::move(done),
  });
}

}  // namespace weir::cluster
