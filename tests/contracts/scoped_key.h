// ScopedKey: the key of a row (key, namespace), for state that a window or a slice owns.
//
// The namespace is mixed into the hash below the bits that may be key groups, so that all rows of a
// key lie in one key group at any parallelism, and apart in the table.
// Threads: pure.
#pragma once

#include <cstdint>
#include <string>

#include "weir/base/hash.h"
#include "weir/base/limits.h"
#include "weir/record/type_traits.h"

namespace weir::contracts {

template <class K, class N>
struct ScopedKey {
  K key{};
  N scope{};
  friend auto operator<=>(const ScopedKey&, const ScopedKey&) = default;
};

}  // namespace weir::contracts

namespace weir {
inline namespace v0 {

template <class K, class N>
struct TypeTraits<contracts::ScopedKey<K, N>> : OwnType<contracts::ScopedKey<K, N>> {
  using Key = contracts::ScopedKey<K, N>;
  static constexpr bool kFlat = TypeTraits<K>::kFlat && TypeTraits<N>::kFlat;
  static constexpr bool kEncodedAsLies = TypeTraits<K>::kEncodedAsLies &&
                                         TypeTraits<N>::kEncodedAsLies &&
                                         sizeof(Key) == sizeof(K) + sizeof(N);
  static constexpr size_t kBytesMin = TypeTraits<K>::kBytesMin + TypeTraits<N>::kBytesMin;

  static record::Schema MakeSchema() {
    return {.kind = record::TypeKind::kRecord,
            .name = "ScopedKey",
            .field_names = {"key", "namespace"},
            .children = {TypeTraits<K>::MakeSchema(), TypeTraits<N>::MakeSchema()}};
  }
  static void Encode(const Key& v, base::ByteWriter& out) {
    TypeTraits<K>::Encode(v.key, out);
    TypeTraits<N>::Encode(v.scope, out);
  }
  static void Decode(base::ByteReader& in, Key& v) {
    TypeTraits<K>::Decode(in, v.key);
    TypeTraits<N>::Decode(in, v.scope);
  }
  static uint64_t Hash(base::HashSeed seed, const Key& v) {
    const uint64_t key = TypeTraits<K>::Hash(seed, v.key);
    return Below(key, TypeTraits<N>::Hash(key, v.scope));
  }
  static bool ValidKey(const Key& v) {
    return TypeTraits<K>::ValidKey(v.key) && TypeTraits<N>::ValidKey(v.scope);
  }
  static void AppendJson(const Key& v, std::string& out) {
    TypeTraits<K>::AppendJson(v.key, out += '[');
    TypeTraits<N>::AppendJson(v.scope, out += ',');
    out += ']';
  }

 private:
  static uint64_t Below(uint64_t key, uint64_t scope) {
    constexpr int kGroupBits = std::countr_zero(limits::kMaxParallelismMax);
    constexpr uint64_t kScopeBits = ~uint64_t{0} >> kGroupBits;
    return (key & ~kScopeBits) | (scope & kScopeBits);
  }
};

}  // namespace v0
}  // namespace weir
