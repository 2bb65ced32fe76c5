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
#include <type_traits>
#include <utility>

#include "weir/api/node_handle.h"
#include "weir/api/program.h"
#include "weir/api/sinks.h"
#include "weir/operators/factory_of.h"
#include "weir/operators/filter.h"
#include "weir/operators/flat_map.h"
#include "weir/operators/key_hasher.h"
#include "weir/operators/map.h"
#include "weir/operators/user_function.h"
#include "weir/record/csv.h"
#include "weir/record/typed_ops.h"
#include "weir/runtime/sink.h"

namespace weir {
inline namespace v0 {

template <class K, class T, class Selector>
class KeyedStream;

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

  /// The same records, each sent to the subtask that owns its key. `selector` is a pointer to a
  /// field or a pure function; it is called again where the record arrives.
  template <class Selector>
  auto KeyBy(Selector selector, std::source_location place = std::source_location::current()) const;

  /// Writes each record to standard output, as one line of JSON (a number or text as it is).
  StreamSink Print(std::source_location place = std::source_location::current()) const {
    return api::Print(this->program(), this->node(), place);
  }

  /// Writes CSV files into a directory, each record exactly once.
  StreamSink WriteCsv(std::string directory,
                      std::source_location place = std::source_location::current()) const {
    static_assert(!record::CsvColumns<T>().empty(),
                  "map to a flat record first (or write JSON): CSV cannot hold a list, a map, a "
                  "variant or a record in a field");
    return api::WriteCsv(this->program(), this->node(), std::move(directory), TypeOpsOf<T>(),
                         place);
  }

  /// Hands the records to a sink, each exactly once.
  StreamSink SinkTo(std::shared_ptr<const runtime::Sink> sink,
                    std::source_location place = std::source_location::current()) const {
    return api::SinkTo(this->program(), this->node(), std::move(sink), place);
  }

  // What follows is for Weir's own verbs.

  Stream(api::Program& program, api::NodeIndex node) : api::NodeHandle<Stream<T>>(program, node) {}

  /// Writes down an operator of one input that makes records of type U.
  template <class U>
  Stream<U> Then(std::shared_ptr<const runtime::OperatorFactory> factory,
                 std::source_location place) const {
    return Stream<U>(this->program(), Add(api::NodeKind::kStateless, std::move(factory), place));
  }

 private:
  api::NodeIndex Add(api::NodeKind kind, std::shared_ptr<const runtime::OperatorFactory> factory,
                     std::source_location place) const {
    return this->program().Add(
        {.kind = kind,
         .place = place,
         .name = {},
         .parallelism = {},
         .source = nullptr,
         .factory = std::move(factory),
         .inputs = {{.from = this->node(), .from_port = base::PortIndex(0)}}});
  }

  template <class F>
  auto MapAt(F function, std::source_location place) const;
  template <class F>
  Stream FilterAt(F predicate, std::source_location place) const;
  template <class U, class F>
  auto FlatMapAt(F function, std::source_location place) const;
};

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
