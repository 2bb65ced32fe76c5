// KeyOps and ValueOps: what a table must know of the types of its keys and values, erased; and
// KeyProbe: a key to look for, in the form in which rows hold it.
// Threads: pure.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <string_view>
#include <type_traits>

#include "weir/base/bytes.h"
#include "weir/base/hash.h"
#include "weir/base/limits.h"
#include "weir/record/type_traits.h"
#include "weir/state/row.h"

namespace weir::state {

class KeyedTable;

/// The most bytes of a key that lies in the row.
inline constexpr size_t kInlineKeyBytesMax = 16;

/// A key lies in the row when its memory is its encoding and it is short.
template <class K>
inline constexpr uint32_t kInlineKeyBytes =
    TypeTraits<K>::kEncodedAsLies && sizeof(K) <= kInlineKeyBytesMax ? sizeof(K) : 0;

/// A value lies in the row when it is flat and short.
template <class T>
inline constexpr uint32_t kInlineValueBytes =
    TypeTraits<T>::kFlat && sizeof(T) <= limits::kInlineValueBytesMax ? sizeof(T) : 0;

/// Functions, not pointers: the key of a type that is made at run time is known by its schema only.
struct KeyOps {
  record::Schema schema;
  uint32_t inline_bytes;
  /// The key hash of an encoded key; false when the bytes are not an encoding or must not be a key.
  std::function<bool(base::HashSeed seed, std::string_view encoded, uint64_t& hash)> hash;
  /// KeyedTable::FindOrInsert of the K at `key`.
  std::function<Row*(KeyedTable& table, uint64_t hash, const void* key)> find_or_insert;
};

/// A value that lies in the row; one that lies in the slab is its encoding and needs nothing.
struct ValueOps {
  bool is_map = false;  // the slab has the pages of a MapTree
  uint32_t inline_bytes = 0;
  /// The encoding is the memory: `encode` and `decode` are not called.
  bool encoded_as_lies = false;
  void (*encode)(const char* cell, base::ByteWriter& out) = nullptr;
  bool (*decode)(std::string_view encoded, char* cell) = nullptr;
};

/// True when all of `encoded` is the encoding of one T.
template <class T>
bool DecodeAll(std::string_view encoded, T& value) {
  base::ByteReader in(encoded);
  TypeTraits<T>::Decode(in, value);
  return in.ok() && in.AtEnd();
}

template <class K>
bool HashEncodedKey(base::HashSeed seed, std::string_view encoded, uint64_t& hash) {
  K key{};
  if constexpr (kInlineKeyBytes<K> != 0) {
    if (encoded.size() != sizeof(K)) return false;
    std::memcpy(&key, encoded.data(), sizeof(K));
  } else if (!DecodeAll(encoded, key)) {
    return false;
  }
  hash = TypeTraits<K>::Hash(seed, key);
  return TypeTraits<K>::ValidKey(key);
}

template <class T>
ValueOps ValueOpsOf() {
  if constexpr (kInlineValueBytes<T> == 0) {
    return {};
  } else {
    return {.inline_bytes = sizeof(T),
            .encoded_as_lies = TypeTraits<T>::kEncodedAsLies,
            .encode =
                [](const char* cell, base::ByteWriter& out) {
                  T value{};
                  std::memcpy(&value, cell, sizeof(T));
                  TypeTraits<T>::Encode(value, out);
                },
            .decode =
                [](std::string_view encoded, char* cell) {
                  T value{};
                  if (!DecodeAll(encoded, value)) return false;
                  std::memcpy(cell, &value, sizeof(T));
                  return true;
                }};
  }
}

/// A key to look for. This one encodes it, for comparison with the bytes in the slab.
/// Lifetime: borrows the key and the scratch bytes.
template <class K>
class KeyProbe {
 public:
  KeyProbe(const K& key, base::ByteWriter& scratch) : key_(key) {
    scratch.bytes().clear();
    TypeTraits<K>::Encode(key, scratch);
    encoded_ = scratch.bytes();
  }
  bool Matches(const Row& row) const {
    const std::string_view there = BytesOf(row.BlockAt(RowLayout::kKeyOffset));
    if (there == encoded_) return true;
    // Equal keys may differ in their bytes (-0.0, 0.0). Tags are equal, so this is rarely in vain.
    K other{};
    return DecodeAll(there, other) && TypeTraits<K>::Equal(other, key_);
  }
  std::string_view encoded() const { return encoded_; }

 private:
  const K& key_;
  std::string_view encoded_;
};

/// A key that lies in the row.
template <class K>
  requires(kInlineKeyBytes<K> != 0)
class KeyProbe<K> {
 public:
  KeyProbe(const K& key, base::ByteWriter&) : key_(key) {}
  bool Matches(const Row& row) const {
    K there;
    std::memcpy(&there, row.At(RowLayout::kKeyOffset), sizeof(K));
    return TypeTraits<K>::Equal(there, key_);
  }
  std::string_view encoded() const { return {reinterpret_cast<const char*>(&key_), sizeof(K)}; }

 private:
  const K key_;
};

}  // namespace weir::state
