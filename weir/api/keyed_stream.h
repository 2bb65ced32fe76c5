// KeyedStream<K, T>: the records of type T, each at the subtask that owns its key of type K.
//
// `KeyedStream<K, T, Selector>`, which KeyBy returns, knows the selector and calls it inlined. It
// converts to `KeyedStream<K, T>`, for functions that take any, at the price of one virtual call
// for each batch.
// Threads: one caller at a time; a KeyedStream dies with the build callback.
#pragma once

#include <memory>
#include <source_location>
#include <tuple>
#include <utility>
#include <vector>

#include "weir/api/stream.h"
#include "weir/operators/aggregates.h"
#include "weir/operators/any_selector.h"
#include "weir/operators/keyed_process.h"

namespace weir {
inline namespace v0 {

template <class K, class T, class Selector = operators::AnySelector<K, T>>
class KeyedStream {
 public:
  /// Runs a process function with state for each key. One object of F is made in each subtask, from
  /// copies of `arguments`. F derives from KeyedProcessFunction<K, T, Out>, or has its methods:
  /// `void ProcessElement(const T&, KeyedContext<K>&, Collector<Out>&)` and, if wanted,
  /// `void Open(RuntimeContext&)`, `Status Start()` and, for timers,
  /// `void OnTimer(Timestamp, KeyedContext<K>&, Collector<Out>&)`.
  template <class F, class... Arguments>
  auto Process(api::NameHere name, Arguments... arguments) const {
    if constexpr (operators::CheckProcessFunction<F, K, T, Arguments...>()) {
      using Out = operators::OutOf<F>;
      using Op = operators::KeyedProcess<F, K, T, Selector, std::tuple<Arguments...>>;
      return Then<Out>(name, std::make_shared<operators::FactoryOf<Op>>(typename Op::Description{
                                 selector_, std::tuple<Arguments...>(std::move(arguments)...)}));
    }
  }

  /// All records of the key combined to one by `reduce`, which takes two records and returns one;
  /// what it is by then, for each record.
  template <class F>
  Stream<T> Reduce(api::NameHere name, F reduce) const {
    if constexpr (operators::CheckReduce<F, T>())
      return Process<operators::Reducer<K, T, F>>(name, std::move(reduce));
  }

  /// For each record, the key's first one with the sum of all its records in `field`.
  template <class Field>
  Stream<T> Sum(api::NameHere name, Field field) const {
    if constexpr (operators::CheckNumber<T, Field>())
      return Reduce(name, operators::SumOf<T, Field>{field});
  }

  /// For each record, the key's record with the least (greatest) `field` so far; of several, the
  /// first that came.
  template <class Field>
  Stream<T> Min(api::NameHere name, Field field) const {
    if constexpr (operators::CheckOrdered<T, Field>())
      return Reduce(name, operators::LeastBy<T, Field>{field});
  }
  template <class Field>
  Stream<T> Max(api::NameHere name, Field field) const {
    if constexpr (operators::CheckOrdered<T, Field>())
      return Reduce(name, operators::GreatestBy<T, Field>{field});
  }

  /// For each record, its key and how many records the key had.
  Stream<KeyCount<K>> Count(api::NameHere name) const {
    return Process<operators::Counter<K, T>>(name);
  }

  /// This stream and another, whose keys are of the same type, for one operator that reads both and
  /// keeps state for each key.
  template <class U, class OtherSelector>
  auto Connect(const KeyedStream<K, U, OtherSelector>& other) const {
    return ConnectedStreams<KeyedStream, KeyedStream<K, U, OtherSelector>>(*this, other);
  }

  /// This stream and one that is broadcast: `keyed.Connect(rules.Broadcast())`.
  template <class U>
  auto Connect(const Stream<U>& broadcast) const {
    return ConnectedStreams<KeyedStream, Stream<U>>(*this, broadcast);
  }

  /// For a selector of any type.
  operator KeyedStream<K, T>() const  // NOLINT: converts by design
    requires(!std::is_same_v<Selector, operators::AnySelector<K, T>>)
  {
    return {*program_, edges_, operators::AnySelector<K, T>(selector_)};
  }

  // What follows is for Weir's own verbs.

  /// Shapes: `edges` are by hash, each from an operator that hashes keys.
  KeyedStream(api::Program& program, std::vector<api::InputEdge> edges, Selector selector)
      : program_(&program), edges_(std::move(edges)), selector_(std::move(selector)) {}

  api::Program& program() const { return *program_; }
  const std::vector<api::InputEdge>& edges() const { return edges_; }
  const Selector& selector() const { return selector_; }

  /// Writes down a stateful operator of one keyed input that makes records of type U.
  template <class U>
  Stream<U> Then(api::NameHere name,
                 std::shared_ptr<const runtime::OperatorFactory> factory) const {
    const api::NodeIndex node = program_->Add({.kind = api::NodeKind::kStateful,
                                               .place = name.place,
                                               .name = std::string(name.name),
                                               .parallelism = {},
                                               .source = nullptr,
                                               .factory = std::move(factory),
                                               .inputs = edges_});
    return Stream<U>(*program_, node);
  }

 private:
  api::Program* program_;  // the Pipeline's
  std::vector<api::InputEdge> edges_;
  Selector selector_;
};

template <class T>
template <class Selector>
auto Stream<T>::KeyBy(Selector selector, std::source_location place) const {
  if constexpr (operators::CheckSelector<Selector, T>()) {
    using Op = operators::KeyHasher<T, Selector>;
    const auto factory = std::make_shared<operators::FactoryOf<Op>>(
        typename Op::Description{selector, api::Place(place).ToString()});
    return KeyedStream<typename Op::Key, T, Selector>(
        this->program(), Routed(factory, runtime::Partitioning::kHash, place), std::move(selector));
  }
}

}  // namespace v0
}  // namespace weir
