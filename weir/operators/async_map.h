// AsyncMap: records made from records by calls that take time: to a service, a database, a model.
// The subtask goes on with other records meanwhile.
//
// What was taken in and has not gone out is state: after a restore those calls are made again, so a
// function may be called more than once for a record whose result goes out once.
// Threads: the subtask's; answers come from any thread and are posted to it.
#pragma once

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/env/env.h"
#include "weir/operators/async_queue.h"
#include "weir/operators/async_result.h"
#include "weir/operators/blocking_calls.h"
#include "weir/operators/collector.h"
#include "weir/operators/flat_map.h"
#include "weir/operators/user_function.h"
#include "weir/record/record.h"
#include "weir/runtime/operator.h"
#include "weir/runtime/user_code.h"
#include "weir/state/operator_backend.h"
#include "weir/state/operator_list_state.h"

namespace weir::operators {

/// A record that was taken in, as it lies in a checkpoint.
template <class In>
struct InFlight {
  int64_t timestamp;  // record::kNoTimestamp: none
  uint8_t kind;
  In row;
};
template <class In>
WEIR_RECORD((InFlight<In>), timestamp, kind, row);

/// The U of a function `(const T&, AsyncResult<U>)`.
template <class Signature>
struct AnsweredBy {};
template <class R, class T, class U>
struct AnsweredBy<R (*)(T, AsyncResult<U>)> {
  using type = U;
};
template <class R, class C, class T, class U>
struct AnsweredBy<R (C::*)(T, AsyncResult<U>)> {
  using type = U;
};
template <class R, class C, class T, class U>
struct AnsweredBy<R (C::*)(T, AsyncResult<U>) const> {
  using type = U;
};

/// What a function of AsyncMap makes of Ins, and whether it blocks. `U` is void unless the program
/// says it.
template <class F, class In, class U>
struct AsyncTraits {
  static constexpr bool kOk = false;
};
template <class F, class In, class U>
  requires(!std::is_void_v<U> && kTakesConst<F, In, AsyncResult<U>>)
struct AsyncTraits<F, In, U> {
  static constexpr bool kOk = true;
  static constexpr bool kBlocks = false;
  using type = U;
};
template <class F, class In>
  requires requires { typename AnsweredBy<F>::type; }
struct AsyncTraits<F, In, void> : AsyncTraits<F, In, typename AnsweredBy<F>::type> {};
template <class F, class In>
  requires requires { typename AnsweredBy<decltype(&F::operator())>::type; }
struct AsyncTraits<F, In, void>
    : AsyncTraits<F, In, typename AnsweredBy<decltype(&F::operator())>::type> {};
template <class F, class In>
  requires(kTakesConst<F, In> && !std::is_void_v<std::invoke_result_t<const F&, const In&>>)
struct AsyncTraits<F, In, void> {
  static constexpr bool kOk = true;
  static constexpr bool kBlocks = true;
  using type = ResultOf<F, In>;
};

/// Whether F is a function for AsyncMap; if not, says why.
template <class F, class In, class U>
constexpr bool CheckAsyncMap() {
  constexpr bool kOk = AsyncTraits<F, In, U>::kOk;
  static_assert(
      kOk,
      "give AsyncMap a function `(const T&, weir::AsyncResult<U>)` that starts a call and "
      "answers later, or one `(const T&)` that waits and returns its record; when the "
      "second parameter is `auto`, write AsyncMap<U>(...)");
  if constexpr (kOk) return CheckRecord<typename AsyncTraits<F, In, U>::type>();
  return false;
}

template <class In, class OutType, class F>
class AsyncMap final : public runtime::Operator {
 public:
  using Out = OutType;
  struct Description {
    F function;
    AsyncOptions options;
  };
  static constexpr const char* kKind = "async-map";

  explicit AsyncMap(const Description& description)
      : function_(description.function),
        options_(OptionsOf(description.options)),
        queue_(options_) {}

  Status Open(const runtime::OperatorContext& context) override {
    context_ = context;
    const state::OperatorStateDescriptor in_flight{
        .name = "in-flight",
        .kind = state::OperatorStateKind::kList,
        .type = TypeTraits<InFlight<In>>::MakeSchema().ToString()};
    WEIR_ASSIGN_OR_RETURN(cell_,
                          state_.Declare(in_flight, [] { return std::make_unique<Cell>(); }));
    return {};
  }

  const state::OperatorBackend* operator_states() const override { return &state_; }

  Status RestoreItem(std::string_view state, std::string_view item) override {
    return state_.RestoreItem(state, item);
  }

  void RestoreWatermark(base::KeyGroupRange, Timestamp watermark) override {
    restored_ = std::min(restored_.value_or(watermark), watermark);
  }

  Status Start() override {
    if constexpr (kBlocks) {
      calls_.emplace(context_.env->threads, options_.threads, "async " + context_.uid);
    }
    return {};
  }

  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    PutOut(output);
    TakeRestored();
    const Timestamp* timestamps = input.batch.timestamps();
    const record::RowKind* kinds = input.batch.kinds();
    In* rows = input.batch.Rows<In>();
    for (; !IsFull() && input.cursor < input.batch.size(); ++input.cursor) {
      const uint32_t i = input.cursor;
      TakeIn({.timestamp = timestamps != nullptr ? timestamps[i] : record::kNoTimestamp,
              .kind = static_cast<uint8_t>(kinds != nullptr ? kinds[i] : record::RowKind::kInsert),
              .row = std::move(rows[i])});
    }
    WEIR_RETURN_IF_ERROR(status_);
    if (input.cursor == input.batch.size()) return runtime::Outcome::kNeedInput;
    return output.OpenBatch(base::PortIndex(0)).empty() && !output.MustDrain()
               ? runtime::Outcome::kBlocked
               : runtime::Outcome::kMoreOutput;
  }

  // The last watermark leaves behind everything; the others wait in the queue.
  StatusOr<runtime::Outcome> OnWatermark(record::Watermark watermark,
                                         runtime::Output& output) override {
    if (watermark.time == kMaxTimestamp) return Finish(output);
    queue_.AddWatermark(watermark.time);
    return runtime::Outcome::kNeedInput;
  }
  bool makes_watermarks() const override { return true; }
  runtime::EventTime event_time() const override {
    return {.watermark = queue_.watermark(), .idle = idle_ && queue_.empty()};
  }
  void OnIdle(bool idle) override { idle_ = idle; }

  // Due when results wait.
  std::optional<int64_t> next_timer_unix_ms() const override {
    if (!queue_.HasReady()) return std::nullopt;
    return std::numeric_limits<int64_t>::min();
  }
  StatusOr<runtime::Outcome> OnProcessingTime(int64_t, runtime::Output& output) override {
    PutOut(output);
    WEIR_RETURN_IF_ERROR(status_);
    return queue_.HasReady() ? runtime::Outcome::kMoreOutput : runtime::Outcome::kNeedInput;
  }

  StatusOr<runtime::Outcome> OnEnd(runtime::Output& output) override { return Finish(output); }

  Status OnTick() override {
    TakeRestored();
    const base::Instant now = context_.env->clock.Now();
    while (const std::optional<AsyncQueue::Call> call = queue_.TakeDue(now)) MakeCall(*call);
    if (const auto late = queue_.TimedOut(now); late && status_.ok()) {
      status_ = DeadlineExceededError(
          "no answer within ",
          std::chrono::duration_cast<std::chrono::milliseconds>(options_.timeout).count(), " ms",
          LastFailure(*late),
          ": make the called service answer, or the timeout of AsyncOptions longer");
    }
    return status_;
  }

  Status Snapshot(runtime::SnapshotContext& snapshot) override {
    const size_t restored = items().size();
    for (const auto& [sequence, record] : records_) items().push_back(record.in);
    state_.ForEachItem(
        context_.subtask == base::SubtaskIndex(0),
        [&](std::string_view state, state::Redistribution redistribution, std::string item) {
          snapshot.AddItem(state, redistribution, std::move(item));
        });
    items().resize(restored);
    return {};
  }

 private:
  static constexpr bool kBlocks = !kTakesConst<F, In, AsyncResult<Out>>;
  using Cell = state::ListCell<InFlight<In>>;
  struct Record {
    InFlight<In> in;
    std::vector<Out> outs;
    std::string failure;  // the last one
  };

  // A function that waits has a thread for each record: their time runs from the first call on.
  static AsyncOptions OptionsOf(AsyncOptions options) {
    if (!kBlocks) return options;
    constexpr uint32_t kThreadsDefaultMax = 16;
    const auto capacity =
        static_cast<uint32_t>(std::min<size_t>(options.capacity, limits::kAsyncThreadsMax));
    if (options.threads == 0) options.threads = std::min(capacity, kThreadsDefaultMax);
    options.capacity = std::min<size_t>(capacity, options.threads);
    return options;
  }

  // What is in flight is in the checkpoint's record.
  bool IsFull() const {
    const uint64_t bytes_max = limits::kAsyncBytesMax / context_.parallelism;
    return queue_.full() || (!records_.empty() && bytes_ >= bytes_max);
  }

  // Behind the restore of all subtasks, for the time of the calls runs.
  void TakeRestored() {
    if (started_) return;
    started_ = true;
    for (InFlight<In>& in : std::exchange(items(), {})) TakeIn(std::move(in));
    if (restored_) queue_.AddWatermark(*restored_);
  }

  static uint64_t BytesOf(const In& row) {
    if constexpr (TypeTraits<In>::kFlat) {
      return sizeof(In);
    } else {
      return sizeof(In) + TypeTraits<In>::HeapBytes(row);
    }
  }

  std::vector<InFlight<In>>& items() { return static_cast<Cell*>(cell_)->items; }

  void TakeIn(InFlight<In> in) {
    const AsyncQueue::Call call = queue_.Add(context_.env->clock.Now());
    bytes_ += BytesOf(in.row);
    records_.emplace(call.sequence, Record{.in = std::move(in), .outs = {}, .failure = {}});
    MakeCall(call);
  }

  void MakeCall(const AsyncQueue::Call& call) {
    const In& row = records_.at(call.sequence).in.row;
    AsyncResult<Out> result([this, mailbox = context_.mailbox, call](Value value) {
      mailbox->Post(
          [this, call, value = std::move(value)]() mutable { OnAnswer(call, std::move(value)); });
    });
    if constexpr (kBlocks) {
      calls_->Post([this, row, result = std::move(result)] {
        const Value value = runtime::CatchUserExceptions([&]() -> Value {
          std::vector<Out> outs;
          outs.push_back(function_(row));
          return outs;
        });
        value.ok() ? result.CompleteAll(*value) : result.Fail(value.status().message());
      });
    } else {
      const Status thrown = runtime::CatchUserExceptions([&]() -> Status {
        function_(row, result);
        return {};
      });
      if (!thrown.ok()) result.Fail(thrown.message());
    }
  }

  using Value = typename AsyncResult<Out>::Value;
  void OnAnswer(const AsyncQueue::Call& call, Value value) {
    const auto answer = queue_.OnAnswer(call, value.ok(), context_.env->clock.Now());
    if (answer == AsyncQueue::Answer::kIgnored) return;
    Record& record = records_.at(call.sequence);
    if (value.ok()) {
      record.outs = *std::move(value);
    } else {
      record.failure = value.status().message();
    }
    if (answer != AsyncQueue::Answer::kExhausted || !status_.ok()) return;
    status_ = UnknownError(
        record.failure, options_.attempts > 1
                            ? Concat(" (call ", options_.attempts, " of ", options_.attempts, ")")
                            : std::string());
  }

  // Puts out what may go, up to a full batch.
  void PutOut(runtime::Output& output) {
    while (!output.MustDrain()) {
      const std::optional<AsyncQueue::Sequence> sequence = queue_.TakeReady();
      if (!sequence) return;
      const auto record = records_.extract(*sequence);
      bytes_ -= BytesOf(record.mapped().in.row);
      for (Out& out : record.mapped().outs) PutOut(output, record.mapped().in, std::move(out));
    }
  }

  void PutOut(runtime::Output& output, const InFlight<In>& in, Out out) {
    record::AnyBatch* batch = &output.OpenBatch(base::PortIndex(0));
    if (batch->full()) batch = &output.NextBatch(base::PortIndex(0));
    const uint32_t at = batch->size();
    batch->Rows<Out>()[at] = std::move(out);
    if constexpr (!TypeTraits<Out>::kFlat) {
      batch->add_heap_bytes(TypeTraits<Out>::HeapBytes(batch->Rows<Out>()[at]));
    }
    batch->set_size(at + 1);
    if (in.timestamp != record::kNoTimestamp || batch->timestamps() != nullptr)
      batch->AddTimestamps()[at] = in.timestamp;
    const auto kind = static_cast<record::RowKind>(in.kind);
    if (kind != record::RowKind::kInsert || batch->kinds() != nullptr) batch->AddKinds()[at] = kind;
  }

  StatusOr<runtime::Outcome> Finish(runtime::Output& output) {
    PutOut(output);
    WEIR_RETURN_IF_ERROR(status_);
    if (!output.OpenBatch(base::PortIndex(0)).empty() || output.MustDrain())
      return runtime::Outcome::kMoreOutput;
    return queue_.empty() ? runtime::Outcome::kNeedInput : runtime::Outcome::kBlocked;
  }

  std::string LastFailure(AsyncQueue::Sequence sequence) const {
    const std::string& failure = records_.at(sequence).failure;
    return failure.empty() ? std::string() : Concat(" (the last call failed: ", failure, ")");
  }

  const F function_;
  const AsyncOptions options_;
  runtime::OperatorContext context_;
  state::OperatorBackend state_;
  state::OperatorCell* cell_ = nullptr;
  AsyncQueue queue_;
  std::map<AsyncQueue::Sequence, Record> records_;
  std::optional<Timestamp> restored_;
  uint64_t bytes_ = 0;    // of the records
  bool started_ = false;  // what was restored is in the queue
  bool idle_ = false;
  Status status_;
  std::optional<BlockingCalls> calls_;  // ends first: its calls use the function
};

}  // namespace weir::operators
