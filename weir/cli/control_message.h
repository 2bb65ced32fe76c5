// What goes over the control socket of a running job: a question, and how the job is
// (docs/formats/control.md). What comes in is a stranger's until it is decoded.
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/base/status.h"
#include "weir/cli/job_view.h"

namespace weir::cli {

/// All are answered with how the job is.
enum class ControlRequest : uint8_t { kStatus, kStop, kCancel };

/// A running job as others see it.
struct JobSeen {
  struct Checkpoint {
    uint64_t id = 0;
    uint64_t age_ms = 0;
    double took_ms = 0;
    friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
  };
  std::string job;
  std::string state;    // "RUNNING"
  std::string process;  // "host-a (pid 4711)"
  uint64_t up_ms = 0;
  uint64_t rows_in = 0;
  uint64_t rows_out = 0;
  uint64_t rows_in_per_second = 0;
  uint64_t rows_out_per_second = 0;
  uint64_t state_bytes = 0;
  std::optional<Checkpoint> checkpoint;  // the newest that this process completed

  static JobSeen Of(const JobPicture& picture, std::string process);
  /// An object; without a line end.
  std::string ToJson() const;
  friend bool operator==(const JobSeen&, const JobSeen&) = default;
};

std::string EncodeRequest(ControlRequest request);
/// Errors: InvalidArgument: it makes no sense.
StatusOr<ControlRequest> DecodeRequest(std::string_view text);

std::string EncodeAnswer(const StatusOr<JobSeen>& answer);
/// Errors: DataLoss: it makes no sense; FailedPrecondition: the job's process refused, and why.
StatusOr<JobSeen> DecodeAnswer(std::string_view text);

}  // namespace weir::cli
