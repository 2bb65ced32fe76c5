// JsonInput: reads JSON into C++ values by their TypeTraits, one text after the other.
//
// It goes through a text once, from left to right: a value of a record's field is parsed where it
// lies, what no field names is stepped over (its brackets are matched, its numbers are not looked
// at). No tree, and no text is copied but into the record. The parser itself is simdjson's, and is
// seen in json_input.cc only.
// Threads: one caller at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace weir::record {

/// Bytes behind a text that may be read, whatever they are.
inline constexpr size_t kJsonPaddingBytes = 64;

/// Why a text was refused.
struct JsonProblem {
  std::string field;      // "order.items[3]"; empty when it is not about a field
  std::string_view text;  // of the input, as it stands there; empty when nothing stands there
  std::string reason;     // "is not an integer"
};

class JsonInput;

/// How one field of a record is read.
struct JsonField {
  std::string_view name;
  bool (*parse)(JsonInput& in, void* record);
  void (*clear)(void* record);  // for a field that is missing; null when it must be there
};

class JsonInput {
 public:
  JsonInput();
  ~JsonInput();
  JsonInput(const JsonInput&) = delete;
  JsonInput& operator=(const JsonInput&) = delete;

  /// Reads `text`, which is one value, into `value`. When it is refused `problem()` says why, and
  /// `value` is any valid value.
  /// Shapes: kJsonPaddingBytes may be read behind `text`. `parse` is TypeTraits<T>::ParseJson.
  template <class T>
  bool Read(std::string_view text, bool (*parse)(JsonInput&, T&), T& value) {
    return Begin(text) && parse(*this, value) && End();
  }

  /// Of the last text that was refused; good as long as the text.
  const JsonProblem& problem() const { return problem_; }

  // What follows is for TypeTraits: each reads the value at which the input stands, once.

  bool ReadBool(bool& value);
  bool ReadInteger(int64_t min, int64_t max, int64_t& value);
  bool ReadUnsigned(uint64_t max, uint64_t& value);
  /// A number, or one of the texts that stand for what JSON has no number for: "NaN", "Infinity",
  /// "-Infinity". A float must not be beyond `max`.
  bool ReadNumber(double max, double& value);
  bool ReadString(std::string& value);

  /// Whether the value is null; when it is, it is read.
  bool ReadNull();

  /// An object with these fields, in any order. Others are stepped over; one that stands there
  /// twice, or is missing, is refused.
  bool ReadRecord(std::span<const JsonField> fields, void* record);

  /// Calls `read` for each element of an array.
  bool ReadArray(bool (*read)(JsonInput& in, void* list), void* list);

  /// Calls `read` for each member of an object.
  bool ReadMap(bool (*read)(JsonInput& in, std::string_view key, void* map), void* map);

  /// Refuses the value: "is not " and what was expected.
  bool Refuse(std::string_view expected);
  /// Refuses the name of a member of a map.
  bool RefuseKey(std::string_view expected);
  /// Refuses the value for another reason.
  bool RefuseBecause(std::string reason);

 private:
  struct Parser;
  bool Begin(std::string_view text);
  bool End();
  bool RefuseText(int error);
  bool RefuseInteger(const std::string& min, const std::string& max);
  bool StepOut(std::string_view name);
  template <class Container>
  bool Enter(Container& container, std::string_view expected);

  const std::unique_ptr<Parser> parser_;
  std::string_view text_;
  JsonProblem problem_;
};

}  // namespace weir::record
