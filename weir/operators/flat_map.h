// FlatMap: none, one or many records out for each record in.
//
// The user's function puts them into a Collector, or returns them as a range or a std::optional.
// Threads: the subtask's.
#pragma once

#include <optional>
#include <ranges>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weir/operators/collector.h"
#include "weir/operators/in_place.h"
#include "weir/operators/user_function.h"
#include "weir/runtime/operator.h"

namespace weir::operators {

/// How F gives its records.
enum class FlatMapForm {
  kNone,       // not at all: the program is wrong
  kCollector,  // (record, Collector<U>&)
  kOptional,   // returns std::optional<U>
  kRange,      // returns a range of U
};

template <class R>
struct RecordsIn {
  static constexpr FlatMapForm kForm = FlatMapForm::kNone;
  using type = void;
};
template <class T>
struct RecordsIn<std::optional<T>> {
  static constexpr FlatMapForm kForm = FlatMapForm::kOptional;
  using type = T;
};
template <std::ranges::input_range R>  // a text and a record are one record each
  requires(!std::is_convertible_v<R, std::string_view> && !record::Record<R>)
struct RecordsIn<R> {
  static constexpr FlatMapForm kForm = FlatMapForm::kRange;
  using type = std::ranges::range_value_t<R>;
};

/// The U of a function `(const T&, Collector<U>&)`.
template <class Signature>
struct CollectedBy {};
template <class R, class T, class U>
struct CollectedBy<R (*)(T, Collector<U>&)> {
  using type = U;
};
template <class R, class C, class T, class U>
struct CollectedBy<R (C::*)(T, Collector<U>&)> {
  using type = U;
};
template <class R, class C, class T, class U>
struct CollectedBy<R (C::*)(T, Collector<U>&) const> {
  using type = U;
};

/// The form of F, and what it makes of Ins. `U` is void unless the program says it.
template <class F, class In, class U>
struct FlatMapTraits {
  static constexpr FlatMapForm kForm = FlatMapForm::kNone;
};
template <class F, class In, class U>
  requires(!std::is_void_v<U> && kTakes<F, In, Collector<U>&>)
struct FlatMapTraits<F, In, U> {
  static constexpr FlatMapForm kForm = FlatMapForm::kCollector;
  using type = U;
};
template <class F, class In>
  requires requires { typename CollectedBy<F>::type; }
struct FlatMapTraits<F, In, void> {
  static constexpr FlatMapForm kForm = FlatMapForm::kCollector;
  using type = typename CollectedBy<F>::type;
};
template <class F, class In>
  requires requires { typename CollectedBy<decltype(&F::operator())>::type; }
struct FlatMapTraits<F, In, void> {
  static constexpr FlatMapForm kForm = FlatMapForm::kCollector;
  using type = typename CollectedBy<decltype(&F::operator())>::type;
};
template <class F, class In>
  requires kTakes<F, In>
struct FlatMapTraits<F, In, void> : RecordsIn<ResultOf<F, In>> {};

/// Whether F is a function for FlatMap; if not, says why.
template <class F, class In, class U>
constexpr bool CheckFlatMap() {
  using Traits = FlatMapTraits<F, In, U>;
  if constexpr (FlatMapTraits<F, In, U>::kForm == FlatMapForm::kCollector) {
    return CheckTakes<F, In, Collector<typename Traits::type>&>() &&
           CheckRecord<typename Traits::type>();
  } else {
    constexpr bool kOk = Traits::kForm != FlatMapForm::kNone;
    static_assert(kOk,
                  "give FlatMap a function that returns a range or a std::optional of records, or "
                  "one with a second parameter `weir::Collector<U>&`; when that is `auto&`, write "
                  "FlatMap<U>(...); for one record per input use Map");
    if constexpr (kOk) return CheckRecord<typename Traits::type>();
    return false;
  }
}

template <class In, class OutType, class F>
class FlatMap final : public runtime::Operator {
 public:
  using Out = OutType;
  using Description = F;
  static constexpr const char* kKind = "flat-map";

  explicit FlatMap(const F& function) : function_(function) {}

  Status Open(const runtime::OperatorContext&) override { return {}; }
  Status Start() override { return {}; }

  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    Collector<Out> out(output, base::PortIndex(0), &input.batch);
    In* rows = input.batch.Rows<In>();
    const uint32_t size = input.batch.size();
    uint32_t i = input.cursor;
    const std::conditional_t<kTakesConst<F, In> || kTakesConst<F, In, Collector<Out>&>, RowInHand,
                             NoRowInHand>
        hand(input, i);
    while (i < size && !out.MustDrain()) {
      out.At(i);
      CallOn(rows[i], out);
      ++i;
    }
    input.cursor = i;
    return OutcomeOf(input);
  }

 private:
  void CallOn(In& row, Collector<Out>& out) const {
    if constexpr (kTakes<F, In, Collector<Out>&>) {
      Call(function_, row, out);
    } else if constexpr (RecordsIn<ResultOf<F, In>>::kForm == FlatMapForm::kOptional) {
      if (auto record = Call(function_, row)) out.Collect(*std::move(record));
    } else {
      for (auto&& record : Call(function_, row))
        out.Collect(std::forward<decltype(record)>(record));
    }
  }

  const F function_;
};

}  // namespace weir::operators
