#include "weir/cli/arguments.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "weir/base/nearest.h"

namespace weir::cli {
namespace {

constexpr size_t kHelpColumn = 29;  // where the explanations of options begin

bool IsOption(std::string_view text) { return text.size() > 1 && text.front() == '-'; }

// A negative number is a value: "--offset -1".
bool MayBeValue(std::string_view text) {
  return !IsOption(text) || (text[1] >= '0' && text[1] <= '9');
}

const OptionSpec* Find(std::span<const OptionSpec> known, std::string_view name) {
  const auto found = std::ranges::find(known, name, &OptionSpec::name);
  return found == known.end() ? nullptr : &*found;
}

// "--name=value" and "-Dvalue" taken apart.
struct Written {
  std::string name;
  std::optional<std::string> value;
};

Written TakeApart(const std::string& text) {
  if (!text.starts_with("--")) {
    if (text.size() == 2) return {text, {}};
    return {text.substr(0, 2), text.substr(2)};
  }
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return {text, {}};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

Status UnknownOption(const std::string& name, std::span<const OptionSpec> known) {
  std::vector<std::string> names;
  std::ranges::transform(known, std::back_inserter(names), &OptionSpec::name);
  return InvalidArgumentError("unknown option \"", name, "\"", base::DidYouMean(name, names));
}

Status CheckFlag(const Written& written) {
  if (!written.value || *written.value == "true" || *written.value == "false") return {};
  return InvalidArgumentError(written.name, " takes no value, or true or false, not \"",
                              *written.value, "\"");
}

Status CheckChoice(const OptionSpec& spec, const std::string& value) {
  if (spec.choices.empty() || std::ranges::find(spec.choices, value) != spec.choices.end())
    return {};
  std::string all;
  for (const std::string& choice : spec.choices) all += (all.empty() ? "" : ", ") + choice;
  return InvalidArgumentError(spec.name, " \"", value, "\" is none of ", all);
}

class Parser {
 public:
  Parser(std::span<const std::string> line, std::span<const OptionSpec> known, Unknown unknown)
      : line_(line), known_(known), unknown_(unknown) {}

  StatusOr<Arguments> Parse() {
    while (at_ < line_.size()) {
      const std::string& text = line_[at_++];
      if (text == "--") {
        arguments_.words.insert(arguments_.words.end(), line_.begin() + static_cast<long>(at_),
                                line_.end());
        break;
      }
      if (!IsOption(text)) {
        arguments_.words.push_back(text);
        continue;
      }
      Status status = TakeOption(TakeApart(text));
      if (!status.ok() && unknown_ == Unknown::kError) return status;
    }
    return std::move(arguments_);
  }

 private:
  Status TakeOption(Written written) {
    const OptionSpec* spec = Find(known_, written.name);
    if (spec == nullptr) return UnknownOption(written.name, known_);
    if (spec->takes == OptionSpec::Takes::kFlag) {
      WEIR_RETURN_IF_ERROR(CheckFlag(written));
      if (!written.value) written.value = "true";
    } else if (!written.value) {
      if (at_ == line_.size() || !MayBeValue(line_[at_])) {
        return InvalidArgumentError(written.name, " needs a value; write ", written.name, " ",
                                    spec->value);
      }
      written.value = line_[at_++];
    }
    WEIR_RETURN_IF_ERROR(CheckChoice(*spec, *written.value));
    std::vector<std::string>& values = arguments_.options[written.name];
    if (!values.empty() && spec->takes != OptionSpec::Takes::kValues) {
      return InvalidArgumentError(written.name, " is given twice");
    }
    values.push_back(*std::move(written.value));
    return {};
  }

  const std::span<const std::string> line_;
  const std::span<const OptionSpec> known_;
  const Unknown unknown_;
  size_t at_ = 0;
  Arguments arguments_;
};

}  // namespace

bool Arguments::Flag(std::string_view option) const { return Value(option) == "true"; }

std::optional<std::string> Arguments::Value(std::string_view option) const {
  const auto found = options.find(option);
  if (found == options.end()) return {};
  return found->second.front();
}

std::vector<std::string> Arguments::Values(std::string_view option) const {
  const auto found = options.find(option);
  return found == options.end() ? std::vector<std::string>() : found->second;
}

StatusOr<Arguments> ParseArguments(std::span<const std::string> line,
                                   std::span<const OptionSpec> known, Unknown unknown) {
  return Parser(line, known, unknown).Parse();
}

std::string DescribeOptions(std::span<const OptionSpec> options) {
  std::string text;
  for (const OptionSpec& option : options) {
    std::string line = "  " + option.name;
    if (!option.value.empty()) line += " " + option.value;
    if (line.size() + 2 > kHelpColumn) line += "\n";
    const size_t written = line.ends_with('\n') ? 0 : line.size();
    line += std::string(kHelpColumn - written, ' ') + option.help;
    if (!option.default_value.empty()) line += " (" + option.default_value + ")";
    text += line + "\n";
  }
  return text;
}

}  // namespace weir::cli
