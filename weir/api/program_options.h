// ProgramOptions: the options that a program declares with Pipeline::Option, and the values that
// were given for them.
//
// Every process of a job runs the program with the same values, so a program may depend on them and
// on nothing else.
// Threads: one caller at a time.
#pragma once

#include <chrono>
#include <concepts>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/api/place.h"
#include "weir/base/status.h"
#include "weir/base/time.h"

namespace weir::api {

using OptionValues = std::map<std::string, std::string, std::less<>>;

/// One option as `--help` shows it.
struct DeclaredOption {
  std::string name;
  std::string type;           // "text", "integer", "number", "true|false", "duration"
  std::string default_value;  // as one would write it
  std::string help;
  Place place;
};

class ProgramOptions {
 public:
  explicit ProgramOptions(OptionValues given) : given_(std::move(given)) {}

  /// Declares an option and returns its value: what was given, else `default_value`. A wrong value
  /// is an error of the program and returns the default.
  std::string Text(std::string_view name, std::string default_value, std::string_view help,
                   Place place);
  bool Bool(std::string_view name, bool default_value, std::string_view help, Place place);
  double Number(std::string_view name, double default_value, std::string_view help, Place place);
  Duration Time(std::string_view name, Duration default_value, std::string_view help, Place place);

  /// Shapes: the result is in [min, max].
  struct Range {
    int64_t min;
    int64_t max;
  };
  int64_t Integer(std::string_view name, int64_t default_value, Range range, std::string_view help,
                  Place place);

  /// In the order of declaration.
  const std::vector<DeclaredOption>& declared() const { return declared_; }

  /// The value that each declared option has, as it was written.
  OptionValues values() const;

  /// Wrong values, options declared twice, and given names that nothing declares.
  std::vector<ProgramError> errors() const;

 private:
  const std::string* Declare(DeclaredOption option);
  template <class T>
  T Parsed(DeclaredOption option, T default_value, StatusOr<T> (*parse)(std::string_view));

  OptionValues given_;
  std::vector<DeclaredOption> declared_;
  std::vector<ProgramError> errors_;
};

/// What Pipeline::Option returns for a default value of type D: texts as std::string, times as
/// Duration, numbers as they are.
template <class D>
inline constexpr bool kIsDuration = false;
template <class Rep, class Period>
inline constexpr bool kIsDuration<std::chrono::duration<Rep, Period>> = true;

template <class D>
auto DeclareOption(ProgramOptions& options, std::string_view name, const D& default_value,
                   std::string_view help, Place place) {
  constexpr bool kText = std::convertible_to<const D&, std::string_view>;
  static_assert(
      kText || std::is_arithmetic_v<D> || kIsDuration<D>,
      "give the option a default that is a text, an integer, a double, a bool or a weir::Duration");
  if constexpr (kText) {
    return options.Text(name, std::string(std::string_view(default_value)), help, std::move(place));
  } else if constexpr (std::same_as<D, bool>) {
    return options.Bool(name, default_value, help, std::move(place));
  } else if constexpr (std::integral<D>) {
    static_assert(std::is_signed_v<D> || sizeof(D) < sizeof(int64_t),
                  "give the option a default of type int64_t: an unsigned one of 64 bits has "
                  "values that an option cannot");
    const ProgramOptions::Range range = {std::numeric_limits<D>::min(),
                                         std::numeric_limits<D>::max()};
    return static_cast<D>(options.Integer(name, default_value, range, help, std::move(place)));
  } else if constexpr (std::floating_point<D>) {
    return static_cast<D>(options.Number(name, default_value, help, std::move(place)));
  } else if constexpr (kIsDuration<D>) {
    return options.Time(name, std::chrono::duration_cast<Duration>(default_value), help,
                        std::move(place));
  }
}

}  // namespace weir::api
