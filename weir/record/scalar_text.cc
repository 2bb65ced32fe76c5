#include "weir/record/scalar_text.h"

#include <charconv>
#include <cmath>

namespace weir::record {
namespace {

template <class T>
void AppendShortest(T value, std::string& out) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  out.append(text, end);
}

template <class T>
void AppendJsonShortest(T value, std::string& out) {
  if (std::isfinite(value)) return AppendShortest(value, out);
  out += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
}

template <class T>
bool Parse(std::string_view text, T& value) {
  T parsed;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, parsed);
  if (error != std::errc() || rest != end) return false;
  value = parsed;
  return true;
}

// Bytes of the well-formed UTF-8 sequence that `text` begins with; 0 when it begins with none.
// Source: The Unicode Standard, table 3-7.
size_t Utf8SequenceBytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t bytes = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (bytes == 0 || text.size() < bytes) return 0;
  const uint8_t second_min = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t second_max = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < second_min || byte(1) > second_max) return 0;
  for (size_t i = 2; i < bytes; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return bytes;
}

void AppendEscapedControl(uint8_t c, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out.append("\\u00").append({kHex[c >> 4], kHex[c & 15]});
  }
}

bool IsControl(char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7F; }

}  // namespace

void AppendInteger(int64_t value, std::string& out) { AppendShortest(value, out); }
void AppendUnsigned(uint64_t value, std::string& out) { AppendShortest(value, out); }
void AppendNumber(double value, std::string& out) { AppendShortest(value, out); }
void AppendNumber(float value, std::string& out) { AppendShortest(value, out); }
void AppendJsonNumber(double value, std::string& out) { AppendJsonShortest(value, out); }
void AppendJsonNumber(float value, std::string& out) { AppendJsonShortest(value, out); }

void AppendJsonString(std::string_view value, std::string& out) {
  out += '"';
  while (!value.empty()) {
    const char c = value.front();
    const size_t bytes = Utf8SequenceBytes(value);
    if (bytes == 0) {
      out += "\\ufffd";
    } else if (IsControl(c)) {
      AppendEscapedControl(static_cast<uint8_t>(c), out);
    } else if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else {
      out += value.substr(0, bytes);
    }
    value.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  out += '"';
}

void AppendBareString(std::string_view value, std::string& out) {
  for (const char c : value) {
    if (IsControl(c)) {
      AppendEscapedControl(static_cast<uint8_t>(c), out);
    } else {
      out += c;
    }
  }
}

void AppendCsvString(std::string_view value, std::string& out) {
  if (!value.empty() && value.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += value;
    return;
  }
  out += '"';
  for (const char c : value) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

bool ParseInteger(std::string_view text, int64_t min, int64_t max, int64_t& value) {
  int64_t parsed;
  if (!Parse(text, parsed) || parsed < min || parsed > max) return false;
  value = parsed;
  return true;
}

bool ParseUnsigned(std::string_view text, uint64_t max, uint64_t& value) {
  uint64_t parsed;
  if (!Parse(text, parsed) || parsed > max) return false;
  value = parsed;
  return true;
}

bool ParseNumber(std::string_view text, double& value) { return Parse(text, value); }
bool ParseNumber(std::string_view text, float& value) { return Parse(text, value); }

bool ParseBool(std::string_view text, bool& value) {
  if (text != "true" && text != "false") return false;
  value = text == "true";
  return true;
}

}  // namespace weir::record
