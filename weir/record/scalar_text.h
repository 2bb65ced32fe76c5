// Scalars as text: how JSON and CSV write numbers and strings, and how CSV reads them. Out of line,
// so that a program that prints and parses records does not compile <charconv> itself.
//
// Numbers are written so that reading them gives the same value (shortest form), never by the
// locale.
// Threads: pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::record {

void AppendInteger(int64_t value, std::string& out);
void AppendUnsigned(uint64_t value, std::string& out);
/// "1.5", "1e+20", "inf", "nan".
void AppendNumber(double value, std::string& out);
void AppendNumber(float value, std::string& out);

/// As AppendNumber; what JSON has no number for becomes a string: "NaN", "Infinity", "-Infinity".
void AppendJsonNumber(double value, std::string& out);
void AppendJsonNumber(float value, std::string& out);

/// In quotes. Control characters are escaped; UTF-8 stays; each byte that is not UTF-8 becomes
/// U+FFFD, so that the line is always JSON.
void AppendJsonString(std::string_view value, std::string& out);

/// As it is, but with control characters escaped as in JSON, so that it stays one line.
void AppendBareString(std::string_view value, std::string& out);

/// RFC 4180: in quotes, and quotes doubled, when it holds a comma, a quote or a line's end. An
/// empty string is written as two quotes, because an empty field is an absent value.
void AppendCsvString(std::string_view value, std::string& out);

/// Parsers of one CSV field, quotes already taken off. All of `text` must be the value: no blanks,
/// no plus sign.
/// Shapes: false, and `value` unchanged, when the text is no number or outside [min, max].
bool ParseInteger(std::string_view text, int64_t min, int64_t max, int64_t& value);
bool ParseUnsigned(std::string_view text, uint64_t max, uint64_t& value);
bool ParseNumber(std::string_view text, double& value);
bool ParseNumber(std::string_view text, float& value);
bool ParseBool(std::string_view text, bool& value);

}  // namespace weir::record
