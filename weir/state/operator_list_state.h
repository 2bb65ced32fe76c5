// OperatorListState and UnionListState: lists that belong to a subtask and to no key.
// Threads: the task's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/base/bytes.h"
#include "weir/record/type_traits.h"
#include "weir/state/key_ops.h"
#include "weir/state/operator_backend.h"
#include "weir/state/state_owner.h"

namespace weir::state {

template <class T>
class ListCell final : public OperatorCell {
 public:
  void ForEachItem(const std::function<void(std::string_view)>& visit) const override {
    for (const T& item : items) {
      base::ByteWriter bytes;
      TypeTraits<T>::Encode(item, bytes);
      visit(bytes.bytes());
    }
  }
  bool RestoreItem(std::string_view bytes) override {
    return DecodeAll(bytes, items.emplace_back());
  }

  std::vector<T> items;
};

}  // namespace weir::state

namespace weir {
inline namespace v0 {

/// A list of T of each subtask, in the order of Add. A restore at another parallelism deals the
/// items out evenly. A member of the function, as keyed state is; also in a function without keys.
template <class T>
class OperatorListState : public OperatorStateHandle {
  static_assert(FieldType<T>,
                "This type cannot be state: give it WEIR_RECORD(Type, fields...), or specialise "
                "weir::TypeTraits<Type>.");

 public:
  OperatorListState() = default;
  /// The state `name` of the object that this handle is a member of.
  OperatorListState(StateOwner* owner, std::string_view name)
      : OperatorListState(owner, name, state::OperatorStateKind::kList) {}

  /// The items; what is added stands behind the others.
  const std::vector<T>& Get() const { return items(); }
  void Add(T item) const { items().push_back(std::move(item)); }
  void Update(std::vector<T> items_now) const { items() = std::move(items_now); }
  void Clear() const { items().clear(); }

 protected:
  OperatorListState(StateOwner* owner, std::string_view name, state::OperatorStateKind kind) {
    owner->DeclareOperatorState(*this,
                                {std::string(name), kind, TypeTraits<T>::MakeSchema().ToString()},
                                []() -> std::unique_ptr<state::OperatorCell> {
                                  return std::make_unique<state::ListCell<T>>();
                                });
  }

 private:
  std::vector<T>& items() const { return static_cast<state::ListCell<T>&>(this->cell()).items; }
};

/// The same, but a restore gives every subtask the items of all.
template <class T>
class UnionListState : public OperatorListState<T> {
 public:
  UnionListState() = default;
  /// The state `name` of the object that this handle is a member of.
  UnionListState(StateOwner* owner, std::string_view name)
      : OperatorListState<T>(owner, name, state::OperatorStateKind::kUnionList) {}
};

}  // namespace v0
}  // namespace weir
