// BroadcastState: a map that every subtask of an operator has, changed by broadcast records.
// Threads: the task's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "weir/base/bytes.h"
#include "weir/record/type_traits.h"
#include "weir/state/operator_backend.h"
#include "weir/state/state_owner.h"

namespace weir::state {

template <class K>
struct HashOfKey {
  size_t operator()(const K& key) const { return TypeTraits<K>::Hash(/*seed=*/0, key); }
};
template <class K>
struct EqualKeys {
  bool operator()(const K& a, const K& b) const { return TypeTraits<K>::Equal(a, b); }
};

template <class K, class V>
class BroadcastCell final : public OperatorCell {
 public:
  void ForEachItem(const std::function<void(std::string_view)>& visit) const override {
    for (const auto& [key, value] : entries) {
      base::ByteWriter bytes;
      TypeTraits<K>::Encode(key, bytes);
      TypeTraits<V>::Encode(value, bytes);
      visit(bytes.bytes());
    }
  }
  bool RestoreItem(std::string_view bytes) override {
    base::ByteReader in(bytes);
    K key{};
    TypeTraits<K>::Decode(in, key);
    V value{};
    TypeTraits<V>::Decode(in, value);
    entries.insert_or_assign(std::move(key), std::move(value));
    return in.ok() && in.AtEnd();
  }

  std::unordered_map<K, V, HashOfKey<K>, EqualKeys<K>> entries;
};

}  // namespace weir::state

namespace weir {
inline namespace v0 {

/// A map that every subtask has, changed by broadcast records only. It is the same in all of them
/// as far as those come in the same order: records of several sending subtasks do not. Give the
/// broadcast stream one (SetParallelism(1)), or let the last word not depend on the order. A
/// checkpoint keeps the first subtask's.
/// Errors: a change outside ProcessBroadcastElement fails the job after the batch and has no
///   effect.
template <class K, class V>
class BroadcastState : public OperatorStateHandle {
  static_assert(FieldType<K> && FieldType<V>,
                "This type cannot be state: give it WEIR_RECORD(Type, fields...), or specialise "
                "weir::TypeTraits<Type>.");
  using Cell = state::BroadcastCell<K, V>;

 public:
  BroadcastState() = default;
  /// The state `name` of the object that this handle is a member of.
  BroadcastState(StateOwner* owner, std::string_view name) : name_(name) {
    owner->DeclareOperatorState(
        *this,
        {std::string(name), state::OperatorStateKind::kBroadcast,
         TypeTraits<K>::MakeSchema().ToString() + " to " + TypeTraits<V>::MakeSchema().ToString()},
        []() -> std::unique_ptr<state::OperatorCell> { return std::make_unique<Cell>(); });
  }

  /// The value of a key, or null. It lives until the state is changed.
  const V* Get(const K& key) const {
    const auto found = entries().find(key);
    return found == entries().end() ? nullptr : &found->second;
  }
  /// The key has a value.
  bool Contains(const K& key) const { return entries().contains(key); }
  /// How many keys have one.
  size_t Size() const { return entries().size(); }
  /// Calls `visit(key, value)` for each entry, in no order.
  template <class Visit>
  void ForEach(Visit visit) const {
    for (const auto& [key, value] : entries()) visit(key, value);
  }

  /// In ProcessBroadcastElement only.
  void Put(const K& key, V value) const {
    if (this->backend().MayBroadcast(name_)) entries().insert_or_assign(key, std::move(value));
  }
  void Remove(const K& key) const {
    if (this->backend().MayBroadcast(name_)) entries().erase(key);
  }
  void Clear() const {
    if (this->backend().MayBroadcast(name_)) entries().clear();
  }

 private:
  auto& entries() const { return static_cast<Cell&>(this->cell()).entries; }
  std::string name_;
};

}  // namespace v0
}  // namespace weir
