// FunctionOperator: what all operators around a process function share, however many inputs they
// have: its states, its timers, its side outputs, and the calls between them. What derives from it
// gives it rows.
// Threads: the subtask's.
#pragma once

#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "weir/operators/collector.h"
#include "weir/operators/keyed_timers.h"
#include "weir/operators/process_function.h"
#include "weir/operators/process_method.h"
#include "weir/operators/side_outputs.h"
#include "weir/runtime/operator.h"
#include "weir/state/keyed_backend.h"
#include "weir/state/operator_backend.h"

namespace weir::operators {

/// The options of the backend of an operator that runs as `context` says.
state::KeyedBackend::Options BackendOptions(const runtime::OperatorContext& context,
                                            state::KeyOps key);

/// `F` handles rows of keys of type K (NoKey: of none) and puts out OutRows.
template <class F, class K, class OutRow>
class FunctionOperator : public runtime::Operator {
 public:
  using Out = OutRow;

  Status Open(const runtime::OperatorContext& context) override {
    sides_.Open(context.side_outputs, base::PortIndex(1));
    hash_seed_ = context.hash_seed;
    first_subtask_ = context.subtask == base::SubtaskIndex(0);
    if constexpr (kKeyed) {
      timers_.Open(context.env == nullptr ? nullptr : &context.env->clock);
      backend_.emplace(BackendOptions(context, state::KeyOpsOf<K>()));
    }
    WEIR_RETURN_IF_ERROR(OpenFunction(context));
    if constexpr (kKeyed) {
      if constexpr (HasOnTimer<F>()) WEIR_RETURN_IF_ERROR(timers_.DeclareIn(*backend_));
      backend_->Open();
    }
    return {};
  }

  const state::OperatorBackend* operator_states() const override { return &operator_states_; }

  Status RestoreItem(std::string_view state, std::string_view item) override {
    return operator_states_.RestoreItem(state, item);
  }

  Status Snapshot(runtime::SnapshotContext& snapshot) override {
    const auto add = [&](std::string_view state, state::Redistribution redistribution,
                         std::string item) {
      snapshot.AddItem(state, redistribution, std::move(item));
    };
    operator_states_.ForEachItem(first_subtask_, add);
    return {};
  }

  void RestoreWatermark(base::KeyGroupRange, Timestamp watermark) override {
    if constexpr (kKeyed) {
      const bool first = !std::exchange(watermark_restored_, true);
      timers_.set_watermark(first ? watermark : std::min(timers_.watermark(), watermark));
    }
  }

  Status Start() override {
    if constexpr (kKeyed) WEIR_RETURN_IF_ERROR(timers_.Restore(hash_seed_));
    if constexpr (requires { Status(function_.Start()); }) {
      return function_.Start();
    } else {
      return {};
    }
  }

  state::KeyedBackend* keyed_state() override { return backend_ ? &*backend_ : nullptr; }

  StatusOr<runtime::Outcome> OnWatermark(record::Watermark watermark,
                                         runtime::Output& output) override {
    if constexpr (kKeyed) {
      timers_.set_watermark(std::max(timers_.watermark(), watermark.time));
      return Fire(TimeDomain::kEventTime, watermark.time, output);
    } else {
      return runtime::Outcome::kNeedInput;
    }
  }

  std::optional<int64_t> next_timer_unix_ms() const override {
    if constexpr (kKeyed) return timers_.next_processing_time();
    return std::nullopt;
  }

  StatusOr<runtime::Outcome> OnProcessingTime(int64_t now_unix_ms,
                                              runtime::Output& output) override {
    return Fire(TimeDomain::kProcessingTime, now_unix_ms, output);
  }

 protected:
  static constexpr bool kKeyed = !std::is_same_v<K, NoKey>;
  using Context = ContextOf<K>;

  template <class Arguments>
  explicit FunctionOperator(const Arguments& arguments)
      : function_(std::make_from_tuple<F>(arguments)) {}

  F& function() { return function_; }
  state::KeyedBackend& backend() { return *backend_; }
  state::OperatorBackend& operator_backend() { return operator_states_; }

  /// Lets `call(context, out)` process rows of `input` and return the first row not processed.
  template <class Call>
  StatusOr<runtime::Outcome> ProcessInput(runtime::Input& input, runtime::Output& output,
                                          Call call) {
    sides_.Begin(output, &input.batch);
    {
      Collector<Out> out(output, base::PortIndex(0), &input.batch);
      Context context = NewContext();
      input.cursor = call(context, out);
    }
    WEIR_RETURN_IF_ERROR(EndCall());
    return input.cursor == input.batch.size() ? runtime::Outcome::kNeedInput
                                              : runtime::Outcome::kMoreOutput;
  }

 private:
  Context NewContext() {
    if constexpr (kKeyed) {
      return Context(sides_, timers_);
    } else {
      return Context(sides_);
    }
  }

  Status OpenFunction(const runtime::OperatorContext& context) {
    if constexpr (std::is_base_of_v<StateOwner, F>) {
      if (!kKeyed && function_.has_states()) return RuntimeContext::NoKeyedState();
      if constexpr (kKeyed) WEIR_RETURN_IF_ERROR(function_.BindStates(*backend_));
      WEIR_RETURN_IF_ERROR(function_.BindOperatorStates(operator_states_));
    }
    if constexpr (requires(RuntimeContext& runtime) { function_.Open(runtime); }) {
      RuntimeContext runtime(context, keyed_state());
      function_.Open(runtime);
      return runtime.status();
    }
    return {};
  }

  // What functions did wrong has no way back through their code.
  Status EndCall() {
    WEIR_RETURN_IF_ERROR(sides_.status());
    WEIR_RETURN_IF_ERROR(operator_states_.status());
    if constexpr (kKeyed) {
      backend_->Unbind();
      WEIR_RETURN_IF_ERROR(timers_.status());
      return backend_->status();
    } else {
      return {};
    }
  }

  StatusOr<runtime::Outcome> Fire(TimeDomain domain, int64_t now, runtime::Output& output) {
    runtime::Outcome outcome = runtime::Outcome::kNeedInput;
    if constexpr (kKeyed && HasOnTimer<F>()) {
      sides_.Begin(output, nullptr);
      Collector<Out> out(output, base::PortIndex(0), nullptr);
      Context context = NewContext();
      outcome = timers_.FireDue(
          domain, now,
          [&](const K& key, uint64_t hash, int64_t time) {
            const bool event_time = domain == TimeDomain::kEventTime;
            if (event_time) out.Stamp(time);
            context.Set(/*row=*/0, event_time ? time : record::kNoTimestamp);
            context.SetKey(key, hash);
            function_.F::OnTimer(time, context, out);
          },
          [&] { return out.MustDrain() || context.must_drain(); });
      out.Sync();
      WEIR_RETURN_IF_ERROR(EndCall());
    }
    return outcome;
  }

  F function_;
  SideOutputs sides_;
  std::optional<state::KeyedBackend> backend_;  // of a keyed function, from Open on
  std::conditional_t<kKeyed, KeyedTimers<K>, NoKey> timers_;
  state::OperatorBackend operator_states_;
  base::HashSeed hash_seed_ = 0;
  bool first_subtask_ = false;
  bool watermark_restored_ = false;
};

}  // namespace weir::operators
