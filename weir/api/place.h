// Place: where a user's program says something; and what is wrong there.
// Threads: values.
#pragma once

#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>

namespace weir::api {

struct Place {
  std::string file;
  uint32_t line = 0;  // 0: nowhere in the program
  Place() = default;
  Place(std::source_location location)  // NOLINT: converts by design
      : file(location.file_name()), line(location.line()) {}

  /// "clicks.cc:12".
  std::string ToString() const { return file + ":" + std::to_string(line); }
};

/// A sentence about a mistake in the program, with the cure.
struct ProgramError {
  Place place;
  std::string message;

  /// "clicks.cc:12: ...", or the message alone when it is about nothing in the program.
  std::string ToString() const {
    return place.line == 0 ? message : place.ToString() + ": " + message;
  }
};

/// The name of an operator, and where it is given: a parameter of this type takes a text and needs
/// no further one for the place.
/// Lifetime: borrows the text for the length of the call.
struct NameHere {
  NameHere(const char* text,
           std::source_location location = std::source_location::current())  // NOLINT: converts
      : name(text), place(location) {}
  NameHere(const std::string& text,  // NOLINT: converts
           std::source_location location = std::source_location::current())
      : name(text), place(location) {}
  NameHere(std::string_view text,  // NOLINT: converts
           std::source_location location = std::source_location::current())
      : name(text), place(location) {}

  std::string_view name;
  std::source_location place;
};

}  // namespace weir::api
