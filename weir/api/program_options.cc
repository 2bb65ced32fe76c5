#include "weir/api/program_options.h"

#include <algorithm>
#include <iterator>

#include "weir/api/values.h"
#include "weir/base/nearest.h"

namespace weir::api {
namespace {

bool IsOptionName(std::string_view name) {
  return !name.empty() && name[0] >= 'a' && name[0] <= 'z' && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::string Shortest(double number) {
  std::string text = Concat(number);
  if (ParseDouble(text).value() == number) return text;
  std::ostringstream out;
  out.precision(17);
  out << number;
  return std::move(out).str();
}

}  // namespace

// The value given for the option, or null.
const std::string* ProgramOptions::Declare(DeclaredOption option) {
  const auto known = std::ranges::find(declared_, option.name, &DeclaredOption::name);
  if (!IsOptionName(option.name)) {
    errors_.push_back(
        {option.place, Concat("option \"", option.name,
                              "\": write its name with a-z, 0-9 and -, beginning with a letter")});
  } else if (known != declared_.end()) {
    errors_.push_back({option.place, Concat("option \"", option.name, "\" is declared at ",
                                            known->place.ToString(),
                                            " already: declare it once and keep the value")});
    return nullptr;
  }
  const auto given = given_.find(option.name);
  declared_.push_back(std::move(option));
  return given == given_.end() ? nullptr : &given->second;
}

template <class T>
T ProgramOptions::Parsed(DeclaredOption option, T default_value,
                         StatusOr<T> (*parse)(std::string_view)) {
  const std::string name = option.name;
  const Place place = option.place;
  const std::string* given = Declare(std::move(option));
  if (given == nullptr) return default_value;
  StatusOr<T> value = parse(*given);
  if (value.ok()) return *value;
  errors_.push_back({place, Concat("option \"", name, "\": ", value.status().message())});
  return default_value;
}

std::string ProgramOptions::Text(std::string_view name, std::string default_value,
                                 std::string_view help, Place place) {
  const std::string* given =
      Declare({std::string(name), "text", default_value, std::string(help), std::move(place)});
  return given == nullptr ? default_value : *given;
}

bool ProgramOptions::Bool(std::string_view name, bool default_value, std::string_view help,
                          Place place) {
  return Parsed<bool>({std::string(name), "true|false", default_value ? "true" : "false",
                       std::string(help), std::move(place)},
                      default_value, ParseBool);
}

double ProgramOptions::Number(std::string_view name, double default_value, std::string_view help,
                              Place place) {
  return Parsed<double>(
      {std::string(name), "number", Shortest(default_value), std::string(help), std::move(place)},
      default_value, ParseDouble);
}

Duration ProgramOptions::Time(std::string_view name, Duration default_value, std::string_view help,
                              Place place) {
  return Parsed<Duration>({std::string(name), "duration", FormatDuration(default_value),
                           std::string(help), std::move(place)},
                          default_value, ParseDuration);
}

int64_t ProgramOptions::Integer(std::string_view name, int64_t default_value, Range range,
                                std::string_view help, Place place) {
  const int64_t value = Parsed<int64_t>(
      {std::string(name), "integer", Concat(default_value), std::string(help), place},
      default_value, ParseInteger);
  if (range.min <= value && value <= range.max) return value;
  errors_.push_back(
      {std::move(place), Concat("option \"", name, "\": ", value, " is not in the range ",
                                range.min, " to ", range.max)});
  return default_value;
}

OptionValues ProgramOptions::values() const {
  OptionValues values;
  for (const DeclaredOption& option : declared_) {
    const auto given = given_.find(option.name);
    values.emplace(option.name, given == given_.end() ? option.default_value : given->second);
  }
  return values;
}

std::vector<ProgramError> ProgramOptions::errors() const {
  std::vector<ProgramError> errors = errors_;
  std::vector<std::string> names;
  std::ranges::transform(declared_, std::back_inserter(names), &DeclaredOption::name);
  for (const auto& [name, value] : given_) {
    if (std::ranges::find(names, name) != names.end()) continue;
    errors.push_back({{}, Concat("unknown option \"", name, "\"", base::DidYouMean(name, names))});
  }
  return errors;
}

}  // namespace weir::api
