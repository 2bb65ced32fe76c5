// Console: what a person or a script sees. Results go to standard output, everything else to
// standard error.
//
// On a terminal one status line is kept at the bottom: it is taken away before anything else is
// written and drawn anew after it.
// Threads: any thread; lines of several threads do not mix.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/base/status.h"
#include "weir/env/mutex.h"
#include "weir/env/terminal.h"

namespace weir::cli {

class Console {
 public:
  enum class Notes : uint8_t { kShown, kHidden };
  Console(env::Surroundings surroundings, Notes notes)
      : surroundings_(surroundings), notes_(notes) {}
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;
  ~Console();

  const env::Surroundings& surroundings() const { return surroundings_; }

  /// Text for standard output, as it is.
  void Result(std::string_view text);

  /// A line about what happens, for standard error; not with --quiet.
  void Note(std::string_view line);

  /// What went wrong, then the cure, indented: "error: <sentence>". A cure that the sentence itself
  /// ends with ("...; do this") is shown the same way.
  void Error(std::string_view sentence, std::string_view cure = {});

  /// Draws the status line, or takes it away (empty).
  /// Shapes: standard error is a terminal.
  void SetStatusLine(std::string line);

 private:
  void WriteError(std::string_view text) WEIR_REQUIRES(mutex_);

  const env::Surroundings surroundings_;
  const Notes notes_;
  env::Mutex mutex_;
  std::string status_line_ WEIR_GUARDED_BY(mutex_);
};

/// A message taken apart at its last "; ", outside of quotes: sentence and cure. A nearest name
/// ("did you mean") stays with the sentence.
struct SentenceAndCure {
  std::string_view sentence;
  std::string_view cure;
};
SentenceAndCure SplitCure(std::string_view message);

/// The first columns of a line, without cutting a character of UTF-8.
std::string_view FirstColumns(std::string_view line, size_t columns);

}  // namespace weir::cli
