// TypeTraits<T>: the one trait by which a C++ type can be a record, a field, a key or a state
// value. This file has the trait, and its scalars and strings; container_traits.h has optional,
// vector, map and variant; record.h has records.
//
// The encoding is docs/formats/record.md, the hash docs/formats/key-hash.md.
// Threads: pure.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "weir/base/bytes.h"
#include "weir/base/hash.h"
#include "weir/record/json_input.h"
#include "weir/record/scalar_text.h"
#include "weir/record/schema.h"

namespace weir {
inline namespace v0 {

/// What Weir knows of a T. A type that is not in Weir's list joins by a specialisation that derives
/// from `OwnType<T>` and adds what is marked *:
///
///   kFlat            trivially copyable, owns nothing elsewhere: may be copied by memcpy
///   kEncodedAsLies   flat, and its encoding is its memory: runs of T are copied by memcpy
///   kBytesMin        bytes of the shortest encoding, at least 1: bounds what a decoder believes
///   kCsvField        can stand in one CSV field: has ParseCsv, AppendCsv and kExpected
/// * MakeSchema()     how it looks, as data
/// * Encode(v, out)   appends the encoding
/// * Decode(in, v)    replaces v; bytes that make no sense fail `in`, and v is any valid value
///   Equal(a, b)      as keys are compared
///   Hash(seed, v)    key hash v1
///   ValidKey(v)      false for what must not be a key (NaN)
///   HeapBytes(v)     bytes that the content takes outside of T; spare capacity does not count
/// * AppendJson(v, out)
///   ParseJson(in, v)  replaces v by the value at which a record::JsonInput stands; false, and v is
///                    any valid value, when it is none. A type without it cannot be read from JSON
template <class T>
struct TypeTraits {
  static constexpr bool kUnsupported = true;  // T is no type of a field
};

/// Has a TypeTraits.
template <class T>
concept FieldType = !requires { TypeTraits<T>::kUnsupported; };

/// Can be read from JSON.
template <class T>
concept JsonReadable = FieldType<T> && requires(record::JsonInput& in, T& v) {
  { TypeTraits<T>::ParseJson(in, v) } -> std::same_as<bool>;
};

/// The defaults for a type that joins by its own specialisation of TypeTraits.
template <class T>
struct OwnType {
  // As TypeTraits has it.
  static constexpr bool kFlat = std::is_trivially_copyable_v<T>;
  static constexpr bool kEncodedAsLies = false;
  static constexpr size_t kBytesMin = 1;
  static constexpr bool kCsvField = false;
  static bool Equal(const T& a, const T& b) { return a == b; }
  static uint64_t Hash(base::HashSeed seed, const T& v) {
    base::ByteWriter bytes;
    TypeTraits<T>::Encode(v, bytes);
    return base::HashBytes(seed, bytes.bytes());
  }
  static bool ValidKey(const T&) { return true; }
  static size_t HeapBytes(const T&) { return 0; }
};

/// `value` as JSON.
template <FieldType T>
std::string ToJson(const T& value) {
  std::string out;
  TypeTraits<T>::AppendJson(value, out);
  return out;
}

}  // namespace v0

namespace record {

/// The integers that are numbers: of any width and sign, neither bool nor characters.
template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
                  !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                  !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

template <class T>
constexpr TypeKind KindOf() {
  if constexpr (std::is_same_v<T, float>) return TypeKind::kFloat;
  if constexpr (std::is_same_v<T, double>) return TypeKind::kDouble;
  constexpr auto kFirst =
      static_cast<int>(std::is_signed_v<T> ? TypeKind::kInt8 : TypeKind::kUInt8);
  return static_cast<TypeKind>(kFirst + std::countr_zero(sizeof(T)));
}

/// Numbers: encoded as they lie, which is little endian (base/bytes.cc asserts it).
template <class T>
struct NumberTraits {
  static constexpr bool kFlat = true;
  static constexpr bool kEncodedAsLies = true;
  static constexpr size_t kBytesMin = sizeof(T);
  static constexpr bool kCsvField = true;
  static Schema MakeSchema() { return {.kind = KindOf<T>()}; }
  static void Encode(const T& v, base::ByteWriter& out) {
    out.Raw({reinterpret_cast<const char*>(&v), sizeof v});
  }
  static void Decode(base::ByteReader& in, T& v) {
    const std::string_view raw = in.Raw(sizeof v);
    if (raw.size() == sizeof v) std::memcpy(&v, raw.data(), sizeof v);
  }
  static bool Equal(const T& a, const T& b) { return a == b; }
  static size_t HeapBytes(const T&) { return 0; }
};

}  // namespace record

inline namespace v0 {

template <class T>
  requires record::Integer<T>
struct TypeTraits<T> : record::NumberTraits<T> {
  static constexpr std::string_view kExpected = "an integer";
  static uint64_t Hash(base::HashSeed seed, const T& v) {
    return base::HashU64(seed, static_cast<uint64_t>(v));
  }
  static bool ValidKey(const T&) { return true; }
  static void AppendJson(const T& v, std::string& out) {
    if constexpr (std::is_signed_v<T>) {
      record::AppendInteger(v, out);
    } else {
      record::AppendUnsigned(v, out);
    }
  }
  static bool ParseJson(record::JsonInput& in, T& v) {
    using Limits = std::numeric_limits<T>;
    std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t> wide;
    if constexpr (std::is_signed_v<T>) {
      if (!in.ReadInteger(Limits::min(), Limits::max(), wide)) return false;
    } else {
      if (!in.ReadUnsigned(Limits::max(), wide)) return false;
    }
    v = static_cast<T>(wide);
    return true;
  }
  static void AppendCsv(const T& v, std::string& out) { AppendJson(v, out); }
  static bool ParseCsv(std::string_view text, T& v) {
    using Limits = std::numeric_limits<T>;
    std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t> wide;
    if constexpr (std::is_signed_v<T>) {
      if (!record::ParseInteger(text, Limits::min(), Limits::max(), wide)) return false;
    } else {
      if (!record::ParseUnsigned(text, Limits::max(), wide)) return false;
    }
    v = static_cast<T>(wide);
    return true;
  }
};

template <class T>
  requires(std::same_as<T, float> || std::same_as<T, double>)
struct TypeTraits<T> : record::NumberTraits<T> {
  static constexpr std::string_view kExpected = "a number";
  static uint64_t Hash(base::HashSeed seed, const T& v) {
    const double wide = v == 0 ? 0.0 : static_cast<double>(v);  // -0.0 is 0.0
    return base::HashU64(seed, std::bit_cast<uint64_t>(wide));
  }
  static bool ValidKey(const T& v) { return v == v; }
  static void AppendJson(const T& v, std::string& out) { record::AppendJsonNumber(v, out); }
  static bool ParseJson(record::JsonInput& in, T& v) {
    double wide;
    if (!in.ReadNumber(static_cast<double>(std::numeric_limits<T>::max()), wide)) return false;
    v = static_cast<T>(wide);
    return true;
  }
  static void AppendCsv(const T& v, std::string& out) { record::AppendNumber(v, out); }
  static bool ParseCsv(std::string_view text, T& v) { return record::ParseNumber(text, v); }
};

/// One byte, 0 or 1; any other is corrupt.
template <>
struct TypeTraits<bool> {
  static constexpr bool kFlat = true;
  static constexpr bool kEncodedAsLies = false;
  static constexpr size_t kBytesMin = 1;
  static constexpr bool kCsvField = true;
  static constexpr std::string_view kExpected = "true or false";
  static record::Schema MakeSchema() { return {.kind = record::TypeKind::kBool}; }
  static void Encode(const bool& v, base::ByteWriter& out) { out.U8(v ? 1 : 0); }
  static void Decode(base::ByteReader& in, bool& v) {
    const uint8_t byte = in.U8();
    if (byte > 1) in.Fail();
    v = byte == 1;
  }
  static bool Equal(const bool& a, const bool& b) { return a == b; }
  static uint64_t Hash(base::HashSeed seed, const bool& v) {
    return base::HashU64(seed, v ? 1 : 0);
  }
  static bool ValidKey(const bool&) { return true; }
  static size_t HeapBytes(const bool&) { return 0; }
  static void AppendJson(const bool& v, std::string& out) { out += v ? "true" : "false"; }
  static bool ParseJson(record::JsonInput& in, bool& v) { return in.ReadBool(v); }
  static void AppendCsv(const bool& v, std::string& out) { AppendJson(v, out); }
  static bool ParseCsv(std::string_view text, bool& v) { return record::ParseBool(text, v); }
};

/// A varint length and the bytes, which may be any.
template <>
struct TypeTraits<std::string> {
  static constexpr bool kFlat = false;
  static constexpr bool kEncodedAsLies = false;
  static constexpr size_t kBytesMin = 1;
  static constexpr bool kCsvField = true;
  static constexpr std::string_view kExpected = "a text";
  static record::Schema MakeSchema() { return {.kind = record::TypeKind::kString}; }
  static void Encode(const std::string& v, base::ByteWriter& out) { out.String(v); }
  static void Decode(base::ByteReader& in, std::string& v) { v = in.String(); }
  static bool Equal(const std::string& a, const std::string& b) { return a == b; }
  static uint64_t Hash(base::HashSeed seed, const std::string& v) {
    return base::HashBytes(seed, v);
  }
  static bool ValidKey(const std::string&) { return true; }
  static size_t HeapBytes(const std::string& v) {
    return v.size() < sizeof v / 2 ? 0 : v.size() + 1;
  }
  static void AppendJson(const std::string& v, std::string& out) {
    record::AppendJsonString(v, out);
  }
  static bool ParseJson(record::JsonInput& in, std::string& v) { return in.ReadString(v); }
  static void AppendCsv(const std::string& v, std::string& out) { record::AppendCsvString(v, out); }
  static bool ParseCsv(std::string_view text, std::string& v) { return v = text, true; }
};

}  // namespace v0
}  // namespace weir
