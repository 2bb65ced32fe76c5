// Aggregates: the process functions behind Reduce, Sum, Min, Max and Count of a KeyedStream. Each
// puts out, for every record, what is true of its key by then.
// Threads: the subtask's.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

#include "weir/operators/collector.h"
#include "weir/operators/process_function.h"
#include "weir/record/record.h"
#include "weir/state/reducing_state.h"
#include "weir/state/state_owner.h"

namespace weir {
inline namespace v0 {

/// What KeyedStream::Count puts out.
template <class K>
struct KeyCount {
  K key{};            // of the stream
  int64_t count = 0;  // of its records so far
};
template <class K>
WEIR_RECORD((KeyCount<K>), key, count);

}  // namespace v0
}  // namespace weir

namespace weir::operators {

/// Whether F combines two Ts to one; if not, says why.
template <class F, class T>
constexpr bool CheckReduce() {
  constexpr bool kOk = std::is_invocable_r_v<T, const F&, const T&, const T&>;
  static_assert(kOk,
                "let the function of Reduce take two records of the stream, `const T&` each, and "
                "return one; it is called as const");
  return kOk;
}

template <class T, class Field>
concept FieldOf =
    std::is_member_object_pointer_v<Field> && requires(T& record, Field field) { record.*field; };
template <class T, class Field>
using TypeOfField = std::remove_cvref_t<decltype(std::declval<T&>().*std::declval<Field>())>;

/// Whether Field is a field of T that can be added up (compared); if not, says why.
template <class T, class Field>
constexpr bool CheckNumber() {
  static_assert(FieldOf<T, Field>, "name a field of the stream's record: Sum(\"name\", &T::field)");
  if constexpr (FieldOf<T, Field>) {
    using Number = TypeOfField<T, Field>;
    constexpr bool kOk = std::is_arithmetic_v<Number> && !std::is_same_v<Number, bool>;
    static_assert(kOk, "take a field that is a number: Sum adds it up");
    return kOk;
  }
  return false;
}
template <class T, class Field>
constexpr bool CheckOrdered() {
  static_assert(FieldOf<T, Field>, "name a field of the stream's record: Min(\"name\", &T::field)");
  if constexpr (FieldOf<T, Field>) {
    constexpr bool kOk = std::totally_ordered<TypeOfField<T, Field>>;
    static_assert(kOk, "take a field whose values have an order: Min and Max compare it");
    return kOk;
  }
  return false;
}

/// A record whose field is the sum, and whose other fields are those of the first.
template <class T, class Field>
struct SumOf {
  Field field;
  T operator()(const T& total, const T& in) const {
    T sum = total;
    sum.*field = static_cast<TypeOfField<T, Field>>(sum.*field + in.*field);
    return sum;
  }
};

/// The record with the least (greatest) field; the first of several.
template <class T, class Field>
struct LeastBy {
  Field field;
  T operator()(const T& kept, const T& in) const { return in.*field < kept.*field ? in : kept; }
};
template <class T, class Field>
struct GreatestBy {
  Field field;
  T operator()(const T& kept, const T& in) const { return kept.*field < in.*field ? in : kept; }
};

/// Combines all records of a key to one.
template <class K, class T, class F>
class Reducer : public StateOwner {
 public:
  explicit Reducer(F reduce) : value_(this, "value", std::move(reduce)) {}
  void ProcessElement(const T& in, KeyedContext<K>&, Collector<T>& out) {
    out.Collect(value_.Add(in));
  }

 private:
  ReducingState<T, F> value_;
};

/// Counts the records of a key.
template <class K, class T>
class Counter : public StateOwner {
 public:
  void ProcessElement(const T&, KeyedContext<K>& context, Collector<KeyCount<K>>& out) {
    out.Collect({context.CurrentKey(), count_.Add(1)});
  }

 private:
  ReducingState<int64_t, std::plus<>> count_{this, "count"};
};

}  // namespace weir::operators
