// ListState: a list of values for each key.
// Threads: the task's.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/limits.h"
#include "weir/base/status.h"
#include "weir/record/type_traits.h"
#include "weir/state/keyed_backend.h"
#include "weir/state/state_owner.h"

namespace weir {
inline namespace v0 {

/// A list of T for each key, in the order of Add; a key without a list has an empty one. Declared
/// as ValueState is. The list is kept encoded: Add costs the element, Get the whole list.
/// A read where no key is finds an empty list. A handle that was made without a state must be
/// assigned one before it is used: `bound()` tells.
/// Errors: a list longer than limits::kValueBytesMax, or a write where no key is, fails the job
///   after the batch; until then writes have no effect.
template <class T>
class ListState : public StateHandle {
  static_assert(FieldType<T>,
                "This type cannot be state: give it WEIR_RECORD(Type, fields...), or specialise "
                "weir::TypeTraits<Type>.");
  static_assert(std::default_initializable<T>,
                "This type cannot be state: it needs a constructor without arguments.");

 public:
  /// A handle without a state, to be assigned to.
  ListState() = default;

  /// The state `name` of the object that this handle is a member of.
  ListState(StateOwner* owner, std::string_view name) {
    owner->DeclareState(*this, Descriptor(name), {});
  }

  /// Declares the state in `backend`.
  /// Errors: as KeyedBackend::Declare.
  static StatusOr<ListState> DeclareIn(state::KeyedBackend& backend, std::string_view name) {
    WEIR_ASSIGN_OR_RETURN(const state::StateCell cell, backend.Declare(Descriptor(name), {}));
    return ListState(cell);
  }

  /// The key has no elements.
  bool Empty() const { return Size() == 0; }
  /// The number of elements; does not read them.
  uint32_t Size() const {
    if (!cell().backend->Has(cell())) return 0;
    return base::ByteReader(cell().backend->BytesOf(cell())).U32();
  }

  /// The elements.
  std::vector<T> Get() const {
    std::vector<T> elements;
    if (!cell().backend->Has(cell())) return elements;
    base::ByteReader in(cell().backend->BytesOf(cell()));
    const uint32_t count = in.U32();
    for (uint32_t i = 0; i < count && in.ok(); ++i) {
      TypeTraits<T>::Decode(in, elements.emplace_back());
    }
    if (in.ok() && in.AtEnd()) return elements;
    cell().backend->FailDecode(cell());
    return {};
  }

  /// Puts `element` behind the others.
  void Add(const T& element) const {
    base::ByteWriter& encoded = cell().backend->scratch();
    TypeTraits<T>::Encode(element, encoded);
    cell().backend->AppendElement(cell(), encoded.bytes());
  }

  /// Replaces the list; an empty one clears it.
  void Update(std::span<const T> elements) const {
    if (elements.empty()) return Clear();
    base::ByteWriter& encoded = cell().backend->scratch();
    encoded.U32(static_cast<uint32_t>(elements.size()));
    for (const T& element : elements) TypeTraits<T>::Encode(element, encoded);
    cell().backend->AssignBytes(cell(), encoded.bytes());
  }

  /// The key has an empty list afterwards.
  void Clear() const { cell().backend->Clear(cell()); }

 private:
  explicit ListState(const state::StateCell& cell) : StateHandle(cell) {}

  static state::StateDescriptor Descriptor(std::string_view name) {
    return {.name = std::string(name),
            .kind = state::StateKind::kList,
            .value = TypeTraits<T>::MakeSchema()};
  }
};

}  // namespace v0
}  // namespace weir
