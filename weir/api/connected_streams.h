// ConnectedStreams: two streams for one operator that reads both. Their records may differ in type.
// Threads: one caller at a time; dies with the build callback.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "weir/api/keyed_stream.h"
#include "weir/api/stream.h"
#include "weir/operators/broadcast_process.h"
#include "weir/operators/co_process.h"

namespace weir::api {

inline bool IsBroadcast(const InputEdge& edge) {
  return edge.partitioning == runtime::Partitioning::kBroadcast;
}
inline constexpr const char* kNotBroadcast =
    "ProcessBroadcastElement must see every record in every subtask: broadcast the second stream, "
    "Connect(rules.Broadcast())";

/// Writes down an operator that reads `first` on its port 0 and `second` on its port 1.
template <class U>
Stream<U> AddTwoInputs(Program& program, const NameHere& name,
                       std::shared_ptr<const runtime::OperatorFactory> factory,
                       std::vector<InputEdge> first, const std::vector<InputEdge>& second) {
  for (InputEdge edge : second) {
    edge.to_port = base::PortIndex(1);
    first.push_back(edge);
  }
  return Stream<U>(program, program.Add({.kind = NodeKind::kStateful,
                                         .place = name.place,
                                         .name = std::string(name.name),
                                         .parallelism = {},
                                         .source = nullptr,
                                         .factory = std::move(factory),
                                         .inputs = std::move(first)}));
}

/// Writes down an operator whose second input is broadcast.
template <class F, class K, class T, class Rows, class First, class RowsArgument, class U,
          class... Arguments>
auto AddBroadcast(const First& first, RowsArgument rows, const Stream<U>& second,
                  const NameHere& name, Arguments... arguments) {
  if constexpr (operators::CheckBroadcastProcessFunction<F, K, T, U, Arguments...>()) {
    if (!std::ranges::all_of(second.edges(), IsBroadcast))
      first.program().AddError(name.place, kNotBroadcast);
    using Op =
        operators::BroadcastProcess<F, K, T, U, Rows, RowsArgument, std::tuple<Arguments...>>;
    return AddTwoInputs<operators::OutOf<F>>(
        first.program(), name,
        std::make_shared<operators::FactoryOf<Op>>(typename Op::Description{
            std::move(rows), std::tuple<Arguments...>(std::move(arguments)...)}),
        first.edges(), second.edges());
  }
}

}  // namespace weir::api

namespace weir {
inline namespace v0 {

/// Neither is keyed.
template <class T, class U>
class ConnectedStreams<Stream<T>, Stream<U>> {
 public:
  /// For Weir's own verbs.
  ConnectedStreams(Stream<T> first, Stream<U> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  /// Runs a process function of two inputs. One object of F is made in each subtask, from copies of
  /// `arguments`. F derives from CoProcessFunction<T, U, Out>, or, when the second stream is
  /// broadcast, from BroadcastProcessFunction<T, U, Out>; or it has their methods.
  template <class F, class... Arguments>
  auto Process(api::NameHere name, Arguments... arguments) const {
    if constexpr (operators::HasBroadcastInput<F>) {
      return api::AddBroadcast<F, operators::NoKey, T, operators::PlainRows<T>>(
          first_, operators::NoKey(), second_, name, std::move(arguments)...);
    } else if constexpr (operators::CheckCoProcessFunction<F, operators::NoKey, T, U,
                                                           Arguments...>()) {
      using Op = operators::PlainCoProcess<F, T, U, std::tuple<Arguments...>>;
      return api::AddTwoInputs<operators::CoOutOf<F>>(
          first_.program(), name,
          std::make_shared<operators::FactoryOf<Op>>(
              typename Op::Description{std::tuple<Arguments...>(std::move(arguments)...)}),
          first_.edges(), second_.edges());
    }
  }

 private:
  Stream<T> first_;
  Stream<U> second_;
};

/// Both are keyed, by keys of one type.
template <class K, class T, class SelectorT, class U, class SelectorU>
class ConnectedStreams<KeyedStream<K, T, SelectorT>, KeyedStream<K, U, SelectorU>> {
 public:
  /// For Weir's own verbs.
  ConnectedStreams(KeyedStream<K, T, SelectorT> first, KeyedStream<K, U, SelectorU> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  /// Runs a process function of two inputs with state for each key. One object of F is made in each
  /// subtask, from copies of `arguments`. F derives from KeyedCoProcessFunction<K, T, U, Out>, or
  /// has its methods.
  template <class F, class... Arguments>
  auto Process(api::NameHere name, Arguments... arguments) const {
    if constexpr (operators::CheckCoProcessFunction<F, K, T, U, Arguments...>()) {
      using Op =
          operators::KeyedCoProcess<F, K, T, SelectorT, U, SelectorU, std::tuple<Arguments...>>;
      return api::AddTwoInputs<operators::CoOutOf<F>>(
          first_.program(), name,
          std::make_shared<operators::FactoryOf<Op>>(
              typename Op::Description{first_.selector(), second_.selector(),
                                       std::tuple<Arguments...>(std::move(arguments)...)}),
          first_.edges(), second_.edges());
    }
  }

 private:
  KeyedStream<K, T, SelectorT> first_;
  KeyedStream<K, U, SelectorU> second_;
};

/// A keyed stream and one that is broadcast.
template <class K, class T, class Selector, class U>
class ConnectedStreams<KeyedStream<K, T, Selector>, Stream<U>> {
 public:
  /// For Weir's own verbs.
  ConnectedStreams(KeyedStream<K, T, Selector> first, Stream<U> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  /// Runs a process function of a keyed and a broadcast input. One object of F is made in each
  /// subtask, from copies of `arguments`. F derives from KeyedBroadcastProcessFunction<K, T, U,
  /// Out>, or has its methods.
  template <class F, class... Arguments>
  auto Process(api::NameHere name, Arguments... arguments) const {
    return api::AddBroadcast<F, K, T, operators::KeyedRows<K, T, Selector>>(
        first_, first_.selector(), second_, name, std::move(arguments)...);
  }

 private:
  KeyedStream<K, T, Selector> first_;
  Stream<U> second_;
};

}  // namespace v0
}  // namespace weir
