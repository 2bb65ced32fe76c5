// Stream<T>: the records of type T that an operator of the program makes.
//
// A verb writes an operator down and returns its stream; nothing runs before the job does. A verb
// never fails: mistakes are collected with their place and reported together. A stream may be read
// more than once; each reader gets all records.
//
// A user's function is copied to each subtask and called as const: it takes `const T&`, `T` or
// `T&&` and returns a record that owns its bytes. State belongs into Process.
// Threads: one caller at a time; a Stream dies with the build callback.
#pragma once

#include <memory>
#include <source_location>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/api/node_handle.h"
#include "weir/api/program.h"
#include "weir/api/sinks.h"
#include "weir/connectors/file_sink.h"
#include "weir/operators/async_map.h"
#include "weir/operators/factory_of.h"
#include "weir/operators/filter.h"
#include "weir/operators/flat_map.h"
#include "weir/operators/for_each.h"
#include "weir/operators/key_hasher.h"
#include "weir/operators/keyed_process.h"
#include "weir/operators/map.h"
#include "weir/operators/number_router.h"
#include "weir/operators/output_tag.h"
#include "weir/operators/user_function.h"
#include "weir/record/csv.h"
#include "weir/record/typed_ops.h"
#include "weir/runtime/sink.h"

namespace weir {
inline namespace v0 {

template <class K, class T, class Selector>
class KeyedStream;

template <class A, class B>
class ConnectedStreams;

template <class T>
class Stream : public api::NodeHandle<Stream<T>> {
 public:
  /// The record that `function` makes of each record.
  template <class F>
  auto Map(F function, std::source_location place = std::source_location::current()) const {
    return MapAt(std::move(function), place);
  }
  template <class F>
  auto Map(api::NameHere name, F function) const {
    return MapAt(std::move(function), name.place).Named(name);
  }

  /// The records for which `predicate` is true.
  template <class F>
  Stream Filter(F predicate, std::source_location place = std::source_location::current()) const {
    return FilterAt(std::move(predicate), place);
  }
  template <class F>
  Stream Filter(api::NameHere name, F predicate) const {
    return FilterAt(std::move(predicate), name.place).Named(name);
  }

  /// None, one or many records for each record. `function` returns them as a range or an optional,
  /// or takes a `Collector<U>&` as its second parameter; when that is `auto&`, write
  /// `FlatMap<U>(...)`.
  template <class U = void, class F>
  auto FlatMap(F function, std::source_location place = std::source_location::current()) const {
    return FlatMapAt<U>(std::move(function), place);
  }
  template <class U = void, class F>
  auto FlatMap(api::NameHere name, F function) const {
    return FlatMapAt<U>(std::move(function), name.place).Named(name);
  }

  /// The record that `function` makes of each record by a call that takes time: to a service, a
  /// database. The stream goes on meanwhile. `function` either starts a call and answers later,
  ///
  ///   [client](const Order& order, weir::AsyncResult<Customer> result) {
  ///     client->Get(order.customer, [result](Customer customer) { result.Complete(customer); });
  ///   }
  ///
  /// or waits and returns its record; then it runs on threads of its own, several at the same time.
  /// With `auto` as the type of the result, write `AsyncMap<U>(...)`.
  /// Errors: a call that fails (Fail, or an exception) is made again as `options` says; then, and
  ///   when the time is over, the attempt fails. After a restart the calls without an answer are
  ///   made again: a record's result goes out once, its call may happen more than once.
  template <class U = void, class F>
  auto AsyncMap(api::NameHere name, F function, const AsyncOptions& options = {}) const;

  /// Runs a process function. One object of F is made in each subtask, from copies of `arguments`.
  /// F derives from ProcessFunction<T, Out>, or has its method `void ProcessElement(const T&,
  /// ProcessContext&, Collector<Out>&)`.
  template <class F, class... Arguments>
  auto Process(api::NameHere name, Arguments... arguments) const;

  /// The same records, each sent to the subtask that owns its key. `selector` is a pointer to a
  /// field or a pure function; it is called again where the record arrives.
  template <class Selector>
  auto KeyBy(Selector selector, std::source_location place = std::source_location::current()) const;

  /// The records of all the streams, in any order between two of them.
  template <class... More>
  Stream Union(const Stream& other, const More&... more) const {
    std::vector<api::InputEdge> edges = edges_;
    for (const Stream* each : {&other, &more...})
      edges.insert(edges.end(), each->edges_.begin(), each->edges_.end());
    return Stream(this->program(), std::move(edges));
  }

  /// The same records, spread evenly over the reader's subtasks, batch by batch in turn.
  Stream Rebalance() const { return Partitioned(runtime::Partitioning::kRebalance); }
  /// Each record to each of the reader's subtasks.
  Stream Broadcast() const { return Partitioned(runtime::Partitioning::kBroadcast); }
  /// All records to the reader's first subtask.
  Stream Global() const { return Partitioned(runtime::Partitioning::kGlobal); }
  /// Each record to the subtask `number_of(record) % parallelism` of the reader. `number_of` is a
  /// pointer to a field or a pure function, and returns an integer that is not negative.
  template <class F>
  Stream PartitionCustom(F number_of,
                         std::source_location place = std::source_location::current()) const;

  /// What the process function that made this stream gave to `tag`.
  template <class U>
  Stream<U> SideOutput(const OutputTag<U>& tag,
                       std::source_location place = std::source_location::current()) const {
    if (!this->IsNode("SideOutput", place)) return Stream<U>(this->program(), std::vector(edges_));
    const base::PortIndex port =
        this->program().SideOutputOf(*this->node(), place, tag.name(), TypeOpsOf<U>());
    return Stream<U>(this->program(), {{.from = *this->node(), .from_port = port}});
  }

  /// This stream and another, whose records may be of another type, for one operator that reads
  /// both.
  template <class U>
  ConnectedStreams<Stream, Stream<U>> Connect(const Stream<U>& other) const {
    return {*this, other};
  }

  /// Writes each record to standard output, as one line of JSON (a number or text as it is).
  StreamSink Print(std::source_location place = std::source_location::current()) const {
    return api::Print(this->program(), edges_, place);
  }

  /// Sends each record over a TCP connection, as one line of JSON (a number or text as it is). At
  /// least once: a restart sends again what came behind the newest checkpoint. Sent by one subtask.
  StreamSink WriteToSocket(std::string host, uint16_t port,
                           std::source_location place = std::source_location::current()) const {
    return WriteToSocket(SocketSinkOptions{.host = std::move(host), .port = port}, place);
  }
  StreamSink WriteToSocket(SocketSinkOptions options,
                           std::source_location place = std::source_location::current()) const {
    return api::WriteToSocket(this->program(), edges_, std::move(options), place);
  }

  /// Writes CSV files into a directory, each record exactly once.
  StreamSink WriteCsv(FileSinkOptions options,
                      std::source_location place = std::source_location::current()) const {
    static_assert(!record::CsvColumns<T>().empty(),
                  "map to a flat record first (or write JSON): CSV cannot hold a list, a map, a "
                  "variant or a record in a field");
    return WriteFiles(std::move(options), connectors::RowForm::kCsv, place);
  }
  StreamSink WriteCsv(std::string directory,
                      std::source_location place = std::source_location::current()) const {
    return WriteCsv(FileSinkOptions{.directory = std::move(directory)}, place);
  }

  /// Writes files of text into a directory, one record a line, each exactly once.
  StreamSink WriteText(FileSinkOptions options,
                       std::source_location place = std::source_location::current()) const {
    static_assert(std::is_same_v<T, std::string> || std::is_arithmetic_v<T>,
                  "map to a std::string or a number first: a line of text is one of these");
    return WriteFiles(std::move(options), connectors::RowForm::kText, place);
  }
  StreamSink WriteText(std::string directory,
                       std::source_location place = std::source_location::current()) const {
    return WriteText(FileSinkOptions{.directory = std::move(directory)}, place);
  }

  /// Writes files of JSON lines into a directory, each record exactly once.
  StreamSink WriteJson(FileSinkOptions options,
                       std::source_location place = std::source_location::current()) const {
    return WriteFiles(std::move(options), connectors::RowForm::kJson, place);
  }
  StreamSink WriteJson(std::string directory,
                       std::source_location place = std::source_location::current()) const {
    return WriteJson(FileSinkOptions{.directory = std::move(directory)}, place);
  }

  /// Calls `function` with each record, on the subtask's thread: it must not wait for long. At
  /// least once: a restart calls it again with what came behind the newest checkpoint. It takes
  /// `const T&`, `T` or `T&&`, and returns nothing, or a Status that fails the attempt when it is
  /// not ok.
  template <class F>
  StreamSink ForEach(F function,
                     std::source_location place = std::source_location::current()) const {
    return ForEachAt(std::move(function), place);
  }
  template <class F>
  StreamSink ForEach(api::NameHere name, F function) const {
    return ForEachAt(std::move(function), name.place).Named(name);
  }

  /// Hands the records to a sink, each exactly once.
  StreamSink SinkTo(std::shared_ptr<const runtime::Sink> sink,
                    std::source_location place = std::source_location::current()) const {
    return api::SinkTo(this->program(), edges_, std::move(sink), place);
  }

  // What follows is for Weir's own verbs.

  /// What `node` puts out on its first port.
  Stream(api::Program& program, api::NodeIndex node)
      : api::NodeHandle<Stream<T>>(program, node), edges_({{.from = node, .from_port = {}}}) {}

  /// What comes on all of `edges`.
  Stream(api::Program& program, std::vector<api::InputEdge> edges)
      : api::NodeHandle<Stream<T>>(program, std::nullopt), edges_(std::move(edges)) {}

  /// How its records reach a reader.
  const std::vector<api::InputEdge>& edges() const { return edges_; }

  /// Writes down an operator of one input that makes records of type U.
  template <class U>
  Stream<U> Then(std::shared_ptr<const runtime::OperatorFactory> factory,
                 std::source_location place) const {
    return Stream<U>(this->program(), this->program().Add({.kind = api::NodeKind::kStateless,
                                                           .place = place,
                                                           .name = {},
                                                           .parallelism = {},
                                                           .source = nullptr,
                                                           .factory = std::move(factory),
                                                           .inputs = edges_}));
  }

 private:
  StreamSink WriteFiles(FileSinkOptions options, connectors::RowForm form,
                        std::source_location place) const {
    return SinkTo(std::make_shared<connectors::FileSink>(std::move(options), form, TypeOpsOf<T>()),
                  place);
  }
  // Writes down, behind each operator that the records come from, one that says where they go;
  // returns the edges that leave these.
  std::vector<api::InputEdge> Routed(const std::shared_ptr<const runtime::OperatorFactory>& factory,
                                     runtime::Partitioning partitioning,
                                     std::source_location place) const;
  Stream Partitioned(runtime::Partitioning partitioning) const;

  template <class F>
  StreamSink ForEachAt(F function, std::source_location place) const {
    if constexpr (operators::CheckForEach<F, T>()) {
      return api::AddSink(this->program(), edges_,
                          std::make_shared<operators::ForEachFactory<T, F>>(std::move(function)),
                          place);
    }
  }
  template <class F>
  auto MapAt(F function, std::source_location place) const;
  template <class F>
  Stream FilterAt(F predicate, std::source_location place) const;
  template <class U, class F>
  auto FlatMapAt(F function, std::source_location place) const;

  std::vector<api::InputEdge> edges_;
};

template <class T>
std::vector<api::InputEdge> Stream<T>::Routed(
    const std::shared_ptr<const runtime::OperatorFactory>& factory,
    runtime::Partitioning partitioning, std::source_location place) const {
  std::vector<api::InputEdge> routed;
  for (api::InputEdge edge : edges_) {
    edge.partitioning = runtime::Partitioning::kForward;
    const api::NodeIndex router = this->program().Add({.kind = api::NodeKind::kRouting,
                                                       .place = place,
                                                       .name = {},
                                                       .parallelism = {},
                                                       .source = nullptr,
                                                       .factory = factory,
                                                       .inputs = {edge}});
    routed.push_back({.from = router, .from_port = {}, .partitioning = partitioning});
  }
  return routed;
}

template <class T>
template <class F>
Stream<T> Stream<T>::PartitionCustom(F number_of, std::source_location place) const {
  if constexpr (operators::CheckNumbering<F, T>()) {
    using Op = operators::NumberRouter<T, F>;
    const auto factory = std::make_shared<operators::FactoryOf<Op>>(
        typename Op::Description{std::move(number_of), api::Place(place).ToString()});
    return Stream(this->program(), Routed(factory, runtime::Partitioning::kCustom, place));
  }
}

template <class T>
template <class F, class... Arguments>
auto Stream<T>::Process(api::NameHere name, Arguments... arguments) const {
  if constexpr (operators::CheckProcessFunction<F, operators::NoKey, T, Arguments...>()) {
    using Op = operators::PlainProcess<F, T, std::tuple<Arguments...>>;
    auto factory = std::make_shared<operators::FactoryOf<Op>>(
        typename Op::Description{std::tuple<Arguments...>(std::move(arguments)...)});
    return Stream<operators::OutOf<F>>(this->program(),
                                       this->program().Add({.kind = api::NodeKind::kStateful,
                                                            .place = name.place,
                                                            .name = std::string(name.name),
                                                            .parallelism = {},
                                                            .source = nullptr,
                                                            .factory = std::move(factory),
                                                            .inputs = edges_}));
  }
}

template <class T>
template <class U, class F>
auto Stream<T>::AsyncMap(api::NameHere name, F function, const AsyncOptions& options) const {
  if constexpr (operators::CheckAsyncMap<F, T, U>()) {
    using Out = typename operators::AsyncTraits<F, T, U>::type;
    using Op = operators::AsyncMap<T, Out, F>;
    if (const Status status = operators::CheckAsyncOptions(options); !status.ok())
      this->program().AddError(name.place, std::string(status.message()));
    auto factory = std::make_shared<operators::FactoryOf<Op>>(
        typename Op::Description{std::move(function), options});
    return Stream<Out>(this->program(), this->program().Add({.kind = api::NodeKind::kStateful,
                                                             .place = name.place,
                                                             .name = std::string(name.name),
                                                             .parallelism = {},
                                                             .source = nullptr,
                                                             .factory = std::move(factory),
                                                             .inputs = edges_}));
  }
}

template <class T>
Stream<T> Stream<T>::Partitioned(runtime::Partitioning partitioning) const {
  std::vector<api::InputEdge> edges = edges_;
  for (api::InputEdge& edge : edges) edge.partitioning = partitioning;
  return Stream(this->program(), std::move(edges));
}

template <class T>
template <class F>
auto Stream<T>::MapAt(F function, std::source_location place) const {
  if constexpr (operators::CheckTakes<F, T>()) {
    using Out = operators::ResultOf<F, T>;
    if constexpr (operators::CheckRecord<Out>()) {
      using Op = operators::Map<T, Out, F>;
      return Then<Out>(std::make_shared<operators::FactoryOf<Op>>(std::move(function)), place);
    }
  }
}

template <class T>
template <class F>
Stream<T> Stream<T>::FilterAt(F predicate, std::source_location place) const {
  if constexpr (operators::CheckPredicate<F, T>()) {
    using Op = operators::Filter<T, F>;
    return Then<T>(std::make_shared<operators::FactoryOf<Op>>(std::move(predicate)), place);
  }
}

template <class T>
template <class U, class F>
auto Stream<T>::FlatMapAt(F function, std::source_location place) const {
  if constexpr (operators::CheckFlatMap<F, T, U>()) {
    using Out = typename operators::FlatMapTraits<F, T, U>::type;
    using Op = operators::FlatMap<T, Out, F>;
    return Then<Out>(std::make_shared<operators::FactoryOf<Op>>(std::move(function)), place);
  }
}

}  // namespace v0
}  // namespace weir
