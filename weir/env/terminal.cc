#include "weir/env/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace weir::env {
namespace {

constexpr size_t kColumnsDefault = 80;

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
  return value == nullptr ? std::string_view() : value;
}

}  // namespace

Surroundings LookAround() {
  const std::string_view terminal = Variable("TERM");
  const bool can_redraw = !terminal.empty() && terminal != "dumb";
  Surroundings found;
  found.error_is_terminal = ::isatty(STDERR_FILENO) == 1 && can_redraw;
  found.output_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  found.colour = found.error_is_terminal && Variable("NO_COLOR").empty();
  return found;
}

size_t StandardErrorColumns() {
  struct winsize size = {};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : kColumnsDefault;
}

}  // namespace weir::env
