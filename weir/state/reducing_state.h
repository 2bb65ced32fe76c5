// ReducingState: for each key, one value that everything added is combined with.
// Threads: the task's.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "weir/base/status.h"
#include "weir/state/keyed_backend.h"
#include "weir/state/single_value.h"
#include "weir/state/state_owner.h"

namespace weir {
inline namespace v0 {

/// One T for each key: the first value that was added, combined with each later one by `Reduce`, a
/// const function of two Ts that returns a T.
///
///   weir::ReducingState<int64_t, std::plus<>> total_{this, "total"};
///   weir::ReducingState<Trade, decltype(kDearer)> dearest_{this, "dearest", kDearer};
///
/// Only the value is state: the next version of a program may reduce otherwise from there on.
/// Errors: as ValueState's; what `Reduce` throws fails the attempt.
template <class T, class Reduce>
class ReducingState : public state::SingleValue<T> {
  static_assert(std::is_invocable_r_v<T, const Reduce&, const T&, const T&>,
                "let the function take two values of the state, `const T&` each, and return one");
  static constexpr auto kKind = state::StateKind::kReducing;

 public:
  /// A handle without a state, to be assigned to.
  ReducingState() = default;

  /// The state `name` of the object that this handle is a member of.
  ReducingState(StateOwner* owner, std::string_view name, Reduce reduce = Reduce())
      : state::SingleValue<T>(owner, kKind, name), reduce_(std::move(reduce)) {}

  /// Declares the state in `backend`.
  /// Errors: as KeyedBackend::Declare.
  static StatusOr<ReducingState> DeclareIn(state::KeyedBackend& backend, std::string_view name,
                                           Reduce reduce = Reduce()) {
    WEIR_ASSIGN_OR_RETURN(const state::StateCell cell,
                          ReducingState::DeclareCell(backend, kKind, name));
    return ReducingState(cell, std::move(reduce));
  }

  /// The value, if anything was added.
  std::optional<T> Get() const {
    if (!this->Has()) return std::nullopt;
    return this->Read();
  }

  /// Combines the value with `value`; returns what the key has now.
  T Add(const T& value) const {
    if (!this->Has()) {
      this->Write(value);
      return value;
    }
    T combined = reduce_(this->Read(), value);
    this->Write(combined);
    return combined;
  }

 private:
  ReducingState(const state::StateCell& cell, Reduce reduce)
      : state::SingleValue<T>(cell), reduce_(std::move(reduce)) {}

  Reduce reduce_;
};

}  // namespace v0
}  // namespace weir
