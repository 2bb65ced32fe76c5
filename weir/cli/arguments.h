// Arguments: the words and options of a command line, against what is known.
//
//   --name value   --name=value   --flag   -D value   -Dvalue   word   --  (words only from here)
//
// Written here because the options of a program are known only after its build callback has run,
// and because every mistake is one sentence that names the nearest option there is.
// Threads: pure.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/status.h"

namespace weir::cli {

/// An option that may be given.
struct OptionSpec {
  enum class Takes : uint8_t {
    kValue,
    kValues,  // may be given more than once
    kFlag,    // no value, or "=true" or "=false"
  };

  std::string name;   // with its dashes: "--from", "-D"
  std::string value;  // how help calls the value: "N"; empty for a flag
  std::string help;
  std::string default_value = {};  // as help shows it; empty: none
  Takes takes = Takes::kValue;
  std::vector<std::string> choices = {};  // the values that there are; empty: any
  enum class Means : uint8_t { kAnything, kCheckpoint, kSetting };
  Means means = Means::kAnything;  // what a value is, for completion
};

struct Arguments {
  std::vector<std::string> words;
  std::map<std::string, std::vector<std::string>, std::less<>> options;  // by name, with dashes

  bool Has(std::string_view option) const { return options.contains(option); }

  /// Whether a flag was given and not taken back ("--fresh=false").
  bool Flag(std::string_view option) const;

  /// The value of an option that is given at most once.
  std::optional<std::string> Value(std::string_view option) const;

  /// The values of an option, in their order.
  std::vector<std::string> Values(std::string_view option) const;
};

enum class Unknown : uint8_t {
  kError,
  kSkip,  // unknown options and whatever else is wrong are passed over
};

/// Shapes: `line` is without the program's name.
/// Errors: InvalidArgument: an unknown option (the nearest one is named), an option without its
///   value, given twice, a flag with a value, or a value that is none of the choices.
StatusOr<Arguments> ParseArguments(std::span<const std::string> line,
                                   std::span<const OptionSpec> known, Unknown unknown);

/// The options as `--help` shows them, one or two lines each.
std::string DescribeOptions(std::span<const OptionSpec> options);

}  // namespace weir::cli
