// What a user's function may look like, checked before the compiler loses itself in templates.
//
// A function is copied to each subtask, called as `const F&`, takes `const T&`, `T` or `T&&`, and
// returns a record that owns its bytes. Each message begins with the cure.
// Threads: pure.
#pragma once

#include <concepts>
#include <functional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weir/operators/row_in_hand.h"
#include "weir/record/record.h"
#include "weir/record/type_traits.h"

namespace weir::operators {

/// Whether F can be called with a row: as `const In&`, or else as `In&&`.
template <class F, class In, class... More>
inline constexpr bool kTakesConst = std::is_invocable_v<const F&, const In&, More...>;
template <class F, class In, class... More>
inline constexpr bool kTakes =
    kTakesConst<F, In, More...> || std::is_invocable_v<const F&, In&&, More...>;
template <class F, class In, class... More>
inline constexpr bool kTakesWhenMutable =
    std::is_invocable_v<F&, const In&, More...> || std::is_invocable_v<F&, In&&, More...>;

/// Calls `function` with a row that is consumed by it.
template <class F, class In, class... More>
decltype(auto) Call(const F& function, In& row, More&&... more) {
  if constexpr (kTakesConst<F, In, More...>) {
    return std::invoke(function, std::as_const(row), std::forward<More>(more)...);
  } else {
    return std::invoke(function, std::move(row), std::forward<More>(more)...);
  }
}

/// The record that calling F with an In makes.
template <class F, class In>
using ResultOf = std::remove_cvref_t<decltype(Call(std::declval<const F&>(), std::declval<In&>()))>;

/// Points to memory that it does not own.
template <class T>
struct IsBorrowed : std::bool_constant<std::is_pointer_v<T>> {};
template <class Char, class Traits>
struct IsBorrowed<std::basic_string_view<Char, Traits>> : std::true_type {};
template <class T, size_t kExtent>
struct IsBorrowed<std::span<T, kExtent>> : std::true_type {};

/// Whether F can be called with rows of type In; if not, says why.
template <class F, class In, class... More>
constexpr bool CheckTakes() {
  constexpr bool kOk = kTakes<F, In, More...>;
  static_assert(
      kOk || !kTakesWhenMutable<F, In, More...>,
      "keep what the function remembers in keyed state (KeyBy, then Process) and remove `mutable`: "
      "functions are called as const, and what a lambda remembers would be lost at a restart");
  static_assert(kOk || kTakesWhenMutable<F, In, More...>,
                "let the function take a record of the stream: `const T&`, `T` or `T&&` with the T "
                "of Stream<T>");
  return kOk;
}

/// Whether T can be a record of a stream; if not, says why.
template <class T>
constexpr bool CheckRecord() {
  constexpr bool kBorrowed = IsBorrowed<T>::value;
  constexpr bool kOk = !kBorrowed && !std::is_void_v<T> && FieldType<T>;
  static_assert(
      !kBorrowed,
      "return a type that owns its bytes, such as std::string: the memory behind a pointer, "
      "std::string_view or std::span is gone when the record is read");
  static_assert(!std::is_void_v<T>,
                "return the new record: for none, one or many per input use FlatMap, for a look on "
                "the way return the record itself");
  static_assert(
      kOk || kBorrowed || std::is_void_v<T>,
      "write `WEIR_RECORD(Type, field, ...);` behind the struct: a record is a struct with "
      "WEIR_RECORD, a number, bool, std::string, std::optional, std::vector, std::map or "
      "std::variant of such");
  return kOk;
}

/// A copy of a small function for the length of a loop: what it captured then lies in registers,
/// which the compiler could not prove of a member while the loop stores rows.
template <class F>
using LoopCopy =
    std::conditional_t<std::is_trivially_copyable_v<F> && sizeof(F) <= 64, const F, const F&>;

/// What remembers the row that a function of type F has.
template <class F, class In, class... More>
using HandOf = std::conditional_t<kTakesConst<F, In, More...>, RowInHand, NoRowInHand>;

}  // namespace weir::operators
