// CsvColumns: how the rows of a type stand in CSV, one entry a field: what a CSV reader and a CSV
// writer need.
// Threads: pure.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "weir/record/type_traits.h"

namespace weir::record {

/// One field of a T.
template <class T>
struct CsvColumn {
  std::string_view name;      // in the header line
  std::string_view expected;  // for messages: "an integer"
  // Quotes are already taken off; false: the text is not what is expected.
  bool (*parse)(std::string_view text, T&);
  void (*append)(const T&, std::string& out);
};

/// A number, text or optional of one: a single column.
template <class T>
struct CsvScalar {
  static constexpr std::array<CsvColumn<T>, 1> kColumns = {CsvColumn<T>{
      "value", TypeTraits<T>::kExpected, &TypeTraits<T>::ParseCsv, &TypeTraits<T>::AppendCsv}};
};

/// The columns of a T in order; empty when CSV cannot hold it (a list, a map, a variant or a record
/// in a field).
template <FieldType T>
constexpr std::span<const CsvColumn<T>> CsvColumns() {
  if constexpr (TypeTraits<T>::kCsvField) {
    return CsvScalar<T>::kColumns;
  } else if constexpr (requires { TypeTraits<T>::kCsvColumns; }) {
    return TypeTraits<T>::kCsvColumns;
  } else {
    return {};
  }
}

}  // namespace weir::record
