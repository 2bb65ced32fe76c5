#include "weir/checkpoint/job_files.h"

#include <charconv>
#include <cstdio>

#include "weir/checkpoint/history_record.h"

namespace weir::checkpoint {
namespace {

constexpr std::string_view kPackPrefix = "data/";
constexpr std::string_view kPackSuffix = ".pack";
constexpr std::string_view kRecordSuffix = ".json";
constexpr std::string_view kJobFileBegin = "{\"format_version\":";
constexpr size_t kPathPartBytesMax = 100;  // a few parts of this length fit every store's names

// Takes a number written in the shortest way and the separator behind it.
template <class Number>
bool TakeNumber(std::string_view& text, char separator, Number& number, int base = 10) {
  const size_t end = text.find(separator);
  if (end == std::string_view::npos || end == 0) return false;
  if (base == 10 && end > 1 && text[0] == '0') return false;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + end, number, base);
  if (error != std::errc() || stop != text.data() + end) return false;
  text.remove_prefix(end + 1);
  return true;
}

}  // namespace

std::string PackName::ToString() const {
  char random_text[17];
  std::snprintf(random_text, sizeof random_text, "%016llx",
                static_cast<unsigned long long>(random));
  return Concat(kPackPrefix, epoch, '-', attempt, '-', checkpoint, '-', chain, '.', subtask, '-',
                random_text, kPackSuffix);
}

std::optional<PackName> PackName::Parse(std::string_view name) {
  uint64_t epoch = 0, checkpoint = 0, random = 0;
  uint32_t attempt = 0, chain = 0, subtask = 0;
  if (!name.starts_with(kPackPrefix) || !name.ends_with(kPackSuffix)) return std::nullopt;
  std::string_view rest = name.substr(kPackPrefix.size());
  if (!TakeNumber(rest, '-', epoch) || !TakeNumber(rest, '-', attempt) ||
      !TakeNumber(rest, '-', checkpoint) || !TakeNumber(rest, '.', chain) ||
      !TakeNumber(rest, '-', subtask) || !TakeNumber(rest, '.', random, 16)) {
    return std::nullopt;
  }
  PackName parsed{
      base::Epoch(epoch),      base::Attempt(attempt),      base::CheckpointId(checkpoint),
      base::ChainIndex(chain), base::SubtaskIndex(subtask), random};
  if (parsed.ToString() != name) return std::nullopt;  // one text for each name
  return parsed;
}

std::string RecordFileName(base::HistoryNumber number) {
  char text[32];
  std::snprintf(text, sizeof text, "%020llu.json",
                static_cast<unsigned long long>(number.number()));
  return text;
}

std::optional<base::HistoryNumber> ParseRecordFileName(std::string_view name) {
  if (name.size() != 20 + kRecordSuffix.size() || !name.ends_with(kRecordSuffix))
    return std::nullopt;
  uint64_t number = 0;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + 20, number);
  if (error != std::errc() || stop != name.data() + 20 || number == 0) return std::nullopt;
  return base::HistoryNumber(number);
}

Status CheckPathPart(std::string_view what, std::string_view name) {
  if (name.empty()) return InvalidArgumentError(what, " is empty");
  if (name.size() > kPathPartBytesMax) {
    return InvalidArgumentError(what, " is longer than ", kPathPartBytesMax, " bytes: ", name);
  }
  if (name[0] == '.') return InvalidArgumentError(what, " must not begin with a dot: ", name);
  for (const char c : name) {
    const bool allowed = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                         (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    if (!allowed) {
      return InvalidArgumentError(what, " may hold letters, digits, '.', '_' and '-' only, not '",
                                  c, "': ", name);
    }
  }
  return {};
}

std::string JobFileText(const std::string& job) {
  return Concat(kJobFileBegin, kHistoryFormatVersion, ",\"job\":\"", job, "\"}\n");
}

Status CheckJobFile(std::string_view text) {
  Status damaged = DataLossError(
      "the job file is damaged; remove it, if the history beside it is whole: the next run writes "
      "it anew");
  if (!text.starts_with(kJobFileBegin)) return damaged;
  uint32_t version = 0;
  const std::string_view rest = text.substr(kJobFileBegin.size());
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), version);
  if (error != std::errc() || stop == rest.data()) return damaged;
  if (version > kHistoryFormatVersion) {
    return FailedPreconditionError(
        "the checkpoints were written by a newer version of Weir (format ", version, ")");
  }
  return {};
}

}  // namespace weir::checkpoint
