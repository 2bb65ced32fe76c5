#include "weir/cli/console.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace weir::cli {
namespace {

constexpr std::string_view kTakeAway = "\r\x1b[K";
constexpr std::string_view kRed = "\x1b[1;31m";
constexpr std::string_view kPlain = "\x1b[0m";

// Nobody can be told that the standard streams are gone.
void Write(std::FILE* stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

// Indents every line but the first.
std::string Indented(std::string_view text, std::string_view indent) {
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '\n') out += indent;
  }
  return out;
}

}  // namespace

Console::~Console() { SetStatusLine({}); }

void Console::Result(std::string_view text) {
  const env::MutexLock lock(mutex_);
  Write(stdout, text);
}

void Console::Note(std::string_view line) {
  if (notes_ == Notes::kHidden) return;
  const env::MutexLock lock(mutex_);
  WriteError(std::string(line) + "\n");
}

void Console::Error(std::string_view sentence, std::string_view cure) {
  constexpr std::string_view kHead = "error: ";
  const std::string indent(kHead.size(), ' ');
  const SentenceAndCure parts = SplitCure(sentence);
  std::string text;
  text += surroundings_.colour ? std::string(kRed) + "error:" + std::string(kPlain) + " "
                               : std::string(kHead);
  text += Indented(parts.sentence, indent) + "\n";
  for (const std::string_view each : {parts.cure, cure}) {
    if (!each.empty()) text += indent + Indented(each, indent) + "\n";
  }
  const env::MutexLock lock(mutex_);
  WriteError(text);
}

void Console::SetStatusLine(std::string line) {
  const env::MutexLock lock(mutex_);
  if (line == status_line_) return;
  const std::string before = std::exchange(status_line_, std::move(line));
  std::string text(before.empty() ? "" : kTakeAway);
  text += FirstColumns(status_line_, env::StandardErrorColumns() - 1);
  Write(stderr, text);
}

void Console::WriteError(std::string_view text) {
  if (status_line_.empty()) return Write(stderr, text);
  std::string all(kTakeAway);
  all += text;
  all += FirstColumns(status_line_, env::StandardErrorColumns() - 1);
  Write(stderr, all);
}

SentenceAndCure SplitCure(std::string_view message) {
  const size_t at = message.rfind("; ");
  if (at == std::string_view::npos) return {message, {}};
  const std::string_view cure = message.substr(at + 2);
  const bool in_quotes = std::ranges::count(cure, '"') % 2 != 0;
  const bool one_sentence =
      cure.starts_with("did you mean") || message.find('\n') != std::string_view::npos;
  if (in_quotes || one_sentence) return {message, {}};
  return {message.substr(0, at), cure};
}

std::string_view FirstColumns(std::string_view line, size_t columns) {
  const auto begins_character = [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  };
  for (size_t at = 0, seen = 0; at < line.size(); ++at) {
    if (begins_character(line[at]) && seen++ == columns) return line.substr(0, at);
  }
  return line;
}

}  // namespace weir::cli
