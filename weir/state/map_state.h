// MapState: a map for each key.
// Threads: the task's.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "weir/base/status.h"
#include "weir/record/container_traits.h"
#include "weir/record/type_traits.h"
#include "weir/state/keyed_backend.h"
#include "weir/state/state_owner.h"

namespace weir {
inline namespace v0 {

/// A map from K to V for each key of the stream. Declared as ValueState is:
///
///   weir::MapState<std::string, int64_t> visits_{this, "visits"};  // by page, for each user
///   …
///   visits_.Put(page, visits_.ValueOr(page, 0) + 1);
///   for (const auto& [page, number] : visits_) …
///
/// Large maps are welcome: an operation reads and writes one item, and checkpoints take a map piece
/// by piece. Keys of the map are equal when their encodings are, and are gone through in the order
/// of these: always the same for the same content, but not the order of numbers.
/// A read where no key is finds an empty map. A handle that was made without a state must be
/// assigned one before it is used: `bound()` tells.
/// Errors: an item longer than limits::kMapItemBytesMax, or a write where no key is, fails the job
///   after the batch; until then writes have no effect.
template <class K, class V>
class MapState : public StateHandle {
  static_assert(FieldType<K> && FieldType<V>,
                "This type cannot be state: give it WEIR_RECORD(Type, fields...), or specialise "
                "weir::TypeTraits<Type>.");
  static_assert(std::default_initializable<K> && std::default_initializable<V>,
                "This type cannot be state: it needs a constructor without arguments.");

 public:
  class Iterator;

  /// A handle without a state, to be assigned to.
  MapState() = default;

  /// The state `name` of the object that this handle is a member of.
  MapState(StateOwner* owner, std::string_view name) {
    owner->DeclareState(*this, Descriptor(name), {.is_map = true});
  }

  /// Declares the state in `backend`.
  /// Errors: as KeyedBackend::Declare.
  static StatusOr<MapState> DeclareIn(state::KeyedBackend& backend, std::string_view name) {
    WEIR_ASSIGN_OR_RETURN(const state::StateCell cell,
                          backend.Declare(Descriptor(name), {.is_map = true}));
    return MapState(cell);
  }

  /// The value of `key`, if it is in the map.
  std::optional<V> Get(const K& key) const {
    const std::optional<std::string_view> encoded = Map().Find(Encoded(key));
    if (!encoded) return std::nullopt;
    return Decoded<V>(*encoded);
  }

  /// The value of `key`, or `fallback` if it is not in the map.
  V ValueOr(const K& key, V fallback) const {
    const std::optional<std::string_view> encoded = Map().Find(Encoded(key));
    return encoded ? Decoded<V>(*encoded) : std::move(fallback);
  }

  /// `key` is in the map.
  bool Contains(const K& key) const { return Map().Find(Encoded(key)).has_value(); }

  /// `key` has `value` afterwards.
  void Put(const K& key, const V& value) const {
    base::ByteWriter& encoded = cell().backend->scratch();
    TypeTraits<K>::Encode(key, encoded);
    const size_t key_bytes = encoded.size();
    TypeTraits<V>::Encode(value, encoded);
    const std::string_view both = encoded.bytes();
    cell().backend->PutInMap(cell(), both.substr(0, key_bytes), both.substr(key_bytes));
  }

  /// `key` is not in the map afterwards; returns whether it was.
  bool Remove(const K& key) const { return cell().backend->RemoveFromMap(cell(), Encoded(key)); }

  /// There are no items.
  bool Empty() const { return !cell().backend->Has(cell()); }
  /// The number of items; counts them in small maps.
  uint64_t Size() const { return Map().size(); }

  /// The map is empty afterwards.
  void Clear() const { cell().backend->Clear(cell()); }

  /// Goes through the items, as std::pair<K, V>. The map may be changed meanwhile: what is put or
  /// removed behind the present item is seen, before it not. Iterators end with the record.
  Iterator begin() const { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  explicit MapState(const state::StateCell& cell) : StateHandle(cell) {}

  static state::StateDescriptor Descriptor(std::string_view name) {
    return {.name = std::string(name),
            .kind = state::StateKind::kMap,
            .value = TypeTraits<std::map<K, V>>::MakeSchema()};
  }

  state::MapTree Map() const { return cell().backend->MapOf(cell()); }

  std::string_view Encoded(const K& key) const {
    base::ByteWriter& encoded = cell().backend->scratch();
    TypeTraits<K>::Encode(key, encoded);
    return encoded.bytes();
  }

  template <class T>
  T Decoded(std::string_view bytes) const {
    T value{};
    if (!state::DecodeAll(bytes, value)) cell().backend->FailDecode(cell());
    return value;
  }
};

/// Lifetime: of the record that is processed.
template <class K, class V>
class MapState<K, V>::Iterator {
 public:
  /// As the standard wants iterators.
  using value_type = std::pair<K, V>;
  using difference_type = std::ptrdiff_t;

  /// As the standard wants iterators.
  const value_type& operator*() const { return item_; }
  const value_type* operator->() const { return &item_; }
  Iterator& operator++() { return Read(), *this; }
  void operator++(int) { Read(); }
  bool operator==(std::default_sentinel_t) const { return at_.leaf == nullptr; }

 private:
  friend class MapState;
  explicit Iterator(const MapState& map) : map_(map) {
    at_ = map_.Map().AtOrAbove({});
    changes_ = map_.cell().backend->map_changes();
    Read();
  }

  // The item at or behind `at_`, which is the end of a leaf or before an item.
  void Read() {
    if (changes_ != map_.cell().backend->map_changes() || AtEndOfLeaf()) {
      at_ = map_.Map().Above(key_);
      changes_ = map_.cell().backend->map_changes();
    }
    if (at_.leaf == nullptr) return;
    state::RunReader reader(state::MapTree::RunOf(at_.leaf), at_.offset);
    state::MapItem item;
    reader.Next(item);
    at_.offset = reader.offset();
    key_ = item.key;
    item_.first = map_.template Decoded<K>(item.key);
    item_.second = map_.template Decoded<V>(item.value);
  }
  bool AtEndOfLeaf() const {
    return at_.leaf != nullptr && at_.offset == state::MapTree::RunOf(at_.leaf).size();
  }

  MapState map_;
  state::MapTree::Position at_;
  uint64_t changes_ = 0;
  std::string key_;  // encoded, of the present item
  value_type item_;
};

}  // namespace v0
}  // namespace weir
