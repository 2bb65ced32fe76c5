// KeyedProcess: runs a user's process function over the records of a keyed edge.
//
// The hash has travelled with the record; the key is made again by the selector. Rows of state are
// fetched 16 records ahead and found once per record, and the user's method is called by its own
// name, so that it is inlined.
// Threads: the subtask's.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include "weir/operators/any_selector.h"
#include "weir/operators/collector.h"
#include "weir/operators/in_place.h"
#include "weir/operators/process_function.h"
#include "weir/operators/user_function.h"
#include "weir/record/typed_ops.h"
#include "weir/runtime/operator.h"
#include "weir/state/keyed_backend.h"

namespace weir::operators {

/// The types in `void ProcessElement(const In&, KeyedContext<K>&, Collector<Out>&)`.
template <class Method>
struct ProcessMethod {
  static constexpr bool kOk = false;
};
template <class C, class R, class InType, class KeyType, class OutType>
struct ProcessMethod<R (C::*)(InType, KeyedContext<KeyType>&, Collector<OutType>&)> {
  static constexpr bool kOk =
      std::is_same_v<const std::remove_cvref_t<InType>&, InType> || !std::is_reference_v<InType>;
  using In = std::remove_cvref_t<InType>;
  using Key = KeyType;
  using Out = OutType;
};
template <class C, class R, class InType, class KeyType, class OutType>
struct ProcessMethod<R (C::*)(InType, KeyedContext<KeyType>&, Collector<OutType>&) const>
    : ProcessMethod<R (C::*)(InType, KeyedContext<KeyType>&, Collector<OutType>&)> {};

template <class F>
using ProcessMethodOf = ProcessMethod<decltype(&F::ProcessElement)>;
template <class F>
using OutOf = typename ProcessMethodOf<F>::Out;

/// Whether F, made of Arguments, processes a KeyedStream<K, T>; if not, says why.
template <class F, class K, class T, class... Arguments>
constexpr bool CheckProcessFunction() {
  constexpr bool kHasMethod = requires { requires ProcessMethodOf<F>::kOk; };
  static_assert(
      kHasMethod,
      "give the process function one public method `void ProcessElement(const T&, Context&, "
      "weir::Collector<Out>&)`, neither overloaded nor a template; deriving from "
      "weir::KeyedProcessFunction<K, T, Out> makes the compiler check it");
  if constexpr (kHasMethod) {
    constexpr bool kRightRecord = std::is_same_v<typename ProcessMethodOf<F>::In, T>;
    constexpr bool kRightKey = std::is_same_v<typename ProcessMethodOf<F>::Key, K>;
    constexpr bool kCanBeMade =
        std::is_constructible_v<F, const Arguments&...> && !std::is_abstract_v<F>;
    static_assert(kRightRecord,
                  "let ProcessElement take the records of the stream: the T of "
                  "KeyedProcessFunction<K, T, Out> must be the T of Stream<T>");
    static_assert(kRightKey,
                  "let the K of KeyedProcessFunction<K, T, Out> be the type that the selector of "
                  "KeyBy returns");
    static_assert(kCanBeMade,
                  "give Process the arguments of a constructor behind the name, Process<F>(name, "
                  "arguments...), and let F implement ProcessElement: one object is made in each "
                  "subtask, from copies of the arguments");
    return kRightRecord && kRightKey && kCanBeMade && CheckRecord<OutOf<F>>();
  }
  return false;
}

/// The options of the backend of an operator that runs as `context` says.
state::KeyedBackend::Options BackendOptions(const runtime::OperatorContext& context,
                                            state::KeyOps key);

template <class F, class K, class T, class Selector, class Arguments>
class KeyedProcess final : public runtime::Operator {
 public:
  using Out = OutOf<F>;
  struct Description {
    Selector selector;
    Arguments arguments;
  };
  static constexpr const char* kKind = "keyed-process";

  explicit KeyedProcess(const Description& description)
      : selector_(description.selector),
        function_(std::make_from_tuple<F>(description.arguments)) {}

  Status Open(const runtime::OperatorContext& context) override {
    backend_.emplace(BackendOptions(context, state::KeyOpsOf<K>()));
    if constexpr (std::is_base_of_v<StateOwner, F>)
      WEIR_RETURN_IF_ERROR(function_.BindStates(*backend_));
    if constexpr (requires(RuntimeContext& runtime) { function_.Open(runtime); }) {
      RuntimeContext runtime(context, *backend_);
      function_.Open(runtime);
      WEIR_RETURN_IF_ERROR(runtime.status());
    }
    backend_->Open();
    return {};
  }

  Status Start() override {
    if constexpr (requires { Status(function_.Start()); }) {
      return function_.Start();
    } else {
      return {};
    }
  }

  state::KeyedBackend* keyed_state() override { return &*backend_; }

  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    WEIR_CHECK(input.batch.hashes() != nullptr || input.batch.empty());
    {
      Collector<Out> out(output, base::PortIndex(0), &input.batch);
      input.cursor = ProcessRows(input, out);
    }
    backend_->Unbind();
    WEIR_RETURN_IF_ERROR(backend_->status());
    return OutcomeOf(input);
  }

 private:
  static constexpr bool kAnySelector = std::is_same_v<Selector, AnySelector<K, T>>;
  static constexpr uint32_t kAhead = 16;  // records between a prefetch and its use: about 100 ns

  // Returns the first row not processed.
  uint32_t ProcessRows(const runtime::Input& input, Collector<Out>& out) {
    const record::AnyBatch& batch = input.batch;
    state::KeyedBackend& backend = *backend_;
    const T* rows = batch.Rows<T>();
    const uint64_t* hashes = batch.hashes();
    const Timestamp* timestamps = batch.timestamps();
    const uint32_t size = batch.size();
    if constexpr (kAnySelector) SelectKeys({rows, size});
    KeyedContext<K> context;
    uint32_t i = input.cursor;
    for (uint32_t first = i; first < std::min(i + kAhead, size); ++first)
      backend.Prefetch(hashes[first]);
    for (; i < size && !out.MustDrain(); ++i) {
      if (i + kAhead < size) backend.Prefetch(hashes[i + kAhead]);
      const K& key = KeyAt(rows, i);
      backend.Bind(hashes[i], key);
      context.Set(key, timestamps == nullptr ? record::kNoTimestamp : timestamps[i]);
      out.At(i);
      function_.F::ProcessElement(rows[i], context, out);
    }
    return i;
  }

  decltype(auto) KeyAt(const T* rows, uint32_t i) const {
    if constexpr (kAnySelector) {
      return std::as_const(keys_[i]);
    } else {
      return std::invoke(selector_, rows[i]);
    }
  }

  void SelectKeys(std::span<const T> rows) {
    if (keys_ == nullptr) keys_ = std::make_unique<K[]>(TypeOpsOf<T>().capacity());
    selector_.Select(rows, {keys_.get(), rows.size()});
  }

  const Selector selector_;
  F function_;
  std::optional<state::KeyedBackend> backend_;  // from Open on
  std::unique_ptr<K[]> keys_;                   // of the batch, with AnySelector
};

}  // namespace weir::operators
