#include "weir/checkpoint/job_file.h"

#include <charconv>

#include "weir/checkpoint/history_record.h"

namespace weir::checkpoint {
namespace {

constexpr std::string_view kBegin = "{\"format_version\":";

}  // namespace

std::string JobFileText(const std::string& job) {
  return Concat(kBegin, kHistoryFormatVersion, ",\"job\":\"", job, "\"}\n");
}

Status CheckJobFile(std::string_view text) {
  const Status damaged = DataLossError(
      "the job file is damaged; remove it, if the history beside it is whole: the next run writes "
      "it anew");
  if (!text.starts_with(kBegin)) return damaged;
  uint32_t version = 0;
  const std::string_view rest = text.substr(kBegin.size());
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), version);
  if (error != std::errc() || stop == rest.data()) return damaged;
  if (version > kHistoryFormatVersion) {
    return FailedPreconditionError(
        "the checkpoints were written by a newer version of Weir (format ", version, ")");
  }
  return {};
}

}  // namespace weir::checkpoint
