// CoProcess: runs a user's process function over the records of two inputs.
// Threads: the subtask's.
#pragma once

#include <type_traits>

#include "weir/operators/co_process_function.h"
#include "weir/operators/function_operator.h"
#include "weir/operators/keyed_rows.h"

namespace weir::operators {

template <class F>
using CoOutOf = typename ProcessMethod<decltype(&F::ProcessElement1)>::Out;

/// Whether F, made of Arguments, processes Ts and Us of keys of type K (NoKey: of none); if not,
/// says why.
template <class F, class K, class T, class U, class... Arguments>
constexpr bool CheckCoProcessFunction() {
  constexpr bool kHasMethods = requires {
    requires ProcessMethod<decltype(&F::ProcessElement1)>::kOk;
    requires ProcessMethod<decltype(&F::ProcessElement2)>::kOk;
  };
  static_assert(kHasMethods,
                "give the process function the public methods `void ProcessElement1(const T&, "
                "Context&, weir::Collector<Out>&)` and ProcessElement2, neither overloaded nor "
                "templates; deriving from weir::KeyedCoProcessFunction<K, T, U, Out> or "
                "weir::CoProcessFunction<T, U, Out> makes the compiler check it");
  if constexpr (kHasMethods) {
    using First = decltype(&F::ProcessElement1);
    using Second = decltype(&F::ProcessElement2);
    constexpr bool kOneOut =
        std::is_same_v<typename ProcessMethod<First>::Out, typename ProcessMethod<Second>::Out>;
    static_assert(kOneOut, "let ProcessElement1 and ProcessElement2 collect one type of record");
    return kOneOut && CheckMethod<First, K, T>() && CheckMethod<Second, K, U>() &&
           CheckCanBeMade<F, Arguments...>() && CheckRecord<CoOutOf<F>>();
  }
  return false;
}

template <class F, class K, class T, class SelectorT, class U, class SelectorU, class Arguments>
class KeyedCoProcess final : public FunctionOperator<F, K, CoOutOf<F>> {
 public:
  struct Description {
    SelectorT first;
    SelectorU second;
    Arguments arguments;
  };
  static constexpr const char* kKind = "keyed-co-process";
  static constexpr bool kHasSideOutputs = true;

  explicit KeyedCoProcess(const Description& description)
      : FunctionOperator<F, K, CoOutOf<F>>(description.arguments),
        first_(description.first),
        second_(description.second) {}

  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    return this->ProcessInput(input, output, [&](KeyedContext<K>& context, auto& out) {
      F& function = this->function();
      if (input.port == base::PortIndex(0)) {
        return first_.ForEach(input, this->backend(), context, out, [&](const T& row) {
          function.F::ProcessElement1(row, context, out);
        });
      }
      return second_.ForEach(input, this->backend(), context, out,
                             [&](const U& row) { function.F::ProcessElement2(row, context, out); });
    });
  }

 private:
  KeyedRows<K, T, SelectorT> first_;
  KeyedRows<K, U, SelectorU> second_;
};

template <class F, class T, class U, class Arguments>
class PlainCoProcess final : public FunctionOperator<F, NoKey, CoOutOf<F>> {
 public:
  struct Description {
    Arguments arguments;
  };
  static constexpr const char* kKind = "co-process";
  static constexpr bool kHasSideOutputs = true;

  explicit PlainCoProcess(const Description& description)
      : FunctionOperator<F, NoKey, CoOutOf<F>>(description.arguments) {}

  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    return this->ProcessInput(input, output, [&](ProcessContext& context, auto& out) {
      F& function = this->function();
      if (input.port == base::PortIndex(0)) {
        return first_.ForEach(input, context, out, [&](const T& row) {
          function.F::ProcessElement1(row, context, out);
        });
      }
      return second_.ForEach(input, context, out,
                             [&](const U& row) { function.F::ProcessElement2(row, context, out); });
    });
  }

 private:
  PlainRows<T> first_;
  PlainRows<U> second_;
};

}  // namespace weir::operators
