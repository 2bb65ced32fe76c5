#include "weir/cli/completion.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "weir/api/config.h"
#include "weir/base/check.h"

namespace weir::cli {
namespace {

using Takes = OptionSpec::Takes;

// What the words before the cursor are.
class Reading {
 public:
  Reading(const CommandSpec& command, std::span<const OptionSpec> program_options)
      : options_(command.options) {
    options_.insert(options_.end(), program_options.begin(), program_options.end());
  }

  // Takes the words behind the command, without the one at the cursor.
  void Read(std::span<const std::string> before) {
    for (const std::string& word : before) {
      if (awaited_ != nullptr) {
        awaited_ = nullptr;
      } else if (word.starts_with("-")) {
        const std::string name = word.substr(0, word.find('='));
        const OptionSpec* option = Find(name);
        given_.push_back(name);
        if (option != nullptr && option->takes != Takes::kFlag && name == word) awaited_ = option;
      } else {
        words_.push_back(word);
      }
    }
  }

  const OptionSpec* Find(std::string_view name) const {
    const auto found = std::ranges::find(options_, name, &OptionSpec::name);
    return found == options_.end() ? nullptr : &*found;
  }

  // The option whose value the cursor is at.
  const OptionSpec* awaited() const { return awaited_; }
  const std::vector<std::string>& words() const { return words_; }

  std::vector<Candidate> OptionsLeft() const {
    std::vector<Candidate> left;
    for (const OptionSpec& option : options_) {
      const bool given = std::ranges::find(given_, option.name) != given_.end();
      if (!given || option.takes == Takes::kValues) left.push_back({option.name, option.help});
    }
    return left;
  }

 private:
  std::vector<OptionSpec> options_;
  std::vector<std::string> words_;
  std::vector<std::string> given_;
  const OptionSpec* awaited_ = nullptr;
};

std::vector<Candidate> ThatBegin(std::vector<Candidate> candidates, std::string_view beginning) {
  std::erase_if(candidates,
                [&](const Candidate& each) { return !each.text.starts_with(beginning); });
  return candidates;
}

std::vector<Candidate> ValuesOf(const OptionSpec& option, const CompletionOptions& options) {
  std::vector<Candidate> values;
  switch (option.means) {
    case OptionSpec::Means::kCheckpoint:
      return options.checkpoints();
    case OptionSpec::Means::kSetting:
      for (const api::ConfigKey& key : api::ConfigKeys())
        values.push_back({Concat(key.name, "="), std::string(key.help)});
      return values;
    case OptionSpec::Means::kAnything:
      break;
  }
  for (const std::string& choice : option.choices) values.push_back({choice, ""});
  return values;
}

// "--name" "=" "value" put together again, as whole words: bash splits at "=".
std::vector<std::string> Joined(const std::vector<std::string>& words, bool& split) {
  std::vector<std::string> joined;
  for (size_t i = 0; i < words.size(); ++i) {
    const bool equals = words[i] == "=" && !joined.empty();
    if (!equals) {
      joined.push_back(words[i]);
      continue;
    }
    joined.back() += "=";
    const bool value = i + 1 < words.size();
    if (value) joined.back() += words[++i];
    split = i + 1 == words.size();
  }
  return joined;
}

std::vector<Candidate> CommandNames() {
  std::vector<Candidate> names;
  for (const CommandSpec& command : Commands()) names.push_back({command.name, command.summary});
  names.push_back({"--help", "all commands"});
  names.push_back({"--version", "the version of Weir"});
  return names;
}

// What is wanted where the cursor is, the word there being `current`.
std::vector<Candidate> Wanted(const Reading& reading, const CommandSpec& command,
                              const std::string& current, const CompletionOptions& options) {
  if (reading.awaited() != nullptr)
    return ThatBegin(ValuesOf(*reading.awaited(), options), current);
  const size_t equals = current.find('=');
  if (current.starts_with("--") && equals != std::string::npos) {
    const OptionSpec* option = reading.Find(current.substr(0, equals));
    if (option == nullptr) return {};
    std::vector<Candidate> values = ValuesOf(*option, options);
    for (Candidate& value : values) value.text.insert(0, current.substr(0, equals + 1));
    return ThatBegin(std::move(values), current);
  }
  if (current.starts_with("-")) return ThatBegin(reading.OptionsLeft(), current);
  if (reading.words().empty()) {
    std::vector<Candidate> words;
    words.reserve(command.words.size());
    for (const WordSpec& word : command.words) words.push_back({word.name, word.help});
    return ThatBegin(std::move(words), current);
  }
  const auto word = std::ranges::find(command.words, reading.words().front(), &WordSpec::name);
  const bool argument = word != command.words.end() && !word->argument.empty();
  if (!argument || reading.words().size() > 1) return {};
  return ThatBegin(options.checkpoints(), current);
}

}  // namespace

std::vector<Candidate> CandidatesFor(const CompletionOptions& options) {
  WEIR_CHECK(!options.words.empty());
  bool split = false;  // the shell sees only what is behind the "="
  const std::vector<std::string> words = Joined(options.words, split);
  const std::string& current = words.back();
  if (words.size() == 1) return ThatBegin(CommandNames(), current);
  const std::vector<CommandSpec> commands = Commands();
  const auto command = std::ranges::find(commands, words.front(), &CommandSpec::name);
  if (command == commands.end()) return {};
  Reading reading(*command, options.program_options);
  reading.Read(std::span(words).subspan(1, words.size() - 2));
  std::vector<Candidate> candidates = Wanted(reading, *command, current, options);
  if (split) {
    const size_t hidden = current.find('=') + 1;
    for (Candidate& candidate : candidates) candidate.text.erase(0, hidden);
  }
  return candidates;
}

std::string CompletionScript(Shell shell, std::string_view program) {
  const std::string name(program.substr(program.rfind('/') + 1));
  std::string function = "_weir_" + name;
  std::ranges::replace_if(
      function,
      [](char c) {
        return !((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'));
      },
      '_');
  switch (shell) {
    case Shell::kBash:
      return Concat(function,
                    "() {\n"
                    "  local line\n"
                    "  COMPREPLY=()\n"
                    "  while IFS= read -r line; do\n"
                    "    COMPREPLY+=(\"${line%%$'\\t'*}\")\n"
                    "  done < <(\"${COMP_WORDS[0]/#\\~/$HOME}\" completion candidates -- "
                    "\"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
                    "  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace "
                    "2>/dev/null\n"
                    "  return 0\n"
                    "}\n"
                    "complete -o default -F ",
                    function, " ", name, "\n");
    case Shell::kZsh:
      return Concat("#compdef ", name, "\n", function,
                    "() {\n"
                    "  local line\n"
                    "  local -a found\n"
                    "  while IFS= read -r line; do\n"
                    "    found+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
                    "  done < <(${(Q)words[1]/#\\~/$HOME} completion candidates -- "
                    "\"${(@)words[2,CURRENT]}\" 2>/dev/null)\n"
                    "  if (( $#found )); then _describe -t words word found; else _files; fi\n"
                    "}\n"
                    "compdef ",
                    function, " ", name, "\n");
    case Shell::kFish:
      return Concat("function ", function,
                    "\n"
                    "  set -l words (commandline -opc)\n"
                    "  $words[1] completion candidates -- $words[2..-1] (commandline -ct) "
                    "2>/dev/null\n"
                    "end\n"
                    "complete -c ",
                    name, " -a '(", function, ")'\n");
  }
  return {};
}

}  // namespace weir::cli
