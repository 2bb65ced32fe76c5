// BroadcastProcess: runs a user's process function over the records of a stream and of one that is
// broadcast to all its subtasks.
// Threads: the subtask's.
#pragma once

#include <type_traits>

#include "weir/operators/co_process_function.h"
#include "weir/operators/function_operator.h"
#include "weir/operators/keyed_rows.h"

namespace weir::operators {

/// F is a function with a broadcast input.
template <class F>
concept HasBroadcastInput = requires { &F::ProcessBroadcastElement; };

/// Whether F, made of Arguments, processes Ts of keys of type K (NoKey: of none) and broadcast Us;
/// if not, says why.
template <class F, class K, class T, class U, class... Arguments>
constexpr bool CheckBroadcastProcessFunction() {
  constexpr bool kHasMethods = requires {
    requires ProcessMethod<decltype(&F::ProcessElement)>::kOk;
    requires ProcessMethod<decltype(&F::ProcessBroadcastElement)>::kOk;
  };
  static_assert(kHasMethods,
                "give the process function the public methods `void ProcessElement(const T&, "
                "Context&, weir::Collector<Out>&)` and `void ProcessBroadcastElement(const U&, "
                "BroadcastContext&, weir::Collector<Out>&)`, neither overloaded nor templates; "
                "deriving from weir::KeyedBroadcastProcessFunction<K, T, U, Out> or "
                "weir::BroadcastProcessFunction<T, U, Out> makes the compiler check it");
  if constexpr (kHasMethods) {
    using First = decltype(&F::ProcessElement);
    using Second = decltype(&F::ProcessBroadcastElement);
    constexpr bool kOneOut =
        std::is_same_v<typename ProcessMethod<First>::Out, typename ProcessMethod<Second>::Out>;
    static_assert(kOneOut,
                  "let ProcessElement and ProcessBroadcastElement collect one type of record");
    return kOneOut && CheckMethod<First, K, T>() && CheckMethod<Second, NoKey, U>() &&
           CheckCanBeMade<F, Arguments...>() && CheckRecord<OutOf<F>>();
  }
  return false;
}

/// Rows says how the rows of the first input are gone through: KeyedRows or PlainRows.
template <class F, class K, class T, class U, class Rows, class RowsArgument, class Arguments>
class BroadcastProcess final : public FunctionOperator<F, K, OutOf<F>> {
 public:
  struct Description {
    RowsArgument rows;
    Arguments arguments;
  };
  static constexpr const char* kKind =
      std::is_same_v<K, NoKey> ? "broadcast-process" : "keyed-broadcast-process";
  static constexpr bool kHasSideOutputs = true;

  explicit BroadcastProcess(const Description& description)
      : FunctionOperator<F, K, OutOf<F>>(description.arguments), first_(description.rows) {}

  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    const bool broadcast = input.port == base::PortIndex(1);
    this->operator_backend().set_broadcasting(broadcast);
    auto outcome = this->ProcessInput(input, output, [&](ContextOf<K>& context, auto& out) {
      F& function = this->function();
      if (broadcast) {
        ProcessContext& plain = context;
        return second_.ForEach(input, plain, out, [&](const U& row) {
          function.F::ProcessBroadcastElement(row, plain, out);
        });
      }
      return EachOfFirst(input, context, out,
                         [&](const T& row) { function.F::ProcessElement(row, context, out); });
    });
    this->operator_backend().set_broadcasting(false);
    return outcome;
  }

 private:
  template <class Out, class Call>
  uint32_t EachOfFirst(runtime::Input& input, ContextOf<K>& context, Out& out, Call call) {
    if constexpr (std::is_same_v<K, NoKey>) {
      return first_.ForEach(input, context, out, call);
    } else {
      return first_.ForEach(input, this->backend(), context, out, call);
    }
  }

  Rows first_;
  PlainRows<U> second_;
};

}  // namespace weir::operators
