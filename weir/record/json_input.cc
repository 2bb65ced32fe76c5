#include "weir/record/json_input.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "weir/base/status.h"
#include "weir/record/scalar_text.h"

// Every call's error is looked at here; the checks of simdjson's debug builds cost a third.
#define SIMDJSON_EXCEPTIONS 0
#define SIMDJSON_DEVELOPMENT_CHECKS 0
#include <simdjson.h>

namespace weir::record {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

static_assert(kJsonPaddingBytes >= simdjson::SIMDJSON_PADDING);

// What the parser allocates for a text is up to five times as long. Beyond this it is given back.
constexpr size_t kKeptBytesMax = 4 << 20;

// What is wrong with a text that is no JSON.
std::string_view ReasonOf(error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR:
      return "it holds bytes that are not UTF-8";
    case simdjson::UNCLOSED_STRING:
      return "a text in it has no closing quote";
    case simdjson::UNESCAPED_CHARS:
      return "a text in it holds a control character";
    case simdjson::STRING_ERROR:
      return "a text in it holds an escape that JSON does not have";
    case simdjson::EMPTY:
      return "there is nothing";
    case simdjson::MEMALLOC:
    case simdjson::CAPACITY:
      return "there is no memory to read it";
    default:
      return "a bracket, comma, colon or value is missing or out of place";
  }
}

bool LooksLikeAnInteger(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.size() > 1 && text.front() == '0') return false;
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view WithoutBlanksBehind(std::string_view text) {
  const size_t last = text.find_last_not_of(" \t\r\n");
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

}  // namespace

// The value at which the input stands is `value`, or the whole document.
struct JsonInput::Parser {
  ondemand::parser parser;
  ondemand::document document;
  ondemand::value value;
  std::string_view text;  // the document's
  bool at_root = true;

  // What stands at the value, as far as it goes: a scalar, or the bracket that opens it. A text
  // that should be one scalar is shown whole.
  std::string_view Token() {
    std::string_view token;
    if (at_root) {
      if (document.raw_json_token().get(token) != simdjson::SUCCESS) return {};
      const bool is_scalar = !token.empty() && token.front() != '{' && token.front() != '[';
      if (is_scalar) token = text.substr(static_cast<size_t>(token.data() - text.data()));
    } else {
      token = value.raw_json_token();
    }
    return WithoutBlanksBehind(token);
  }
  template <class F>
  auto With(F f) {
    return at_root ? f(document) : f(value);
  }
};

JsonInput::JsonInput() : parser_(std::make_unique<Parser>()) {}
JsonInput::~JsonInput() = default;

bool JsonInput::Begin(std::string_view text) {
  text_ = text;
  problem_ = {};
  parser_->at_root = true;
  parser_->text = text;
  ondemand::parser& parser = parser_->parser;
  if (parser.capacity() > kKeptBytesMax && text.size() <= kKeptBytesMax) {
    parser = ondemand::parser();
  }
  if (parser.capacity() < text.size()) {  // doubled, so that growing lines do not allocate each
    const error_code error = parser.allocate(std::bit_ceil(std::max(text.size(), size_t{4096})));
    if (error != simdjson::SUCCESS) return RefuseText(error);
  }
  const simdjson::padded_string_view padded(text.data(), text.size(),
                                            text.size() + kJsonPaddingBytes);
  const error_code error = parser.iterate(padded).get(parser_->document);
  return error == simdjson::SUCCESS || RefuseText(error);
}

bool JsonInput::End() {
  const char* rest = nullptr;
  const error_code error = parser_->document.current_location().get(rest);
  if (error == simdjson::OUT_OF_BOUNDS) return true;  // all was read
  if (error != simdjson::SUCCESS) return RefuseText(error);
  problem_ = {.field = {},
              .text = text_.substr(static_cast<size_t>(rest - text_.data())),
              .reason = "stands behind the value: one value a line"};
  return false;
}

bool JsonInput::RefuseText(int error) {
  problem_ = {
      .field = {},
      .text = text_,
      .reason = std::string("is not JSON: ").append(ReasonOf(static_cast<error_code>(error)))};
  return false;
}

bool JsonInput::RefuseBecause(std::string reason) {
  problem_ = {.field = {}, .text = parser_->Token(), .reason = std::move(reason)};
  return false;
}

bool JsonInput::Refuse(std::string_view expected) {
  return RefuseBecause(std::string("is not ").append(expected));
}

bool JsonInput::RefuseKey(std::string_view expected) {
  problem_ = {
      .field = {}, .text = {}, .reason = std::string("has a name that is not ").append(expected)};
  return false;
}

// The problem is in the part `name` of what is being read: "items" before "[3].price". A text that
// is no JSON is so as a whole.
bool JsonInput::StepOut(std::string_view name) {
  if (problem_.text.data() == text_.data() && problem_.text.size() == text_.size()) return false;
  std::string& field = problem_.field;
  if (!field.empty() && field.front() != '[') field.insert(0, ".");
  field.insert(0, name);
  return false;
}

bool JsonInput::ReadBool(bool& value) {
  const auto read = [&](auto& from) { return from.get_bool().get(value); };
  return parser_->With(read) == simdjson::SUCCESS || Refuse("true or false");
}

// Why a token is no number of an integer type.
bool JsonInput::RefuseInteger(const std::string& min, const std::string& max) {
  if (!LooksLikeAnInteger(parser_->Token())) return Refuse("an integer");
  return RefuseBecause(Concat("is not between ", min, " and ", max));
}

bool JsonInput::ReadInteger(int64_t min, int64_t max, int64_t& value) {
  const auto read = [&](auto& from) { return from.get_int64().get(value); };
  if (parser_->With(read) == simdjson::SUCCESS && min <= value && value <= max) return true;
  return RefuseInteger(std::to_string(min), std::to_string(max));
}

bool JsonInput::ReadUnsigned(uint64_t max, uint64_t& value) {
  const auto read = [&](auto& from) { return from.get_uint64().get(value); };
  if (parser_->With(read) == simdjson::SUCCESS && value <= max) return true;
  return RefuseInteger("0", std::to_string(max));
}

bool JsonInput::ReadNumber(double max, double& value) {
  const auto read = [&](auto& from) { return from.get_double().get(value); };
  const error_code error = parser_->With(read);
  if (error == simdjson::SUCCESS && std::abs(value) <= max) return true;
  const std::string_view token = parser_->Token();
  using Limits = std::numeric_limits<double>;
  if (token.starts_with('"')) {
    std::string text;
    if (!ReadString(text)) return false;
    if (text == "NaN") return value = Limits::quiet_NaN(), true;
    if (text == "Infinity") return value = Limits::infinity(), true;
    if (text == "-Infinity") return value = -Limits::infinity(), true;
    return Refuse("a number");
  }
  const bool is_number = token.find_first_not_of("0123456789+-.eE") == std::string_view::npos &&
                         token.find_first_of("eE") != std::string_view::npos;
  return error == simdjson::SUCCESS || is_number ? RefuseBecause("is too large for this number")
                                                 : Refuse("a number");
}

bool JsonInput::ReadString(std::string& value) {
  const std::string_view token = parser_->Token();
  if (token.size() >= 2 && token.front() == '"' && token.back() == '"') {
    const std::string_view text = token.substr(1, token.size() - 2);
    if (!parser_->at_root && text.find('\\') == std::string_view::npos) {
      value = text;  // stepped over afterwards, as nothing has read it
      return true;
    }
  }
  std::string_view text;
  const auto read = [&](auto& from) { return from.get_string().get(text); };
  const error_code error = parser_->With(read);
  if (error == simdjson::STRING_ERROR) return RefuseBecause(std::string(ReasonOf(error)));
  if (error != simdjson::SUCCESS) return Refuse("a text");
  value = text;
  return true;
}

bool JsonInput::ReadNull() {
  bool null = false;
  const auto read = [&](auto& from) { return from.is_null().get(null); };
  return parser_->With(read) == simdjson::SUCCESS && null;
}

// Whether an object or array was there; else it is refused.
template <class Container>
bool JsonInput::Enter(Container& container, std::string_view expected) {
  const auto read = [&](auto& from) { return from.get(container); };
  const error_code error = parser_->With(read);
  if (error == simdjson::SUCCESS) {
    parser_->at_root = false;
    return true;
  }
  if (error == simdjson::INCORRECT_TYPE) return Refuse(expected);
  return RefuseText(error);
}

bool JsonInput::ReadRecord(std::span<const JsonField> fields, void* record) {
  ondemand::object object;
  if (!Enter(object, "an object")) return false;
  uint64_t seen = 0;
  size_t expected = 0;  // the field behind the last one: most texts have them in order
  for (auto member : object) {
    ondemand::field field;
    if (const error_code error = std::move(member).get(field)) return RefuseText(error);
    size_t i = expected;
    if (i >= fields.size() || !field.key().unsafe_is_equal(fields[i].name)) {
      std::string_view key;
      if (const error_code error = field.unescaped_key().get(key)) return RefuseText(error);
      const auto found = std::ranges::find(fields, key, &JsonField::name);
      if (found == fields.end()) continue;
      i = static_cast<size_t>(found - fields.begin());
    }
    parser_->value = field.value();
    if ((seen >> i & 1) != 0) {
      RefuseBecause("stands there twice");
      return StepOut(fields[i].name);
    }
    if (!fields[i].parse(*this, record)) return StepOut(fields[i].name);
    seen |= uint64_t{1} << i;
    expected = i + 1;
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    if ((seen >> i & 1) != 0) continue;
    if (fields[i].clear == nullptr) {
      problem_ = {.field = {}, .text = {}, .reason = "is missing"};
      return StepOut(fields[i].name);
    }
    fields[i].clear(record);
  }
  return true;
}

bool JsonInput::ReadArray(bool (*read)(JsonInput& in, void* list), void* list) {
  ondemand::array array;
  if (!Enter(array, "an array")) return false;
  size_t index = 0;
  for (auto element : array) {
    // Its getters are for rvalues, however it is copied.
    const error_code error = std::move(element).get(parser_->value);  // NOLINT
    if (error != simdjson::SUCCESS) return RefuseText(error);
    if (!read(*this, list)) return StepOut(Concat("[", index, "]"));
    ++index;
  }
  return true;
}

bool JsonInput::ReadMap(bool (*read)(JsonInput& in, std::string_view key, void* map), void* map) {
  ondemand::object object;
  if (!Enter(object, "an object")) return false;
  for (auto member : object) {
    ondemand::field field;
    if (const error_code error = std::move(member).get(field)) return RefuseText(error);
    std::string_view key;
    if (const error_code error = field.unescaped_key().get(key)) return RefuseText(error);
    parser_->value = field.value();
    if (!read(*this, key, map)) return StepOut(key);
  }
  return true;
}

}  // namespace weir::record
