#include "weir/testing/harness_chain.h"

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

#include "weir/base/check.h"
#include "weir/base/limits.h"
#include "weir/env/mutex.h"
#include "weir/runtime/source.h"
#include "weir/runtime/user_code.h"
#include "weir/state/keyed_backend.h"
#include "weir/testing/permit_for_tests.h"

namespace weir::testing {
namespace {

// Only its type is asked for.
class HarnessSource final : public runtime::Source {
 public:
  explicit HarnessSource(const record::TypeOps& type) : type_(type) {}
  std::string kind() const override { return "harness"; }
  const record::TypeOps& type() const override { return type_; }
  bool bounded() const override { return true; }
  bool can_replay() const override { return true; }
  std::unique_ptr<runtime::SplitEnumerator> NewEnumerator(env::Env&) const override {
    return nullptr;
  }
  std::unique_ptr<runtime::SourceReader> NewReader() const override { return nullptr; }

 private:
  const record::TypeOps& type_;
};

class ChunkCollector final : public state::SnapshotSink {
 public:
  ChunkCollector(const std::string& uid, const state::OperatorStates& states,
                 HarnessSnapshot& snapshot)
      : uid_(uid), states_(states), snapshot_(snapshot) {}
  void Add(state::SnapshotChunk chunk) override {
    snapshot_.chunks.push_back({uid_, states_.states[chunk.state].name, std::move(chunk.bytes)});
  }

 private:
  const std::string& uid_;
  const state::OperatorStates& states_;
  HarnessSnapshot& snapshot_;
};

}  // namespace

// The mailbox of all subtasks.
class HarnessChain::Jobs final : public runtime::Mailbox {
 public:
  void Post(base::Closure closure) override {
    env::MutexLock lock(mutex_);
    closures_.push_back(std::move(closure));
  }
  // Runs what was posted; false when there was nothing.
  bool Run() {
    std::deque<base::Closure> closures;
    {
      env::MutexLock lock(mutex_);
      closures.swap(closures_);
    }
    for (base::Closure& closure : closures) closure();
    return !closures.empty();
  }

 private:
  env::Mutex mutex_;
  std::deque<base::Closure> closures_ WEIR_GUARDED_BY(mutex_);  // bounded by what one call posts
};

// The last operator of each subtask: hands on what its stage makes.
class HarnessChain::Tail final : public runtime::Operator {
 public:
  Tail(HarnessChain& chain, size_t stage, bool last_subtask)
      : chain_(chain), stage_(stage), last_(last_subtask) {}

  Status Open(const runtime::OperatorContext&) override { return {}; }
  Status Start() override { return {}; }

  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output&) override {
    input.cursor = 0;
    WEIR_RETURN_IF_ERROR(chain_.FeedStage(stage_ + 1, input.batch));
    input.batch.Clear();
    return runtime::Outcome::kNeedInput;
  }
  StatusOr<runtime::Outcome> OnWatermark(record::Watermark watermark, runtime::Output&) override {
    return Pass(watermark);
  }
  StatusOr<runtime::Outcome> OnEnd(runtime::Output&) override { return Pass(record::EndOfInput()); }

 private:
  // All subtasks see an element, one after the other; the last one's is the one that goes on.
  StatusOr<runtime::Outcome> Pass(const record::ControlElement& element) {
    if (last_) WEIR_RETURN_IF_ERROR(chain_.Control(stage_ + 1, element));
    return runtime::Outcome::kNeedInput;
  }

  HarnessChain& chain_;
  const size_t stage_;
  const bool last_;
};

// Takes what an operator adds to a snapshot; what it defers runs at once.
class HarnessChain::Recorder final : public runtime::SnapshotContext {
 public:
  Recorder(HarnessSnapshot& snapshot, const runtime::OperatorContext& context)
      : snapshot_(snapshot), context_(context) {}

  base::CheckpointId checkpoint() const override { return snapshot_.checkpoint; }
  void AddItem(std::string_view state, state::Redistribution redistribution,
               std::string item) override {
    snapshot_.items.push_back(
        {context_.uid, std::string(state), redistribution, context_.subtask, std::move(item)});
  }
  void AddCommittable(runtime::Committable committable) override {
    snapshot_.committables.push_back({context_.uid, std::move(committable)});
  }
  void Defer(base::UniqueFunction<Status()> job) override {
    if (status_.ok()) status_ = job();
  }
  // Nothing of a harness is under way behind a barrier.
  base::UniqueFunction<void(Status)> Hold() override {
    return [](const Status&) {};
  }
  const Status& status() const { return status_; }

 private:
  HarnessSnapshot& snapshot_;
  const runtime::OperatorContext& context_;
  Status status_;
};

api::NodeIndex AddHarnessSource(api::Program& program, const record::TypeOps& type) {
  api::Node node{.kind = api::NodeKind::kSource, .place = {}, .name = {}, .parallelism = {}};
  node.source = std::make_shared<HarnessSource>(type);
  return program.Add(std::move(node));
}

HarnessChain::HarnessChain(const api::Program& program, const HarnessOptions& options)
    : jobs_(std::make_shared<Jobs>()) {
  const std::vector<api::Node>& nodes = program.nodes();
  size_t begin = 1;
  for (size_t i = 1; i <= nodes.size(); ++i) {
    const bool ends =
        i == nodes.size() || nodes[i].inputs[0].partitioning == runtime::Partitioning::kHash;
    if (i < nodes.size())
      WEIR_CHECK(nodes[i].inputs.size() == 1 && nodes[i].inputs[0].from.number() == i - 1);
    if (!ends || i == 1) continue;
    AddStage(program, begin, i, options);
    begin = i;
  }
  opened_ = program.errors().empty() ? Open() : InvalidArgumentError(program.errors()[0].message);
}

HarnessChain::~HarnessChain() = default;

void HarnessChain::AddStage(const api::Program& program, size_t begin, size_t end,
                            const HarnessOptions& options) {
  const std::vector<api::Node>& nodes = program.nodes();
  const uint32_t parallelism = begin == 1 ? 1 : options.parallelism;
  const record::TypeOps* type =
      begin == 1 ? &nodes[0].source->type() : nodes[begin - 1].factory->output_types()[0];
  Stage stage{.input_type = type, .subtasks = {}};
  for (uint32_t i = 0; i < parallelism; ++i) {
    std::vector<runtime::ChainDriver::Node> operators;
    for (size_t n = begin; n < end; ++n) {
      operators.push_back(
          {nodes[n].name.value_or(""), nodes[n].factory->New(), nodes[n].factory->output_types()});
    }
    if (!operators.back().output_types.empty()) {
      operators.push_back(
          {"", std::make_unique<Tail>(*this, stages_.size(), i + 1 == parallelism), {}});
    }
    Subtask subtask;
    subtask.operators = static_cast<uint32_t>(end - begin);
    subtask.driver = std::make_unique<runtime::ChainDriver>(std::vector<const record::TypeOps*>(),
                                                            std::move(operators),
                                                            std::vector<runtime::OutEdge>());
    subtask.context.subtask = base::SubtaskIndex(i);
    subtask.context.parallelism = parallelism;
    subtask.context.max_parallelism = options.max_parallelism;
    subtask.context.key_groups =
        base::KeyGroupsOf(base::SubtaskIndex(i), parallelism, options.max_parallelism);
    subtask.context.hash_seed = options.hash_seed;
    subtask.context.epoch = base::Epoch(1);
    subtask.context.attempt = base::Attempt(1);
    subtask.context.lineage = base::Lineage(1);
    subtask.context.env = options.env;
    subtask.context.mailbox = jobs_;
    stage.subtasks.push_back(std::move(subtask));
  }
  stages_.push_back(std::move(stage));
}

Status HarnessChain::Open() {
  return ForEachOperator(
      [](runtime::Operator& op, runtime::OperatorContext& context) { return op.Open(context); });
}

Status HarnessChain::Start() {
  WEIR_RETURN_IF_ERROR(opened_);
  if (std::exchange(started_, true)) return {};
  return ForEachOperator(
      [](runtime::Operator& op, runtime::OperatorContext&) { return op.Start(); });
}

Status HarnessChain::Restore(const HarnessSnapshot& snapshot) {
  WEIR_CHECK(!started_);
  WEIR_RETURN_IF_ERROR(opened_);
  RestoreWatermarks(snapshot);
  return ForEachOperator([&](runtime::Operator& op, runtime::OperatorContext& context) -> Status {
    context.restored = snapshot.checkpoint;
    const auto dealt_here = [&](base::SubtaskIndex origin) {
      return origin.number() % context.parallelism == context.subtask.number();
    };
    for (const HarnessSnapshot::Chunk& chunk : snapshot.chunks) {
      if (chunk.uid != context.uid || op.keyed_state() == nullptr) continue;
      WEIR_RETURN_IF_ERROR(op.keyed_state()->RestoreChunk(chunk.state, chunk.bytes).status());
    }
    for (const HarnessSnapshot::Item& item : snapshot.items) {
      const bool here =
          item.redistribution == state::Redistribution::kUnion || dealt_here(item.origin);
      if (item.uid == context.uid && here)
        WEIR_RETURN_IF_ERROR(op.RestoreItem(item.state, item.bytes));
    }
    for (const HarnessSnapshot::Pending& pending : snapshot.committables) {
      if (pending.uid != context.uid || !dealt_here(pending.committable.origin)) continue;
      WEIR_RETURN_IF_ERROR(op.RestoreCommittable(pending.committable));
    }
    return {};
  });
}

// As a subtask does: each operator begins at the smallest watermark of its key groups.
void HarnessChain::RestoreWatermarks(const HarnessSnapshot& snapshot) {
  for (Stage& stage : stages_) {
    for (Subtask& subtask : stage.subtasks) {
      runtime::SubtaskState state;
      const base::KeyGroupRange ours = subtask.context.key_groups;
      for (const HarnessSnapshot::Watermark& watermark : snapshot.watermarks) {
        const base::KeyGroupRange theirs = watermark.key_groups;
        if (!theirs.Overlaps(ours)) continue;
        state.event_times.push_back(
            {watermark.uid,
             {std::max(theirs.first, ours.first), std::min(theirs.end, ours.end)},
             watermark.time});
      }
      subtask.driver->RestoreWatermarks(state, ours);
    }
  }
}

Status HarnessChain::Feed(record::BatchPtr batch) {
  WEIR_RETURN_IF_ERROR(Start());
  return FeedStage(0, *batch);
}

// Gives a stage the rows of a batch, each to the subtask that owns it; behind the last stage they
// are what came out.
Status HarnessChain::FeedStage(size_t index, record::AnyBatch& batch) {
  if (index == stages_.size()) {
    auto out = std::make_unique<record::AnyBatch>(batch.type());
    out->Swap(batch);
    Put(std::move(out));
    return {};
  }
  Stage& stage = stages_[index];
  const auto parallelism = static_cast<uint32_t>(stage.subtasks.size());
  std::vector<uint16_t> destinations(batch.size(), 0);
  for (uint32_t row = 0; index > 0 && row < batch.size(); ++row) {
    const uint32_t max_parallelism = stage.subtasks[0].context.max_parallelism;
    const base::KeyGroup group = base::KeyGroupOf(batch.hashes()[row], max_parallelism);
    destinations[row] =
        static_cast<uint16_t>(base::OwnerOf(group, parallelism, max_parallelism).number());
  }
  std::vector<record::BatchPtr> parts;
  std::vector<record::AnyBatch*> outputs;
  for (uint32_t i = 0; i < parallelism; ++i) {
    outputs.push_back(
        parts.emplace_back(std::make_unique<record::AnyBatch>(*stage.input_type)).get());
  }
  const uint32_t moved = batch.type().Scatter(batch, 0, destinations, outputs);
  WEIR_CHECK(moved == batch.size());
  for (uint32_t i = 0; i < parallelism; ++i) {
    if (parts[i]->empty()) continue;
    stage.subtasks[i].driver->Feed(base::PortIndex(0), std::move(parts[i]));
    WEIR_RETURN_IF_ERROR(Run(stage.subtasks[i]));
    (void)stage.subtasks[i].driver->TakeConsumed();
  }
  return {};
}

Status HarnessChain::Run(Subtask& subtask) {
  while (true) {
    WEIR_ASSIGN_OR_RETURN(const auto drive, subtask.driver->Run());
    const bool ran = jobs_->Run();
    if (drive == runtime::ChainDriver::Drive::kDrained) return {};
    if (!ran)
      return UnavailableError("the operator is blocked, and nothing was posted that would go on");
  }
}

Status HarnessChain::Play(const PictureElement& element) {
  using Kind = PictureElement::Kind;
  WEIR_RETURN_IF_ERROR(Start());
  switch (element.kind) {
    case Kind::kRow:
    case Kind::kEndOfBatch:
      return {};
    case Kind::kWatermark:
      return Control(0, record::Watermark{element.timestamp});
    case Kind::kEndOfInput:
      WEIR_RETURN_IF_ERROR(Control(0, record::Watermark{kMaxTimestamp}));
      return Control(0, record::EndOfInput());
    case Kind::kBarrier:
      return TakeSnapshot(base::CheckpointId(element.checkpoint));
    case Kind::kComplete:
      return Complete(base::CheckpointId(element.checkpoint));
  }
  return {};
}

Status HarnessChain::AdvanceProcessingTime(int64_t unix_ms) {
  WEIR_RETURN_IF_ERROR(Start());
  for (Stage& stage : stages_) {
    for (Subtask& subtask : stage.subtasks) {
      subtask.driver->StartTimers(unix_ms);
      WEIR_RETURN_IF_ERROR(Run(subtask));
    }
  }
  return {};
}

Status HarnessChain::Control(size_t index, const record::ControlElement& element) {
  if (index == stages_.size()) {
    const auto* watermark = std::get_if<record::Watermark>(&element);
    if (watermark != nullptr && watermark->time == kMaxTimestamp) return {};  // "E" says it
    Put(watermark == nullptr ? "E" : Concat("W ", watermark->time));
    return {};
  }
  for (Subtask& subtask : stages_[index].subtasks) {
    subtask.driver->StartControl(element);
    WEIR_RETURN_IF_ERROR(Run(subtask));
  }
  return {};
}

Status HarnessChain::TakeSnapshot(base::CheckpointId checkpoint) {
  snapshot_ = {
      .checkpoint = checkpoint, .watermarks = {}, .chunks = {}, .items = {}, .committables = {}};
  for (const Stage& stage : stages_) {
    for (const Subtask& subtask : stage.subtasks) {
      for (uint32_t i = 0; i < subtask.operators; ++i) {
        snapshot_.watermarks.push_back(
            {subtask.driver->uid(i), subtask.context.key_groups, subtask.driver->watermark(i)});
      }
    }
  }
  const auto snapshot_of = [&](runtime::Operator& op, runtime::OperatorContext& context) -> Status {
    Recorder recorder(snapshot_, context);
    WEIR_RETURN_IF_ERROR(op.Snapshot(recorder));
    WEIR_RETURN_IF_ERROR(recorder.status());
    state::KeyedBackend* keyed = op.keyed_state();
    if (keyed == nullptr) return {};
    ChunkCollector chunks(context.uid, keyed->states(), snapshot_);
    WEIR_RETURN_IF_ERROR(keyed->BeginSnapshot(checkpoint, chunks));
    while (!keyed->EncodeSome(limits::kSegmentBytesMax)) {
    }
    return {};
  };
  WEIR_RETURN_IF_ERROR(ForEachOperator(snapshot_of));
  Put(Concat("B ", checkpoint));
  return {};
}

Status HarnessChain::Complete(base::CheckpointId checkpoint) {
  return ForEachOperator([&](runtime::Operator& op, runtime::OperatorContext&) {
    if (op.keyed_state() != nullptr) op.keyed_state()->CheckpointCompleted(checkpoint);
    return op.OnCheckpointComplete(PermitForTests::Of(checkpoint));
  });
}

// Calls `call` for each operator of each subtask, as user code; stops at the first error.
template <class Call>
Status HarnessChain::ForEachOperator(Call call) {
  for (Stage& stage : stages_) {
    for (Subtask& subtask : stage.subtasks) {
      for (uint32_t i = 0; i < subtask.operators; ++i) {
        subtask.context.uid = subtask.driver->uid(i);
        const Status status = runtime::CatchUserExceptions(
            [&] { return call(subtask.driver->op(i), subtask.context); });
        if (!status.ok())
          return subtask.context.uid.empty() ? status : status.Annotated(subtask.context.uid);
      }
    }
  }
  return {};
}

}  // namespace weir::testing
