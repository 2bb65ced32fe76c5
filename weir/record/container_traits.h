// TypeTraits of std::optional, std::vector, std::map and std::variant over any types that have one.
//
// Counts are believed only as far as the bytes that are left can hold so many elements, so that no
// input makes a decoder reserve more than a fixed multiple of its own length.
// Threads: pure.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "weir/base/check.h"
#include "weir/record/type_traits.h"

namespace weir {
namespace record {

/// The count in front of a list or a map whose elements take `bytes_min` each; fails, and is 0,
/// when there cannot be so many.
inline size_t DecodeCount(base::ByteReader& in, size_t bytes_min) {
  const uint64_t count = in.Varint();
  if (count <= in.remaining() / bytes_min) return static_cast<size_t>(count);
  in.Fail();
  return 0;
}

template <class T>
concept JsonKey = std::same_as<T, std::string> || Integer<T>;

}  // namespace record

inline namespace v0 {

/// A presence byte and, when it is 1, the value. In CSV an empty field is an absent value.
template <FieldType T>
struct TypeTraits<std::optional<T>> {
  using Value = TypeTraits<T>;
  using Optional = std::optional<T>;
  static constexpr bool kFlat = Value::kFlat && std::is_trivially_copyable_v<Optional>;
  static constexpr bool kEncodedAsLies = false;
  static constexpr size_t kBytesMin = 1;
  static constexpr bool kCsvField = Value::kCsvField && !requires { typename Value::Optional; };

  static record::Schema MakeSchema() {
    return {.kind = record::TypeKind::kOptional, .children = {Value::MakeSchema()}};
  }
  static void Encode(const Optional& v, base::ByteWriter& out) {
    out.U8(v ? 1 : 0);
    if (v) Value::Encode(*v, out);
  }
  static void Decode(base::ByteReader& in, Optional& v) {
    bool present;
    TypeTraits<bool>::Decode(in, present);
    if (!present) return v.reset();
    if (!v) v.emplace();
    Value::Decode(in, *v);
  }
  static bool Equal(const Optional& a, const Optional& b) {
    return a.has_value() == b.has_value() && (!a || Value::Equal(*a, *b));
  }
  static uint64_t Hash(base::HashSeed seed, const Optional& v) {
    const uint64_t present = base::HashU64(seed, v ? 1 : 0);
    return v ? Value::Hash(present, *v) : present;
  }
  static bool ValidKey(const Optional& v) { return !v || Value::ValidKey(*v); }
  static size_t HeapBytes(const Optional& v) { return v ? Value::HeapBytes(*v) : 0; }
  static void AppendJson(const Optional& v, std::string& out) {
    if (v) {
      Value::AppendJson(*v, out);
    } else {
      out += "null";
    }
  }
  /// Absent when it is null, or a record has no such field.
  static bool ParseJson(record::JsonInput& in, Optional& v)
    requires JsonReadable<T>
  {
    if (in.ReadNull()) return v.reset(), true;
    if (!v) v.emplace();
    return Value::ParseJson(in, *v);
  }

  static constexpr std::string_view ExpectedInCsv() {
    if constexpr (kCsvField) return Value::kExpected;
    return {};
  }
  static constexpr std::string_view kExpected = ExpectedInCsv();
  static void AppendCsv(const Optional& v, std::string& out)
    requires kCsvField
  {
    if (v) Value::AppendCsv(*v, out);
  }
  static bool ParseCsv(std::string_view text, Optional& v)
    requires kCsvField
  {
    if (text.empty()) return v.reset(), true;
    if (!v) v.emplace();
    return Value::ParseCsv(text, *v);
  }
};

/// A varint count and the elements.
template <FieldType T, class Allocator>
struct TypeTraits<std::vector<T, Allocator>> {
  using Element = TypeTraits<T>;
  using List = std::vector<T, Allocator>;
  static constexpr bool kFlat = false;
  static constexpr bool kEncodedAsLies = false;
  static constexpr size_t kBytesMin = 1;
  static constexpr bool kCsvField = false;

  static record::Schema MakeSchema() {
    return {.kind = record::TypeKind::kList, .children = {Element::MakeSchema()}};
  }
  static void Encode(const List& v, base::ByteWriter& out) {
    out.Varint(v.size());
    if constexpr (Element::kEncodedAsLies) {
      out.Raw({reinterpret_cast<const char*>(v.data()), v.size() * sizeof(T)});
    } else {
      for (const T& element : v) Element::Encode(element, out);
    }
  }
  static void Decode(base::ByteReader& in, List& v) {
    const size_t count = record::DecodeCount(in, Element::kBytesMin);
    v.resize(count);
    if constexpr (Element::kEncodedAsLies) {
      const std::string_view raw = in.Raw(count * sizeof(T));
      if (!raw.empty()) std::memcpy(v.data(), raw.data(), raw.size());
    } else {
      for (size_t i = 0; i < count && in.ok(); ++i) DecodeElement(in, v, i);
    }
  }
  static bool Equal(const List& a, const List& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const T& x, const T& y) { return Element::Equal(x, y); });
  }
  static uint64_t Hash(base::HashSeed seed, const List& v) {
    uint64_t hash = base::HashU64(seed, v.size());
    for (const T& element : v) hash = Element::Hash(hash, element);
    return hash;
  }
  static bool ValidKey(const List& v) {
    return std::all_of(v.begin(), v.end(),
                       [](const T& element) { return Element::ValidKey(element); });
  }
  static size_t HeapBytes(const List& v) {
    size_t bytes = v.size() * sizeof(T);
    if constexpr (!Element::kFlat) {
      for (const T& element : v) bytes += Element::HeapBytes(element);
    }
    return bytes;
  }
  static void AppendJson(const List& v, std::string& out) {
    out += '[';
    for (size_t i = 0; i < v.size(); ++i) {
      if (i > 0) out += ',';
      Element::AppendJson(v[i], out);
    }
    out += ']';
  }
  static bool ParseJson(record::JsonInput& in, List& v)
    requires JsonReadable<T>
  {
    v.clear();
    return in.ReadArray(&ParseJsonElement, &v);
  }

 private:
  static bool ParseJsonElement(record::JsonInput& in, void* list) {
    T element{};
    if (!Element::ParseJson(in, element)) return false;
    static_cast<List*>(list)->push_back(std::move(element));
    return true;
  }
  static void DecodeElement(base::ByteReader& in, List& v, size_t i) {
    if constexpr (std::is_same_v<T, bool>) {  // std::vector<bool> has no elements to refer to
      bool element;
      Element::Decode(in, element);
      v[i] = element;
    } else {
      Element::Decode(in, v[i]);
    }
  }
};

/// A varint count and the pairs in the map's order; no key twice.
template <FieldType K, FieldType V, class Compare, class Allocator>
struct TypeTraits<std::map<K, V, Compare, Allocator>> {
  using Key = TypeTraits<K>;
  using Value = TypeTraits<V>;
  using Map = std::map<K, V, Compare, Allocator>;
  static constexpr bool kFlat = false;
  static constexpr bool kEncodedAsLies = false;
  static constexpr size_t kBytesMin = 1;
  static constexpr bool kCsvField = false;

  static record::Schema MakeSchema() {
    return {.kind = record::TypeKind::kMap, .children = {Key::MakeSchema(), Value::MakeSchema()}};
  }
  static void Encode(const Map& v, base::ByteWriter& out) {
    out.Varint(v.size());
    for (const auto& [key, value] : v) Key::Encode(key, out), Value::Encode(value, out);
  }
  static void Decode(base::ByteReader& in, Map& v) {
    const size_t count = record::DecodeCount(in, Key::kBytesMin + Value::kBytesMin);
    v.clear();
    for (size_t i = 0; i < count && in.ok(); ++i) {
      K key{};
      Key::Decode(in, key);
      Value::Decode(in, v.try_emplace(v.end(), std::move(key))->second);
    }
    if (v.size() != count) in.Fail();  // a key twice
  }
  static bool Equal(const Map& a, const Map& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
      return Key::Equal(x.first, y.first) && Value::Equal(x.second, y.second);
    });
  }
  static uint64_t Hash(base::HashSeed seed, const Map& v) {
    uint64_t hash = base::HashU64(seed, v.size());
    for (const auto& [key, value] : v) hash = Value::Hash(Key::Hash(hash, key), value);
    return hash;
  }
  static bool ValidKey(const Map& v) {
    return std::all_of(v.begin(), v.end(), [](const auto& x) {
      return Key::ValidKey(x.first) && Value::ValidKey(x.second);
    });
  }
  static size_t HeapBytes(const Map& v) {
    // Colour and three pointers.
    constexpr size_t kNodeBytes = sizeof(typename Map::value_type) + 4 * sizeof(void*);
    size_t bytes = v.size() * kNodeBytes;
    if constexpr (!Key::kFlat || !Value::kFlat) {
      for (const auto& [key, value] : v) bytes += Key::HeapBytes(key) + Value::HeapBytes(value);
    }
    return bytes;
  }

  /// An object when the keys are strings or integers, otherwise an array of pairs.
  static void AppendJson(const Map& v, std::string& out) {
    constexpr bool kObject = record::JsonKey<K>;
    constexpr bool kQuoted = kObject && !std::is_same_v<K, std::string>;
    out += kObject ? '{' : '[';
    for (auto it = v.begin(); it != v.end(); ++it) {
      if (it != v.begin()) out += ',';
      out += kObject ? (kQuoted ? "\"" : "") : "[";
      Key::AppendJson(it->first, out);
      out += kObject ? (kQuoted ? "\":" : ":") : ",";
      Value::AppendJson(it->second, out);
      if (!kObject) out += ']';
    }
    out += kObject ? '}' : ']';
  }
  static bool ParseJson(record::JsonInput& in, Map& v)
    requires JsonReadable<K> && JsonReadable<V>
  {
    v.clear();
    if constexpr (record::JsonKey<K>) {
      return in.ReadMap(&ParseJsonMember, &v);
    } else {
      return in.ReadArray(&ParseJsonPair, &v);
    }
  }

 private:
  static bool ParseJsonMember(record::JsonInput& in, std::string_view text, void* map) {
    K key{};
    if (!Key::ParseCsv(text, key)) return in.RefuseKey(Key::kExpected);
    auto [entry, is_new] = static_cast<Map*>(map)->try_emplace(std::move(key));
    return is_new ? Value::ParseJson(in, entry->second) : in.RefuseBecause("stands there twice");
  }

  struct Pair {
    K key{};
    V value{};
    uint32_t count = 0;
  };
  static bool ParseJsonPart(record::JsonInput& in, void* pair) {
    auto& [key, value, count] = *static_cast<Pair*>(pair);
    if (++count > 2) return in.Refuse("the end of a pair of key and value");
    return count == 1 ? Key::ParseJson(in, key) : Value::ParseJson(in, value);
  }
  static bool ParseJsonPair(record::JsonInput& in, void* map) {
    Pair pair;
    if (!in.ReadArray(&ParseJsonPart, &pair)) return false;
    if (pair.count < 2) return in.Refuse("a pair of key and value");
    const bool is_new =
        static_cast<Map*>(map)->try_emplace(std::move(pair.key), std::move(pair.value)).second;
    return is_new || in.RefuseBecause("has a key that stands there twice");
  }
};

/// A varint index and the alternative. JSON shows the alternative alone.
template <FieldType... T>
struct TypeTraits<std::variant<T...>> {
  using Variant = std::variant<T...>;
  static constexpr bool kFlat =
      (TypeTraits<T>::kFlat && ...) && std::is_trivially_copyable_v<Variant>;
  static constexpr bool kEncodedAsLies = false;
  static constexpr size_t kBytesMin = 1 + std::min({TypeTraits<T>::kBytesMin...});
  static constexpr bool kCsvField = false;

  static record::Schema MakeSchema() {
    return {.kind = record::TypeKind::kVariant, .children = {TypeTraits<T>::MakeSchema()...}};
  }
  static void Encode(const Variant& v, base::ByteWriter& out) {
    out.Varint(v.index());
    Visit(v, [&]<class U>(const U& value) { TypeTraits<U>::Encode(value, out); });
  }
  static void Decode(base::ByteReader& in, Variant& v) {
    const uint64_t index = in.Varint();
    if (index >= sizeof...(T)) return in.Fail();
    [&]<size_t... I>(std::index_sequence<I...>) {
      ((index == I ? DecodeAlternative<I>(in, v) : void()), ...);
    }(std::index_sequence_for<T...>());
  }
  static bool Equal(const Variant& a, const Variant& b) {
    return a.index() == b.index() && [&]<size_t... I>(std::index_sequence<I...>) {
      return ((a.index() == I && TypeTraits<T>::Equal(*std::get_if<I>(&a), *std::get_if<I>(&b))) ||
              ...);
    }(std::index_sequence_for<T...>());
  }
  static uint64_t Hash(base::HashSeed seed, const Variant& v) {
    uint64_t hash = base::HashU64(seed, v.index());
    Visit(v, [&]<class U>(const U& value) { hash = TypeTraits<U>::Hash(hash, value); });
    return hash;
  }
  static bool ValidKey(const Variant& v) {
    bool valid = true;
    Visit(v, [&]<class U>(const U& value) { valid = TypeTraits<U>::ValidKey(value); });
    return valid;
  }
  static size_t HeapBytes(const Variant& v) {
    size_t bytes = 0;
    Visit(v, [&]<class U>(const U& value) { bytes = TypeTraits<U>::HeapBytes(value); });
    return bytes;
  }
  static void AppendJson(const Variant& v, std::string& out) {
    Visit(v, [&]<class U>(const U& value) { TypeTraits<U>::AppendJson(value, out); });
  }

 private:
  // std::visit without its exception: a variant that lost its value by one must not get this far.
  template <class F>
  static void Visit(const Variant& v, F f) {
    WEIR_CHECK(!v.valueless_by_exception());
    [&]<size_t... I>(std::index_sequence<I...>) {
      ((v.index() == I ? f(*std::get_if<I>(&v)) : void()), ...);
    }(std::index_sequence_for<T...>());
  }
  template <size_t I>
  static void DecodeAlternative(base::ByteReader& in, Variant& v) {
    using Alternative = std::variant_alternative_t<I, Variant>;
    if (v.index() != I) v.template emplace<I>();
    TypeTraits<Alternative>::Decode(in, *std::get_if<I>(&v));
  }
};

}  // namespace v0
}  // namespace weir
