// OnError: what a source does about input that is no record; DeadLetter: such input, put aside.
// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "weir/record/record.h"
#include "weir/runtime/output.h"

namespace weir {
inline namespace v0 {

/// Input of which no record could be made.
struct DeadLetter {
  std::string file;    // its path; of a socket, host and port
  uint64_t line = 0;   // in which it begins, from 1
  std::string text;    // the first line of it, cut after 64 KiB
  std::string reason;  // "column 1 "id": "x" is not an integer"
};
WEIR_RECORD(DeadLetter, file, line, text, reason);

/// What a source does about a row that is no record.
class OnError {
 public:
  /// What is done; DeadLetter() makes the last of them.
  enum Kind : uint8_t {
    kFail,  // fails the job, naming file, line and reason
    kSkip,  // goes on behind the row's first line; how many there were is told when the job ends
    kDeadLetter,  // goes on, too, and puts the row aside
  };

  /// As `.on_error = OnError::kSkip` is written.
  OnError(Kind kind) : kind_(kind) {}  // NOLINT: converts by design

  /// Goes on as with kSkip, and writes the row into a file of JSON lines in `directory`, as a
  /// DeadLetter, exactly once: the source's position and its letters are in the same checkpoints.
  static OnError DeadLetter(std::string directory) {
    OnError on_error(kDeadLetter);
    on_error.directory_ = std::move(directory);
    return on_error;
  }

  /// What is done.
  Kind kind() const { return kind_; }
  /// Of letters.
  const std::string& directory() const { return directory_; }
  friend bool operator==(const OnError& a, Kind b) { return a.kind_ == b; }

 private:
  Kind kind_;
  std::string directory_;
};

}  // namespace v0
}  // namespace weir

namespace weir::connectors {

/// The output port on which a source puts its letters.
inline constexpr base::PortIndex kDeadLetterPort{1};

/// Puts a letter out; its text is cut.
void PutOut(DeadLetter letter, runtime::Output& output);

/// The first line of `text`, as a letter holds it: without its end, cut.
std::string_view LetterText(std::string_view text);

}  // namespace weir::connectors
