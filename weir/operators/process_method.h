// What the methods of a process function may look like, and the sentences for those that do not.
// Threads: pure.
#pragma once

#include <type_traits>
#include <utility>

#include "weir/operators/collector.h"
#include "weir/operators/process_context.h"
#include "weir/operators/user_function.h"

namespace weir::operators {

/// The types in `void Method(const In&, Context&, Collector<Out>&)`.
template <class Method>
struct ProcessMethod {
  static constexpr bool kOk = false;
};
template <class C, class R, class InType, class ContextType, class OutType>
struct ProcessMethod<R (C::*)(InType, ContextType&, Collector<OutType>&)> {
  static constexpr bool kOk =
      std::is_same_v<const std::remove_cvref_t<InType>&, InType> || !std::is_reference_v<InType>;
  using In = std::remove_cvref_t<InType>;
  using Context = ContextType;
  using Out = OutType;
};
template <class C, class R, class InType, class ContextType, class OutType>
struct ProcessMethod<R (C::*)(InType, ContextType&, Collector<OutType>&) const>
    : ProcessMethod<R (C::*)(InType, ContextType&, Collector<OutType>&)> {};

/// Whether a Context is that of keys of type K; NoKey: of no key.
struct NoKey {};
template <class K>
struct ContextFor {
  using type = KeyedContext<K>;
};
template <>
struct ContextFor<NoKey> {
  using type = ProcessContext;
};
template <class K>
using ContextOf = typename ContextFor<K>::type;

/// The class that declares a method.
template <class Method>
struct ClassOf;
template <class C, class M>
struct ClassOf<M C::*> {
  using type = C;
};

/// F has an OnTimer of its own, not that of its base class, which names itself as FunctionBase.
template <class F>
constexpr bool HasOnTimer() {
  if constexpr (requires { &F::OnTimer; }) {
    using Class = typename ClassOf<decltype(&F::OnTimer)>::type;
    if constexpr (requires { typename Class::FunctionBase; })
      return !std::is_same_v<Class, typename Class::FunctionBase>;
    return true;
  }
  return false;
}

/// Whether a method of a process function takes records of type T with the context of keys of type
/// K, and whether one can be made of Arguments; if not, says why.
template <class Method, class K, class T>
constexpr bool CheckMethod() {
  constexpr bool kRightRecord = std::is_same_v<typename ProcessMethod<Method>::In, T>;
  constexpr bool kRightKey = std::is_same_v<typename ProcessMethod<Method>::Context, ContextOf<K>>;
  static_assert(kRightRecord,
                "let ProcessElement take the records of the stream: the T of "
                "KeyedProcessFunction<K, T, Out> must be the T of Stream<T>");
  static_assert(kRightKey,
                "let the K of KeyedProcessFunction<K, T, Out> be the type that the selector of "
                "KeyBy returns; behind no KeyBy, derive from ProcessFunction<T, Out>");
  return kRightRecord && kRightKey;
}
template <class F, class... Arguments>
constexpr bool CheckCanBeMade() {
  constexpr bool kCanBeMade =
      std::is_constructible_v<F, const Arguments&...> && !std::is_abstract_v<F>;
  static_assert(kCanBeMade,
                "give Process the arguments of a constructor behind the name, Process<F>(name, "
                "arguments...), and let F implement ProcessElement: one object is made in each "
                "subtask, from copies of the arguments");
  return kCanBeMade;
}

template <class F>
using ProcessMethodOf = ProcessMethod<decltype(&F::ProcessElement)>;
template <class F>
using OutOf = typename ProcessMethodOf<F>::Out;

/// Whether F, made of Arguments, processes a KeyedStream<K, T>, or with NoKey a Stream<T>; if not,
/// says why.
template <class F, class K, class T, class... Arguments>
constexpr bool CheckProcessFunction() {
  constexpr bool kHasMethod = requires { requires ProcessMethodOf<F>::kOk; };
  static_assert(
      kHasMethod,
      "give the process function one public method `void ProcessElement(const T&, Context&, "
      "weir::Collector<Out>&)`, neither overloaded nor a template; deriving from "
      "weir::KeyedProcessFunction<K, T, Out> makes the compiler check it");
  if constexpr (kHasMethod) {
    return CheckMethod<decltype(&F::ProcessElement), K, T>() && CheckCanBeMade<F, Arguments...>() &&
           CheckRecord<OutOf<F>>();
  }
  return false;
}

}  // namespace weir::operators
