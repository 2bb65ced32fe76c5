// TextOutput: where a program's results go that people read. Lines from several threads do not mix.
#pragma once

#include <memory>
#include <string_view>

#include "weir/base/status.h"

namespace weir::env {

/// Threads: any thread.
class TextOutput {
 public:
  virtual ~TextOutput() = default;

  /// Writes whole lines, each with its end, and flushes. May block for as long as nobody reads.
  /// Errors: Unavailable with the operating system's reason; part of `lines` may have been written.
  virtual Status Write(std::string_view lines) = 0;
};

/// The standard output of this process. All objects stand for the same one.
std::unique_ptr<TextOutput> NewStandardOutput();

}  // namespace weir::env
