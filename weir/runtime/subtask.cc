#include "weir/runtime/subtask.h"

#include <algorithm>
#include <utility>

#include "weir/base/check.h"
#include "weir/runtime/user_code.h"
#include "weir/state/keyed_backend.h"

namespace weir::runtime {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

Status NobodyHas(const std::string& what) {
  return InternalError("no operator of the chain has the state that was sent to it: ", what);
}

}  // namespace

Subtask::Subtask(Options options)
    : id_(options.id),
      chain_(options.chain),
      context_(std::move(options.context)),
      host_(options.host),
      env_(*context_.env),
      buffer_timeout_(options.buffer_timeout),
      mailbox_(std::make_shared<TaskMailbox>(options.wake)),
      gate_(std::move(options.gate)),
      metrics_(env_.metrics, chain_, id_) {
  context_.mailbox = mailbox_;
  if (gate_ != nullptr) {
    alignment_.emplace(gate_->channel_count());
    gate_->SetWakeTarget(&options.wake);
  }
  Post([this, edges = std::move(options.edges), &wake = options.wake]() mutable {
    return Open(std::move(edges), wake);
  });
}

Subtask::~Subtask() { mailbox_->Close(); }

void Subtask::Post(base::UniqueFunction<Status()> call) {
  mailbox_->Post([this, call = std::move(call)]() mutable {
    if (phase_ == Phase::kFailed) return;
    if (Status status = CatchUserExceptions(call); !status.ok()) Fail(status);
  });
}

void Subtask::PostRestore(RestoredChunk chunk) {
  Post([this, chunk = std::move(chunk)]() mutable -> Status {
    for (uint32_t i = 0; i < driver_->size(); ++i) {
      if (driver_->uid(i) != chunk.uid || driver_->op(i).keyed_state() == nullptr) continue;
      const auto restored = driver_->op(i).keyed_state()->RestoreChunk(chunk.state, chunk.bytes);
      if (!restored.ok()) return restored.status().Annotated(chunk.uid);
      chunk.bytes = {};
      chunk.taken();
      return {};
    }
    return NobodyHas(Concat(chunk.uid, ".", chunk.state));
  });
}

void Subtask::PostFinishRestore(SubtaskState state) {
  Post([this, state = std::move(state)] { return FinishRestore(state); });
}

void Subtask::PostBegin() {
  Post([this]() -> Status {
    WEIR_CHECK(phase_ == Phase::kReady);
    phase_ = end_sent_ ? Phase::kEnded : Phase::kRunning;
    return {};
  });
}

void Subtask::PostTrigger(record::Barrier barrier) {
  WEIR_CHECK(chain_.source != nullptr);
  Post([this, barrier]() -> Status {
    controls_.emplace_back(barrier);
    return {};
  });
}

void Subtask::PostAbort(base::CheckpointId checkpoint) {
  Post([this, checkpoint]() -> Status {
    if (alignment_) CarryOut(alignment_->OnAbort(checkpoint), base::ChannelIndex());
    if (snapshot_ != nullptr && snapshot_->checkpoint() == checkpoint) snapshot_ = nullptr;
    return {};
  });
}

void Subtask::PostComplete(CommitPermit permit) {
  Post([this, permit] { return OnComplete(permit); });
}

void Subtask::PostSplits(std::vector<Split> splits, bool no_more) {
  WEIR_CHECK(chain_.source != nullptr);
  Post([this, splits = std::move(splits), no_more]() mutable -> Status {
    controls_.emplace_back(NewSplits{std::move(splits), no_more});
    return {};
  });
}

// Calls each operator, the head first; stops at the first error.
template <class Call>
Status Subtask::ForEachOperator(Call call) {
  for (uint32_t i = 0; i < driver_->size(); ++i) {
    const std::string& uid = driver_->uid(i);
    WEIR_RETURN_IF_ERROR(CallUserCode(uid, [&] { return call(driver_->op(i), uid); }));
  }
  return {};
}

template <class Call>
std::invoke_result_t<Call> Subtask::CallSource(Call call) {
  return CallUserCode(chain_.source_uid, call);
}

Status Subtask::Open(std::vector<OutEdge> edges, exchange::WakeTarget& wake) {
  std::vector<ChainDriver::Node> nodes;
  for (const OperatorNode& node : chain_.operators) {
    std::unique_ptr<Operator> op;
    WEIR_RETURN_IF_ERROR(CallUserCode(node.uid, [&]() -> Status {
      op = node.factory->New();
      return {};
    }));
    nodes.push_back({node.uid, std::move(op), node.output_types(), node.factory->kind()});
  }
  if (chain_.source != nullptr) {
    WEIR_RETURN_IF_ERROR(CallSource([&]() -> Status {
      reader_ = chain_.source->NewReader();
      return {};
    }));
  }
  std::vector<const record::TypeOps*> source_types;
  if (chain_.source != nullptr) source_types = chain_.source->output_types();
  driver_ = std::make_unique<ChainDriver>(source_types, std::move(nodes), std::move(edges));
  driver_->SetWakeTarget(&wake);
  size_t index = 0;
  return ForEachOperator([&](Operator& op, const std::string& uid) {
    context_.uid = uid;
    context_.side_outputs = chain_.operators[index++].side_outputs;
    return op.Open(context_);
  });
}

Status Subtask::FinishRestore(const SubtaskState& state) {
  const auto at = [&](const std::string& uid) -> Operator* {
    for (uint32_t i = 0; i < driver_->size(); ++i) {
      if (driver_->uid(i) == uid) return &driver_->op(i);
    }
    return nullptr;
  };
  for (const OperatorItem& item : state.items) {
    Operator* const op = at(item.uid);
    if (op == nullptr) return NobodyHas(item.uid);
    WEIR_RETURN_IF_ERROR(
        CallUserCode(item.uid, [&] { return op->RestoreItem(item.state, item.bytes); }));
  }
  for (const OperatorCommittable& pending : state.committables) {
    Operator* const op = at(pending.uid);
    if (op == nullptr) return NobodyHas(pending.uid);
    WEIR_RETURN_IF_ERROR(
        CallUserCode(pending.uid, [&] { return op->RestoreCommittable(pending.committable); }));
  }
  RestoreWatermarks(state);
  WEIR_RETURN_IF_ERROR(
      ForEachOperator([](Operator& op, const std::string&) { return op.Start(); }));
  if (reader_ != nullptr) {
    context_.uid = chain_.source_uid;
    WEIR_RETURN_IF_ERROR(CallSource([&] { return reader_->Start(context_); }));
  }
  if (gate_ != nullptr) watermarks_.emplace(gate_->channel_count(), watermark_);
  source_time_ = EventTimeReport(watermark_);
  // Those downstream may know less, and a source may have nothing new to say.
  if (watermark_ != kMinTimestamp) driver_->StartEdgeControl(record::Watermark{watermark_});
  // The end-of-input action was done before the checkpoint and is not done again; those downstream
  // must hear of the end all the same.
  if (state.ended) {
    end_sent_ = true;
    driver_->StartEdgeControl(record::EndOfInput{});
  }
  phase_ = Phase::kReady;
  host_.OnReady(id_);
  return {};
}

// Event time at the checkpoint. The subtask's own is that of the first operator that is known, and
// not behind one that makes watermarks.
void Subtask::RestoreWatermarks(const SubtaskState& state) {
  driver_->RestoreWatermarks(state, context_.key_groups);
  watermark_ = WatermarkOf(state, chain_.source_uid, context_.key_groups);
  for (uint32_t i = 0; i < driver_->size() && i <= driver_->FirstTimeMaker(); ++i) {
    if (chain_.source == nullptr && watermark_ == kMinTimestamp) watermark_ = driver_->watermark(i);
  }
}

Subtask::Progress Subtask::Run() {
  bool progress = false;
  metrics_.OnTime(env_.clock.Now(), waiting_for_);
  for (base::Closure& closure : mailbox_->Take()) {
    // Also what operators posted for themselves.
    const Status status = CatchUserExceptions([&]() -> Status {
      closure();
      return {};
    });
    if (!status.ok() && phase_ != Phase::kFailed) Fail(status);
    progress = true;
    poll_again_ = {};  // it may have brought what the source waits for
  }
  if (phase_ == Phase::kRunning || phase_ == Phase::kEnded) {
    // Calls that are an operator's or a source's alone are caught where its uid is known; this is
    // for the others.
    const Status status = CatchUserExceptions([&]() -> Status {
      WEIR_RETURN_IF_ERROR(TickIfDue(/*now=*/progress));
      return RunPiece(progress);
    });
    if (!status.ok()) Fail(status);
  }
  if (!progress) return Progress::kIdle;
  metrics_.OnTime(env_.clock.Now(), SubtaskMetrics::Spent::kBusy);
  return Progress::kProgress;
}

Status Subtask::RunPiece(bool& progress) {
  WEIR_RETURN_IF_ERROR(StepSnapshot(progress));
  const bool buffers_full = snapshot_ != nullptr && snapshot_->MustWait();
  if (buffers_full) waiting_for_ = SubtaskMetrics::Spent::kBackpressured;
  if (!buffers_full) WEIR_RETURN_IF_ERROR(Work(progress));
  counters_.rows_in.store(driver_->rows_in(), std::memory_order_relaxed);
  counters_.rows_out.store(driver_->rows_out(), std::memory_order_relaxed);
  metrics_.OnTraffic(*driver_);
  ReportCommits();
  return {};
}

// Drives the chain and feeds it until the time slice is over or nothing can be done.
Status Subtask::Work(bool& progress) {
  const base::Instant until = env_.clock.Now() + limits::kTaskletSlice;
  bool timers_had_their_turn = false;
  for (;;) {
    WEIR_ASSIGN_OR_RETURN(const ChainDriver::Drive drive, driver_->Run());
    if (record::BatchPtr consumed = driver_->TakeConsumed())
      gate_->Recycle(fed_from_, std::move(consumed));
    const bool blocked = drive == ChainDriver::Drive::kBlocked;
    waiting_for_ = blocked ? SubtaskMetrics::Spent::kBackpressured : SubtaskMetrics::Spent::kIdle;
    if (blocked) return FlushIfDue(/*idle=*/true);
    if (end_sent_ && !end_reported_) {
      end_reported_ = true;
      host_.OnEnded(id_);
    }
    if (!controls_.empty()) {
      WEIR_RETURN_IF_ERROR(StartNextControl());
      progress = true;
      continue;
    }
    // Timers and input take turns, whoever is slow.
    timers_had_their_turn = !timers_had_their_turn && StartTimersIfDue();
    if (!timers_had_their_turn) {
      WEIR_ASSIGN_OR_RETURN(const bool took, TakeInput());
      if (!took) return FlushIfDue(/*idle=*/true);
    }
    progress = true;
    if (env_.clock.Now() >= until) {
      waiting_for_ = SubtaskMetrics::Spent::kBusy;  // only for its turn
      return FlushIfDue(/*idle=*/false);
    }
  }
}

Status Subtask::AddSplits(NewSplits news) {
  split_wanted_ = false;
  const Status added = CallSource([&]() -> Status {
    if (!news.splits.empty()) WEIR_RETURN_IF_ERROR(reader_->AddSplits(std::move(news.splits)));
    if (news.no_more) reader_->NoMoreSplits();
    return {};
  });
  WEIR_RETURN_IF_ERROR(added);
  poll_again_ = {};
  return {};
}

bool Subtask::StartTimersIfDue() {
  if (end_sent_) return false;
  const std::optional<int64_t> timer = driver_->NextTimer();
  if (!timer) return false;
  const int64_t now = env_.clock.UnixMillis();
  if (*timer > now) return false;
  driver_->StartTimers(now);
  return true;
}

// Brings one batch or one control element in; false when there is nothing.
StatusOr<bool> Subtask::TakeInput() {
  if (reader_ != nullptr) return PollSource();
  WEIR_ASSIGN_OR_RETURN(std::optional<exchange::GateElement> element, gate_->Next());
  if (!element) return false;
  WEIR_RETURN_IF_ERROR(OnElement(*std::move(element)));
  return true;
}

StatusOr<bool> Subtask::PollSource() {
  if (phase_ == Phase::kEnded || env_.clock.Now() < poll_again_) return false;
  bool wants_split = false;
  const StatusOr<PollResult> result = CallSource([&]() -> StatusOr<PollResult> {
    WEIR_ASSIGN_OR_RETURN(const PollResult polled, reader_->Poll(driver_->source_output()));
    for (std::string& id : reader_->TakeFinished()) finished_splits_.push_back(std::move(id));
    OnWatermarkChange(source_time_.On(reader_->event_time()));
    wants_split = reader_->WantsSplit();
    counters_.rows_skipped.store(reader_->rows_skipped(), std::memory_order_relaxed);
    return polled;
  });
  if (!result.ok()) return result.status();
  if (wants_split && !split_wanted_ && *result != PollResult::kEnd) {
    split_wanted_ = true;
    host_.OnSplitWanted(id_);
  }
  if (*result == PollResult::kEnd) {
    phase_ = Phase::kEnded;
    controls_.emplace_back(record::Watermark{kMaxTimestamp});
    controls_.emplace_back(record::EndOfInput{});
    return true;
  }
  if (*result == PollResult::kMore) return true;
  poll_again_ = env_.clock.Now() + reader_->PollAgainAfter();
  return driver_->source_output().HasOpenRows() || !controls_.empty();
}

Status Subtask::OnElement(exchange::GateElement element) {
  const base::ChannelIndex channel = element.channel;
  return std::visit(Overloaded{
                        [&](record::BatchPtr& batch) -> Status {
                          fed_from_ = channel;
                          driver_->Feed(element.port, std::move(batch));
                          return {};
                        },
                        [&](const record::Watermark& watermark) -> Status {
                          OnWatermarkChange(watermarks_->OnWatermark(channel, watermark.time));
                          return {};
                        },
                        [&](const record::Barrier& barrier) { return OnBarrier(channel, barrier); },
                        [&](const record::Idle&) -> Status {
                          OnWatermarkChange(watermarks_->OnIdle(channel));
                          return {};
                        },
                        [&](const record::Active&) -> Status {
                          OnWatermarkChange(watermarks_->OnActive(channel));
                          return {};
                        },
                        [&](const record::EndOfInput&) -> Status {
                          OnWatermarkChange(watermarks_->OnEndOfInput(channel));
                          if (gate_->AllEnded() && !end_sent_) {
                            phase_ = Phase::kEnded;
                            controls_.emplace_back(record::Watermark{kMaxTimestamp});
                            controls_.emplace_back(record::EndOfInput{});
                          }
                          CarryOut(alignment_->OnEndOfInput(channel), channel);
                          return {};
                        },
                    },
                    element.element);
}

Status Subtask::OnBarrier(base::ChannelIndex channel, const record::Barrier& barrier) {
  if (barrier.checkpoint > barrier_.checkpoint) {
    barrier_ = barrier;
    aligning_since_ = env_.clock.Now();
  }
  CarryOut(alignment_->OnBarrier(channel, barrier.checkpoint), channel);
  return {};
}

void Subtask::CarryOut(const AlignmentDecision& decision, base::ChannelIndex channel) {
  if (decision.unblock_all) gate_->UnblockAll();
  if (decision.block) gate_->Block(channel);
  if (!decision.snapshot) return;
  WEIR_CHECK(decision.checkpoint == barrier_.checkpoint);
  controls_.emplace_back(barrier_);
}

void Subtask::OnWatermarkChange(const WatermarkChange& change) {
  if (change.idle && !*change.idle) controls_.emplace_back(record::Active{});
  if (change.watermark) controls_.emplace_back(record::Watermark{*change.watermark});
  if (change.idle && *change.idle) controls_.emplace_back(record::Idle{});
}

Status Subtask::StartNextControl() {
  auto next = std::move(controls_.front());
  controls_.pop_front();
  if (auto* news = std::get_if<NewSplits>(&next)) return AddSplits(std::move(*news));
  const record::ControlElement& element = std::get<record::ControlElement>(next);
  if (const auto* barrier = std::get_if<record::Barrier>(&element))
    WEIR_RETURN_IF_ERROR(TakeSnapshot(*barrier));
  if (const auto* watermark = std::get_if<record::Watermark>(&element))
    watermark_ = std::max(watermark_, watermark->time);
  if (std::holds_alternative<record::EndOfInput>(element)) end_sent_ = true;
  driver_->StartControl(element);
  return {};
}

Status Subtask::TakeSnapshot(const record::Barrier& barrier) {
  snapshot_since_ = env_.clock.Now();
  if (aligning_since_) metrics_.OnAligned(snapshot_since_ - *std::exchange(aligning_since_, {}));
  snapshot_ = nullptr;          // an older one was given up by the coordinator
  NoteCompleted(barrier.base);  // a Complete that was lost, or is slower than the barrier
  snapshot_ = std::make_unique<SubtaskSnapshot>(*driver_, env_.clock, barrier.checkpoint,
                                                host_.NewSnapshot(id_, barrier));
  SubtaskState state;
  if (reader_ != nullptr) {
    WEIR_RETURN_IF_ERROR(CallSource([&]() -> Status {
      state.splits = reader_->Snapshot(barrier.checkpoint);
      return {};
    }));
  }
  state.finished_splits = finished_splits_;
  state.ended = end_sent_;
  AddEventTimes(state);
  return snapshot_->Begin(std::move(state));
}

void Subtask::AddEventTimes(SubtaskState& state) const {
  if (chain_.source != nullptr)
    state.event_times.push_back({chain_.source_uid, context_.key_groups, watermark_});
  for (uint32_t i = 0; i < driver_->size(); ++i) {
    if (!driver_->uid(i).empty())
      state.event_times.push_back({driver_->uid(i), context_.key_groups, driver_->watermark(i)});
  }
}

// Encodes a piece of what is frozen, and finishes the snapshot when nothing is left.
Status Subtask::StepSnapshot(bool& progress) {
  if (snapshot_ == nullptr || snapshot_->MustWait()) return {};
  progress = true;
  if (!snapshot_->EncodePiece()) return {};
  uint64_t state_bytes = 0;
  for (uint32_t i = 0; i < driver_->size(); ++i) {
    if (const state::KeyedBackend* backend = driver_->op(i).keyed_state())
      state_bytes += backend->bytes_reserved();
  }
  counters_.state_bytes.store(state_bytes, std::memory_order_relaxed);
  metrics_.OnStateBytes(state_bytes);
  metrics_.OnEncoded(env_.clock.Now() - snapshot_since_);
  std::exchange(snapshot_, nullptr)->Finish();
  return {};
}

Status Subtask::OnComplete(const CommitPermit& permit) {
  if (permit.checkpoint() <= completed_) return {};  // a Complete that came twice
  completed_ = permit.checkpoint();
  NoteCompleted(completed_);
  WEIR_RETURN_IF_ERROR(ForEachOperator(
      [&](Operator& op, const std::string&) { return op.OnCheckpointComplete(permit); }));
  if (reader_ == nullptr) return {};
  return CallSource([&] { return reader_->OnCheckpointComplete(permit); });
}

// Tells keyed state that the marks of changes may be dropped which the checkpoint covers.
void Subtask::NoteCompleted(base::CheckpointId checkpoint) {
  for (uint32_t i = 0; i < driver_->size(); ++i) {
    if (state::KeyedBackend* backend = driver_->op(i).keyed_state())
      backend->CheckpointCompleted(checkpoint);
  }
}

void Subtask::ReportCommits() {
  if (reported_ == completed_) return;
  for (uint32_t i = 0; i < driver_->size(); ++i) {
    if (driver_->op(i).HasPendingCommits()) return;
  }
  reported_ = completed_;
  host_.OnCommitted(id_, completed_);
}

// After closures ran, and every 10 ms: the idle thread looks again as often.
Status Subtask::TickIfDue(bool now) {
  const base::Instant time = env_.clock.Now();
  if (!now && time - last_tick_ < limits::kTickInterval) return {};
  last_tick_ = time;
  return ForEachOperator([](Operator& op, const std::string&) { return op.OnTick(); });
}

Status Subtask::FlushIfDue(bool idle) {
  const base::Instant now = env_.clock.Now();
  if (!idle && now - last_flush_ < buffer_timeout_) return {};
  last_flush_ = now;
  return driver_->HasOpenRows() ? driver_->Flush() : Status();
}

void Subtask::Fail(const Status& status) {
  phase_ = Phase::kFailed;
  snapshot_ = nullptr;
  host_.OnFailed(id_, status);
}

}  // namespace weir::runtime
