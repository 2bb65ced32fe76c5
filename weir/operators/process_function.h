// KeyedProcessFunction: a user's class that handles the records of a keyed stream one by one, with
// state for each key.
//
//   class CountPerPage : public weir::KeyedProcessFunction<std::string, Click, PageCount> {
//    public:
//     void ProcessElement(const Click&, Context& ctx, weir::Collector<PageCount>& out) override {
//       const int64_t count = count_.ValueOr(0) + 1;
//       count_.Update(count);
//       out.Collect({ctx.CurrentKey(), count});
//     }
//
//    private:
//     weir::ValueState<int64_t> count_{this, "count"};
//   };
//
// One object runs in each subtask. What it must not forget is in its states; other members begin
// anew after every failure.
// Order of calls: constructor → Open → (state is restored) → Start → { ProcessElement | OnTimer }*.
// Open runs for plans too, so it declares and acquires nothing.
// Threads: one caller at a time: the subtask's thread. An exception fails the attempt.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/base/status.h"
#include "weir/base/time.h"
#include "weir/env/env.h"
#include "weir/env/metrics.h"
#include "weir/operators/collector.h"
#include "weir/operators/process_context.h"
#include "weir/runtime/operator.h"
#include "weir/state/aggregating_state.h"
#include "weir/state/broadcast_state.h"
#include "weir/state/keyed_backend.h"
#include "weir/state/list_state.h"
#include "weir/state/map_state.h"
#include "weir/state/operator_list_state.h"
#include "weir/state/reducing_state.h"
#include "weir/state/state_owner.h"
#include "weir/state/value_state.h"

namespace weir {
inline namespace v0 {

/// What a function declares its states in, and where it learns who it is.
class RuntimeContext {
 public:
  /// The state `name`: one value, list, combined value or accumulator for each key. The same name
  /// again is the same state.
  /// Errors: none here; a name that is declared with two types fails the job before it starts.
  template <class T>
  ValueState<T> GetValueState(std::string_view name) {
    return Declared<ValueState<T>>(name);
  }
  template <class T>
  ListState<T> GetListState(std::string_view name) {
    return Declared<ListState<T>>(name);
  }
  template <class T, class Reduce>
  ReducingState<T, Reduce> GetReducingState(std::string_view name, Reduce reduce) {
    return Declared<ReducingState<T, Reduce>>(name, std::move(reduce));
  }
  template <class A>
  AggregatingState<A> GetAggregatingState(std::string_view name, A aggregate = A()) {
    return Declared<AggregatingState<A>>(name, std::move(aggregate));
  }

  /// A metric of the function, shown as `name` of the operator and subtask (docs/guide/metrics.md):
  /// what it counts, a value, or how values are spread. The same name again is the same metric. A
  /// metric is no state: it begins at 0 with the process.
  /// Errors: none here; a name that is none (letters, digits, `_`) fails the job before it starts.
  weir::Counter GetCounter(std::string_view name) {
    return Metric<weir::Counter>(
        [&](env::MetricRegistry& metrics, env::MetricLabels labels) {
          return metrics.NewCounter(name, kHelp, std::move(labels));
        },
        name);
  }
  weir::Gauge GetGauge(std::string_view name) {
    return Metric<weir::Gauge>(
        [&](env::MetricRegistry& metrics, env::MetricLabels labels) {
          return metrics.NewGauge(name, kHelp, std::move(labels));
        },
        name);
  }
  /// Shapes: `bounds` of the buckets, rising; those of seconds when it is empty.
  weir::Histogram GetHistogram(std::string_view name, std::vector<double> bounds = {}) {
    if (bounds.empty()) bounds = env::MetricRegistry::SecondsBounds();
    if (!std::ranges::is_sorted(bounds, std::less_equal<>()) && status_.ok()) {
      status_ = InvalidArgumentError("the bounds of histogram \"", name,
                                     "\" do not rise: let each be above the one before");
    }
    return Metric<weir::Histogram>(
        [&](env::MetricRegistry& metrics, env::MetricLabels labels) {
          return metrics.NewHistogram(name, kHelp, std::move(labels), std::move(bounds));
        },
        name);
  }

  /// Which of the operator's subtasks this is, and how many there are. Neither may enter a result:
  /// a job can be rescaled.
  uint32_t SubtaskIndex() const { return context_.subtask.number(); }
  uint32_t Parallelism() const { return context_.parallelism; }

  // What follows is for operators.

  /// Shapes: `backend` is null in an operator without keys.
  RuntimeContext(const runtime::OperatorContext& context, state::KeyedBackend* backend)
      : context_(context), backend_(backend) {}

  /// The first error of a declaration.
  const Status& status() const { return status_; }

  static Status NoKeyedState() {
    return InvalidArgumentError(
        "keyed state in a function of a stream without keys: put KeyBy in front of Process");
  }

 private:
  static constexpr const char* kHelp = "Of the program.";

  template <class Handle, class New>
  Handle Metric(New make, std::string_view name) {
    if (Status status = env::CheckMetricName(name); !status.ok() && status_.ok()) status_ = status;
    if (!status_.ok() || context_.env == nullptr) return Handle();
    return Handle(
        make(context_.env->metrics,
             {{"operator", context_.uid}, {"subtask", std::to_string(context_.subtask.number())}}));
  }

  template <class State, class... Function>
  State Declared(std::string_view name, Function... function) {
    if (backend_ == nullptr) {
      if (status_.ok()) status_ = NoKeyedState();
      return State();
    }
    StatusOr<State> state = State::DeclareIn(*backend_, name, std::move(function)...);
    if (state.ok()) return *std::move(state);
    if (status_.ok()) status_ = state.status();
    return State();
  }

  const runtime::OperatorContext& context_;
  state::KeyedBackend* const backend_;
  Status status_;
};

template <class K, class In, class Out>
class KeyedProcessFunction : public StateOwner {
 public:
  using FunctionBase = KeyedProcessFunction;  // for the engine
  using Context = KeyedContext<K>;            // what the methods are given

  virtual ~KeyedProcessFunction() = default;

  /// Declares states that are not bound as members.
  virtual void Open(RuntimeContext& runtime) { (void)runtime; }

  /// State is as restored: acquires resources.
  virtual Status Start() { return OkStatus(); }

  /// Handles one record. States are those of its key; what goes to `out` follows at once.
  virtual void ProcessElement(const In& in, Context& context, Collector<Out>& out) = 0;

  /// Handles a timer that the function registered for the key, at its time or later; timers of
  /// processing time that are open when the input ends never fire. A function that overrides this
  /// keeps one value more for each key that has timers.
  virtual void OnTimer(Timestamp time, Context& context, Collector<Out>& out) {
    (void)time, (void)context, (void)out;
  }
};

/// The same for a stream without keys: it has no keyed state and no timers.
template <class In, class Out>
class ProcessFunction : public StateOwner {
 public:
  using Context = ProcessContext;  // what the methods are given

  virtual ~ProcessFunction() = default;
  /// As those of KeyedProcessFunction.
  virtual void Open(RuntimeContext& runtime) { (void)runtime; }
  virtual Status Start() { return OkStatus(); }
  virtual void ProcessElement(const In& in, Context& context, Collector<Out>& out) = 0;
};

}  // namespace v0
}  // namespace weir
