// ValueState: one value for each key.
// Threads: the task's.
#pragma once

#include <concepts>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "weir/base/status.h"
#include "weir/record/type_traits.h"
#include "weir/state/keyed_backend.h"
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
class ValueState : public StateHandle {
  static_assert(FieldType<T>,
                "This type cannot be state: give it WEIR_RECORD(Type, fields...), or specialise "
                "weir::TypeTraits<Type>.");
  static_assert(std::default_initializable<T>,
                "This type cannot be state: it needs a constructor without arguments.");

 public:
  /// A handle without a state, to be assigned to.
  ValueState() = default;

  /// The state `name` of the object that this handle is a member of.
  ValueState(StateOwner* owner, std::string_view name) {
    owner->DeclareState(*this, Descriptor(name), state::ValueOpsOf<T>());
  }

  /// Declares the state in `backend`.
  /// Errors: as KeyedBackend::Declare.
  static StatusOr<ValueState> DeclareIn(state::KeyedBackend& backend, std::string_view name) {
    WEIR_ASSIGN_OR_RETURN(const state::StateCell cell,
                          backend.Declare(Descriptor(name), state::ValueOpsOf<T>()));
    return ValueState(cell);
  }

  /// The key has a value.
  bool Has() const { return cell().backend->Has(cell()); }

  /// The value, if the key has one.
  std::optional<T> Get() const {
    if (!Has()) return std::nullopt;
    return Read();
  }

  /// The value, or `fallback` if the key has none.
  T ValueOr(T fallback) const { return Has() ? Read() : std::move(fallback); }

  /// The key has `value` afterwards.
  void Update(const T& value) const {
    state::KeyedBackend& backend = *cell().backend;
    if constexpr (kInline) {
      state::Row* row = backend.RowForWrite();
      if (row == nullptr) [[unlikely]]
        return;
      std::memcpy(row->At(cell().offset), &value, sizeof(T));
      backend.SetPresent(row, cell());
    } else {
      base::ByteWriter& encoded = backend.scratch();
      TypeTraits<T>::Encode(value, encoded);
      backend.AssignBytes(cell(), encoded.bytes());
    }
  }

  /// The key has no value afterwards.
  void Clear() const { cell().backend->Clear(cell()); }

 private:
  static constexpr bool kInline = state::kInlineValueBytes<T> != 0;

  explicit ValueState(const state::StateCell& cell) : StateHandle(cell) {}

  static state::StateDescriptor Descriptor(std::string_view name) {
    return {.name = std::string(name),
            .kind = state::StateKind::kValue,
            .value = TypeTraits<T>::MakeSchema()};
  }

  T Read() const {
    state::KeyedBackend& backend = *cell().backend;
    T value{};
    if constexpr (kInline) {
      std::memcpy(&value, backend.row()->At(cell().offset), sizeof(T));
    } else if (!state::DecodeAll(backend.BytesOf(cell()), value)) {
      backend.FailDecode(cell());
    }
    return value;
  }
};

}  // namespace v0
}  // namespace weir
