#include <cerrno>
#include <cstdio>

#include "weir/env/posix_file_system.h"
#include "weir/env/text_output.h"

namespace weir::env {
namespace {

// Through stdio, whose lock keeps the lines of all threads and of other writers apart.
class StandardOutput final : public TextOutput {
 public:
  Status Write(std::string_view lines) override {
    const size_t written = std::fwrite(lines.data(), 1, lines.size(), stdout);
    if (written < lines.size() || std::fflush(stdout) != 0) {
      const int error = errno;
      if (error == EPIPE || error == EBADF) {
        return FailedPreconditionError(
            "standard output is closed; run it again with a reader, or into a file: what had been "
            "printed behind the newest checkpoint is printed again");
      }
      return UnavailableError(ErrnoStatus(error, "write to", "standard output").message());
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<TextOutput> NewStandardOutput() { return std::make_unique<StandardOutput>(); }

}  // namespace weir::env
