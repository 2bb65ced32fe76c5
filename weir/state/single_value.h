// SingleValue: what handles of one value for each key have in common: ValueState, ReducingState,
// AggregatingState.
// Threads: the task's.
#pragma once

#include <concepts>
#include <cstring>
#include <string>
#include <string_view>

#include "weir/record/type_traits.h"
#include "weir/state/keyed_backend.h"
#include "weir/state/state_owner.h"

namespace weir::state {

template <class T>
class SingleValue : public StateHandle {
  static_assert(FieldType<T>,
                "This type cannot be state: give it WEIR_RECORD(Type, fields...), or specialise "
                "weir::TypeTraits<Type>.");
  static_assert(std::default_initializable<T>,
                "This type cannot be state: it needs a constructor without arguments.");

 public:
  /// The key has a value.
  bool Has() const { return cell().backend->Has(cell()); }

  /// The key has no value afterwards.
  void Clear() const { cell().backend->Clear(cell()); }

 protected:
  /// A handle without a state.
  SingleValue() = default;

  /// The state `name` of the object that this handle is a member of.
  SingleValue(StateOwner* owner, StateKind kind, std::string_view name) {
    owner->DeclareState(*this, Descriptor(kind, name), ValueOpsOf<T>());
  }
  explicit SingleValue(const StateCell& cell) : StateHandle(cell) {}

  /// Declares the state in `backend`.
  /// Errors: as KeyedBackend::Declare.
  static StatusOr<StateCell> DeclareCell(KeyedBackend& backend, StateKind kind,
                                         std::string_view name) {
    return backend.Declare(Descriptor(kind, name), ValueOpsOf<T>());
  }

  /// Shapes: Has().
  T Read() const {
    KeyedBackend& backend = *cell().backend;
    T value{};
    if constexpr (kInline) {
      std::memcpy(&value, backend.row()->At(cell().offset), sizeof(T));
    } else if (!DecodeAll(backend.BytesOf(cell()), value)) {
      backend.FailDecode(cell());
    }
    return value;
  }

  void Write(const T& value) const {
    KeyedBackend& backend = *cell().backend;
    if constexpr (kInline) {
      Row* row = backend.RowForWrite();
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

 private:
  static constexpr bool kInline = kInlineValueBytes<T> != 0;

  static StateDescriptor Descriptor(StateKind kind, std::string_view name) {
    return {.name = std::string(name), .kind = kind, .value = TypeTraits<T>::MakeSchema()};
  }
};

}  // namespace weir::state
