// WEIR_RECORD: makes a struct a record, by naming its fields.
//
//   struct Bid { int64_t auction; int64_t price; std::string bidder; };
//   WEIR_RECORD(Bid, auction, price, bidder);
//
// It stands behind the struct in the struct's own namespace, and before the first use of the type.
// It declares one function, `WeirFields(const Bid*)`, which argument-dependent look-up finds; all
// else follows from TypeTraits below. So also:
//   a nested type:  behind the outer class, `WEIR_RECORD(Outer::Inner, x, y);`
//   a template:     `template <class A, class B> WEIR_RECORD((Pair<A, B>), first, second);`
//                   (in parentheses because of the comma)
// The order of the fields is the order of the encoding. Up to 64 fields.
// Threads: pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weir/record/container_traits.h"
#include "weir/record/csv.h"
#include "weir/record/type_traits.h"

namespace weir::record {

/// What WeirFields returns: the record's type and its members as types, their names and places as
/// values.
template <class T, auto... kMembers>
struct RecordFields {
  using Record = T;
  static constexpr size_t kCount = sizeof...(kMembers);
  std::string_view name;
  std::array<std::string_view, kCount> field_names;
  // -1 where offsetof does not say (T has no standard layout).
  std::array<ptrdiff_t, kCount> offsets;
};

/// The type of the member that a pointer points to.
template <class Pointer>
struct MemberOf;
template <class T, class Member>
struct MemberOf<Member T::*> {
  using type = Member;
};
template <auto kMember>
using MemberType = typename MemberOf<decltype(kMember)>::type;

/// Has a WEIR_RECORD of its own (a base class's does not count: it would cut the derived part off).
template <class T>
concept Record = std::is_class_v<T> && requires(const T* v) {
  { WeirFields(v).name } -> std::convertible_to<std::string_view>;
  requires std::same_as<typename decltype(WeirFields(v))::Record, T>;
};

template <Record T>
inline constexpr auto kFieldsOf = WeirFields(static_cast<const T*>(nullptr));

constexpr bool AreDifferent(std::span<const std::string_view> names) {
  for (size_t i = 1; i < names.size(); ++i) {
    if (std::ranges::count(names.first(i), names[i]) > 0) return false;
  }
  return true;
}

template <class T, auto... kMembers>
constexpr bool EncodedAsLies() {
  if constexpr (std::is_trivially_copyable_v<T> &&
                (TypeTraits<MemberType<kMembers>>::kEncodedAsLies && ...) &&
                (sizeof(MemberType<kMembers>) + ...) == sizeof(T)) {
    return kFieldsOf<T>.offsets[0] == 0 && std::ranges::is_sorted(kFieldsOf<T>.offsets);
  }
  return false;
}

template <class T, class Fields>
struct RecordTraits;

/// A record is its fields, one after the other.
template <class T, auto... kMembers>
struct RecordTraits<T, RecordFields<T, kMembers...>> {
  template <auto kMember>
  using Of = TypeTraits<MemberType<kMember>>;

  static constexpr bool kFlat = std::is_trivially_copyable_v<T> && (Of<kMembers>::kFlat && ...);
  static constexpr bool kEncodedAsLies = EncodedAsLies<T, kMembers...>();
  static constexpr size_t kBytesMin = (Of<kMembers>::kBytesMin + ...);
  static constexpr bool kCsvField = false;

  static_assert(AreDifferent(kFieldsOf<T>.field_names), "name each field once in WEIR_RECORD");

  static std::span<const std::string_view> FieldNames() { return kFieldsOf<T>.field_names; }

  static Schema MakeSchema() {
    return {.kind = TypeKind::kRecord,
            .name = std::string(kFieldsOf<T>.name),
            .field_names = {FieldNames().begin(), FieldNames().end()},
            .children = {Of<kMembers>::MakeSchema()...}};
  }
  static void Encode(const T& v, base::ByteWriter& out) {
    if constexpr (kEncodedAsLies) {
      out.Raw({reinterpret_cast<const char*>(&v), sizeof v});
    } else {
      (Of<kMembers>::Encode(v.*kMembers, out), ...);
    }
  }
  static void Decode(base::ByteReader& in, T& v) {
    if constexpr (kEncodedAsLies) {
      const std::string_view raw = in.Raw(sizeof v);
      if (raw.size() == sizeof v) std::memcpy(static_cast<void*>(&v), raw.data(), sizeof v);
    } else {
      (Of<kMembers>::Decode(in, v.*kMembers), ...);
    }
  }
  static bool Equal(const T& a, const T& b) {
    return (Of<kMembers>::Equal(a.*kMembers, b.*kMembers) && ...);
  }
  static uint64_t Hash(base::HashSeed seed, const T& v) {
    ((seed = Of<kMembers>::Hash(seed, v.*kMembers)), ...);
    return seed;
  }
  static bool ValidKey(const T& v) {
    bool valid = true;  // without a branch
    ((valid &= Of<kMembers>::ValidKey(v.*kMembers)), ...);
    return valid;
  }
  static size_t HeapBytes(const T& v) { return (Of<kMembers>::HeapBytes(v.*kMembers) + ...); }
  static void AppendJson(const T& v, std::string& out) {
    size_t i = 0;
    (AppendJsonField<kMembers>(v, i++, out), ...);
    out += '}';
  }

  /// From an object; see JsonInput::ReadRecord.
  static bool ParseJson(JsonInput& in, T& v)
    requires(JsonReadable<MemberType<kMembers>> && ...)
  {
    size_t i = 0;
    static const std::array<JsonField, sizeof...(kMembers)> kFields = {JsonField{
        kFieldsOf<T>.field_names[i++], &ParseJsonField<kMembers>, ClearerOf<kMembers>()}...};
    return in.ReadRecord(kFields, &v);
  }

  /// Moves the fields of `from` to `to`; what `to` owned goes to `from`, so that neither loses its
  /// capacity.
  static void Exchange(T& from, T& to) { (ExchangeField<kMembers>(from, to), ...); }

  static constexpr auto MakeCsvColumns() {
    if constexpr ((Of<kMembers>::kCsvField && ...)) {
      size_t i = 0;
      return std::array<CsvColumn<T>, sizeof...(kMembers)>{
          CsvColumn<T>{kFieldsOf<T>.field_names[i++], Of<kMembers>::kExpected,
                       &ParseCsvField<kMembers>, &AppendCsvField<kMembers>}...};
    } else {
      return std::array<CsvColumn<T>, 0>{};
    }
  }

 private:
  template <auto kMember>
  static bool ParseJsonField(JsonInput& in, void* v) {
    return Of<kMember>::ParseJson(in, static_cast<T*>(v)->*kMember);
  }
  template <auto kMember>
  static void ClearField(void* v) {
    (static_cast<T*>(v)->*kMember).reset();
  }
  // Only an optional field may be missing in JSON.
  template <auto kMember>
  static constexpr auto ClearerOf() {
    using Clearer = void (*)(void*);
    if constexpr (requires { typename Of<kMember>::Optional; }) {
      return Clearer(&ClearField<kMember>);
    } else {
      return Clearer(nullptr);
    }
  }
  template <auto kMember>
  static void AppendJsonField(const T& v, size_t index, std::string& out) {
    out.append(index == 0 ? "{\"" : ",\"").append(kFieldsOf<T>.field_names[index]).append("\":");
    Of<kMember>::AppendJson(v.*kMember, out);
  }
  template <auto kMember>
  static void ExchangeField(T& from, T& to) {
    if constexpr (Of<kMember>::kFlat) {
      to.*kMember = from.*kMember;
    } else {
      std::swap(from.*kMember, to.*kMember);
    }
  }
  template <auto kMember>
  static bool ParseCsvField(std::string_view text, T& v) {
    return Of<kMember>::ParseCsv(text, v.*kMember);
  }
  template <auto kMember>
  static void AppendCsvField(const T& v, std::string& out) {
    Of<kMember>::AppendCsv(v.*kMember, out);
  }
};

/// Stands for a field of any type, in LeavesFieldsOut.
struct AnyField {
  template <class T>
  operator T() const noexcept;  // NOLINT: converts by design
};

/// Whether T is an aggregate with more than `kCount` members. (Not every such T is seen; but every
/// T that is seen is one.)
template <class T, size_t kCount>
concept LeavesFieldsOut = std::is_aggregate_v<T> && []<size_t... I>(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), AnyField())...}; };
}(std::make_index_sequence<kCount + 1>());

/// The name of a type as it was given to WEIR_RECORD, without the parentheses.
constexpr std::string_view TypeName(std::string_view given) {
  return given.starts_with('(') ? given.substr(1, given.size() - 2) : given;
}

}  // namespace weir::record

namespace weir {
inline namespace v0 {

template <record::Record T>
struct TypeTraits<T>
    : record::RecordTraits<T, decltype(WeirFields(static_cast<const T*>(nullptr)))> {
  static constexpr auto kCsvColumns = TypeTraits::MakeCsvColumns();
};

}  // namespace v0
}  // namespace weir

/// Makes `Type` a record with the given fields; see the head of this file.
#define WEIR_RECORD(Type, ...)                                                                   \
  [[maybe_unused]] constexpr auto WeirFields([[maybe_unused]] const WEIR_UNWRAP_(Type) *         \
                                             weir_record) {                                      \
    using WeirRecord = ::std::remove_cvref_t<decltype(*weir_record)>;                            \
    WEIR_EACH_(WEIR_CHECK_FIELD_, Type, __VA_ARGS__)                                             \
    static_assert(!::weir::record::LeavesFieldsOut<WeirRecord, 0 WEIR_EACH_(WEIR_COUNT_FIELD_,   \
                                                                            Type, __VA_ARGS__)>, \
                  "name all fields of " #Type " in WEIR_RECORD(" #Type ", " #__VA_ARGS__         \
                  "): what is left out would be lost in every channel and checkpoint");          \
    return ::weir::record::RecordFields<WeirRecord WEIR_EACH_(WEIR_FIELD_POINTER_, Type,         \
                                                              __VA_ARGS__)>{                     \
        ::weir::record::TypeName(#Type),                                                         \
        {WEIR_EACH_(WEIR_FIELD_NAME_, Type, __VA_ARGS__)},                                       \
        {WEIR_EACH_(WEIR_FIELD_OFFSET_, Type, __VA_ARGS__)}};                                    \
  }                                                                                              \
  static_assert(true)

#define WEIR_CHECK_FIELD_(Type, field)                                                         \
  static_assert(                                                                               \
      []<class WeirT>(const WeirT*) {                                                          \
        return requires { typename ::weir::record::MemberOf<decltype(&WeirT::field)>::type; }; \
      }(static_cast<const WeirRecord*>(nullptr)),                                              \
      "name only public data members of " #Type " in WEIR_RECORD: `" #field "` is none");      \
  static_assert(::weir::FieldType<::weir::record::MemberType<&WeirRecord::field>>,             \
                "give field `" #field "` of " #Type                                            \
                " a type that Weir can store: " WEIR_FIELD_TYPES_);
#define WEIR_FIELD_TYPES_                                                                        \
  "bool, an integer, float, double, std::string, a std::optional, std::vector, std::map or "     \
  "std::variant of such, a struct with its own WEIR_RECORD above this one, or a type for which " \
  "you specialise weir::TypeTraits"
#define WEIR_COUNT_FIELD_(Type, field) +1
#define WEIR_FIELD_POINTER_(Type, field) , &WeirRecord::field
#define WEIR_FIELD_NAME_(Type, field) #field,
#define WEIR_FIELD_OFFSET_(Type, field)                                                        \
  []<class WeirT>(const WeirT*) -> ::std::ptrdiff_t {                                          \
    if constexpr (::std::is_standard_layout_v<WeirT>) return __builtin_offsetof(WeirT, field); \
    return -1;                                                                                 \
  }(static_cast<const WeirRecord*>(nullptr)),

// `(Pair<A, B>)` and `Bid` without parentheses: a parenthesis behind WEIR_OPEN_ makes it swallow
// them, and the paste removes the word.
#define WEIR_UNWRAP_(Type) WEIR_DROP_WORD_(WEIR_OPEN_ Type)
#define WEIR_OPEN_(...) WEIR_OPEN_ __VA_ARGS__
#define WEIR_DROP_WORD_(...) WEIR_DROP_WORD_2_(__VA_ARGS__)
#define WEIR_DROP_WORD_2_(...) WEIR_NO_##__VA_ARGS__
#define WEIR_NO_WEIR_OPEN_

// macro(Type, field) for each field: each rescan of WEIR_SCAN_'s argument expands one more step,
// and there are 85 of them.
#define WEIR_EACH_(macro, Type, ...) WEIR_SCAN_(WEIR_STEP_(macro, Type, __VA_ARGS__))
#define WEIR_STEP_(macro, Type, field, ...) \
  macro(Type, field) __VA_OPT__(WEIR_STEP_AGAIN_ WEIR_PARENTHESES_(macro, Type, __VA_ARGS__))
#define WEIR_STEP_AGAIN_() WEIR_STEP_
#define WEIR_PARENTHESES_ ()
#define WEIR_SCAN_(...) WEIR_SCAN_3_(WEIR_SCAN_3_(WEIR_SCAN_3_(WEIR_SCAN_3_(__VA_ARGS__))))
#define WEIR_SCAN_3_(...) WEIR_SCAN_2_(WEIR_SCAN_2_(WEIR_SCAN_2_(WEIR_SCAN_2_(__VA_ARGS__))))
#define WEIR_SCAN_2_(...) WEIR_SCAN_1_(WEIR_SCAN_1_(WEIR_SCAN_1_(WEIR_SCAN_1_(__VA_ARGS__))))
#define WEIR_SCAN_1_(...) __VA_ARGS__
