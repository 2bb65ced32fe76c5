// Status and StatusOr: the result of everything that can fail for a reason outside the program.
//
// A Status is one pointer, null when ok. Codes mean reactions, not places (docs/STYLE.md,
// "Errors"); a message has fixed words first and values last, and each layer that passes a Status
// on may put in front what it was doing (`Annotated`).
// Threads: values; no sharing.
#pragma once

#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weir/base/check.h"

namespace weir {
inline namespace v0 {

/// What the receiver should do about it. Names and numbers are Abseil's.
enum class StatusCode : uint8_t {
  kOk = 0,
  kCancelled = 1,           // the caller no longer wants it
  kUnknown = 2,             // a user's function threw
  kInvalidArgument = 3,     // the user's input is wrong: file, line or field is named
  kDeadlineExceeded = 4,    // took longer than a named limit
  kNotFound = 5,            // the thing named does not exist
  kAlreadyExists = 6,       // create-if-absent lost: somebody's bytes are there, intact
  kPermissionDenied = 7,    // the operating system or the store refuses
  kResourceExhausted = 8,   // a limit or a full disk
  kFailedPrecondition = 9,  // the user's order of doing things; the message has the cure
  kAborted = 10,            // fenced or superseded: stop
  kOutOfRange = 11,         // read past the end
  kUnimplemented = 12,      // this build or server cannot do it
  kInternal = 13,           // a bug of ours that did not need to crash
  kUnavailable = 14,        // try again
  kDataLoss = 15,           // bytes are corrupt
};

/// "UNAVAILABLE" and so on; for logs and JSON.
std::string_view StatusCodeName(StatusCode code);

/// Whether something went well, and if not, why.
class [[nodiscard]] Status {
 public:
  Status() = default;  // ok
  /// With kOk it is ok, and has no message.
  Status(StatusCode code, std::string message);
  Status(const Status& other) : rep_(other.rep_ ? std::make_unique<Rep>(*other.rep_) : nullptr) {}
  Status& operator=(const Status& other) {
    if (this != &other) rep_ = other.rep_ ? std::make_unique<Rep>(*other.rep_) : nullptr;
    return *this;
  }
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;

  /// Nothing went wrong; then the code is kOk and the message empty.
  bool ok() const { return rep_ == nullptr; }
  StatusCode code() const { return rep_ ? rep_->code : StatusCode::kOk; }
  std::string_view message() const {
    return rep_ ? std::string_view(rep_->message) : std::string_view();
  }

  /// The same status with "doing: " in front of its message (nothing, when `doing` is empty); ok
  /// stays ok.
  Status Annotated(std::string_view doing) const;

  /// "ok", or the code's name, a colon and the message.
  std::string ToString() const;

  friend bool operator==(const Status& a, const Status& b) {
    return a.code() == b.code() && a.message() == b.message();
  }

 private:
  struct Rep {
    StatusCode code;
    std::string message;
  };
  std::unique_ptr<Rep> rep_;
};

/// As ToString().
std::ostream& operator<<(std::ostream& out, const Status& status);

/// Nothing went wrong.
inline Status OkStatus() { return {}; }

/// A T, or the reason why there is none.
template <class T>
class [[nodiscard]] StatusOr {
 public:
  /// Shapes: a status that is not ok, or a value.
  StatusOr(Status status) : status_(std::move(status)) {
    WEIR_CHECK(!status_.ok());
  }  // NOLINT: converts by design
  template <class U = T>
    requires(std::constructible_from<T, U &&> && !std::same_as<std::remove_cvref_t<U>, StatusOr> &&
             !std::same_as<std::remove_cvref_t<U>, Status>)
  StatusOr(U&& value) : value_(std::forward<U>(value)) {}  // NOLINT: converts by design

  /// There is a value; else `status()` says why not.
  bool ok() const { return value_.has_value(); }
  const Status& status() const& { return status_; }
  Status status() && { return std::move(status_); }

  /// Shapes: ok(); checked.
  T& value() & { return WEIR_CHECK(ok()), *value_; }
  const T& value() const& { return WEIR_CHECK(ok()), *value_; }
  // By value: a range-based for over what a call returned keeps it.
  T value() && { return WEIR_CHECK(ok()), *std::move(value_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  Status status_;
  std::optional<T> value_;
};

/// All arguments printed one after the other, as `<<` prints them.
template <class... Args>
std::string Concat(const Args&... args) {
  std::ostringstream out;
  (out << ... << args);
  return std::move(out).str();
}

/// A status with this code, and all arguments, one after the other, as its message.
template <class... Args>
Status CancelledError(const Args&... args) {
  return {StatusCode::kCancelled, Concat(args...)};
}
template <class... Args>
Status UnknownError(const Args&... args) {
  return {StatusCode::kUnknown, Concat(args...)};
}
template <class... Args>
Status InvalidArgumentError(const Args&... args) {
  return {StatusCode::kInvalidArgument, Concat(args...)};
}
template <class... Args>
Status DeadlineExceededError(const Args&... args) {
  return {StatusCode::kDeadlineExceeded, Concat(args...)};
}
template <class... Args>
Status NotFoundError(const Args&... args) {
  return {StatusCode::kNotFound, Concat(args...)};
}
template <class... Args>
Status AlreadyExistsError(const Args&... args) {
  return {StatusCode::kAlreadyExists, Concat(args...)};
}
template <class... Args>
Status PermissionDeniedError(const Args&... args) {
  return {StatusCode::kPermissionDenied, Concat(args...)};
}
template <class... Args>
Status ResourceExhaustedError(const Args&... args) {
  return {StatusCode::kResourceExhausted, Concat(args...)};
}
template <class... Args>
Status FailedPreconditionError(const Args&... args) {
  return {StatusCode::kFailedPrecondition, Concat(args...)};
}
template <class... Args>
Status AbortedError(const Args&... args) {
  return {StatusCode::kAborted, Concat(args...)};
}
template <class... Args>
Status OutOfRangeError(const Args&... args) {
  return {StatusCode::kOutOfRange, Concat(args...)};
}
template <class... Args>
Status UnimplementedError(const Args&... args) {
  return {StatusCode::kUnimplemented, Concat(args...)};
}
template <class... Args>
Status InternalError(const Args&... args) {
  return {StatusCode::kInternal, Concat(args...)};
}
template <class... Args>
Status UnavailableError(const Args&... args) {
  return {StatusCode::kUnavailable, Concat(args...)};
}
template <class... Args>
Status DataLossError(const Args&... args) {
  return {StatusCode::kDataLoss, Concat(args...)};
}

}  // namespace v0
}  // namespace weir

/// Returns from the enclosing function when `expression` (a Status) is not ok.
#define WEIR_RETURN_IF_ERROR(expression)                                                     \
  do {                                                                                       \
    if (::weir::Status weir_status_ = (expression); !weir_status_.ok()) return weir_status_; \
  } while (false)

#define WEIR_STATUS_JOIN_(a, b) a##b
#define WEIR_STATUS_JOIN(a, b) WEIR_STATUS_JOIN_(a, b)

/// `WEIR_ASSIGN_OR_RETURN(auto x, F())`: x takes the value of the StatusOr, or the enclosing
/// function returns its status.
#define WEIR_ASSIGN_OR_RETURN(target, expression) \
  WEIR_ASSIGN_OR_RETURN_(WEIR_STATUS_JOIN(weir_status_or_, __LINE__), target, expression)
#define WEIR_ASSIGN_OR_RETURN_(temporary, target, expression) \
  auto temporary = (expression);                              \
  if (!temporary.ok()) return std::move(temporary).status();  \
  target = *std::move(temporary)
