// ValueState: one value for each key.
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

/// One T for each key: that of the record, or of the timer, that is being processed. A handle is
/// small, may be copied, and acts on the same state as its copies.
///
///   class Counter : public weir::KeyedProcessFunction<…> {
///     weir::ValueState<int64_t> count_{this, "count"};
///   };
///
/// Flat types of up to 64 bytes are kept as they lie; others are decoded by Get and encoded by
/// Update.
/// A read where no key is (in Start, say) finds no value. A handle that was made without a state
/// must be assigned one before it is used: `bound()` tells.
/// Errors: a value longer than limits::kValueBytesMax, or a write where no key is, fails the job
///   after the batch; until then writes have no effect.
template <class T>
class ValueState : public state::SingleValue<T> {
  static constexpr auto kKind = state::StateKind::kValue;

 public:
  /// A handle without a state, to be assigned to.
  ValueState() = default;

  /// The state `name` of the object that this handle is a member of.
  ValueState(StateOwner* owner, std::string_view name)
      : state::SingleValue<T>(owner, kKind, name) {}

  /// Declares the state in `backend`.
  /// Errors: as KeyedBackend::Declare.
  static StatusOr<ValueState> DeclareIn(state::KeyedBackend& backend, std::string_view name) {
    WEIR_ASSIGN_OR_RETURN(const state::StateCell cell,
                          ValueState::DeclareCell(backend, kKind, name));
    return ValueState(cell);
  }

  /// The value, if the key has one.
  std::optional<T> Get() const {
    if (!this->Has()) return std::nullopt;
    return this->Read();
  }

  /// The value, or `fallback` if the key has none.
  T ValueOr(T fallback) const { return this->Has() ? this->Read() : std::move(fallback); }

  /// The key has `value` afterwards.
  void Update(const T& value) const { this->Write(value); }

 private:
  explicit ValueState(const state::StateCell& cell) : state::SingleValue<T>(cell) {}
};

}  // namespace v0
}  // namespace weir
