#include "weir/base/status.h"

#include <array>
#include <ostream>

namespace weir {
inline namespace v0 {

std::string_view StatusCodeName(StatusCode code) {
  static constexpr std::array<std::string_view, 16> kNames = {
      "OK",
      "CANCELLED",
      "UNKNOWN",
      "INVALID_ARGUMENT",
      "DEADLINE_EXCEEDED",
      "NOT_FOUND",
      "ALREADY_EXISTS",
      "PERMISSION_DENIED",
      "RESOURCE_EXHAUSTED",
      "FAILED_PRECONDITION",
      "ABORTED",
      "OUT_OF_RANGE",
      "UNIMPLEMENTED",
      "INTERNAL",
      "UNAVAILABLE",
      "DATA_LOSS",
  };
  const auto index = static_cast<size_t>(code);
  return index < kNames.size() ? kNames[index] : "UNKNOWN";
}

Status::Status(StatusCode code, std::string message) {
  if (code != StatusCode::kOk) rep_ = std::make_unique<Rep>(Rep{code, std::move(message)});
}

Status Status::Annotated(std::string_view doing) const {
  if (ok()) return {};
  if (doing.empty()) return *this;
  return {rep_->code, Concat(doing, ": ", rep_->message)};
}

std::string Status::ToString() const {
  return ok() ? "ok" : Concat(StatusCodeName(code()), ": ", message());
}

std::ostream& operator<<(std::ostream& out, const Status& status) {
  return out << status.ToString();
}

}  // namespace v0
}  // namespace weir
