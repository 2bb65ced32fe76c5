#include "weir/env/posix_random.h"

#include <sys/random.h>

#include <cerrno>

#include "weir/base/check.h"

namespace weir::env {

uint64_t PosixRandom::Next() {
  uint64_t number = 0;
  ssize_t got = -1;
  do {
    got = getrandom(&number, sizeof number, 0);
  } while (got < 0 && errno == EINTR);
  // Up to 256 bytes getrandom gives all or nothing (getrandom(2)).
  WEIR_CHECK(got == static_cast<ssize_t>(sizeof number));
  return number;
}

}  // namespace weir::env
