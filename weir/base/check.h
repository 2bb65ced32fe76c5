// Checks of programmer errors. They are not for input: what a user, a peer or a disk can cause is a
// Status.
#pragma once

namespace weir::base {

/// Prints the place and the condition to stderr and aborts the process.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace weir::base

/// Aborts when `condition` is false; always on.
#define WEIR_CHECK(condition)                  \
  (__builtin_expect(!!(condition), 1) ? void() \
                                      : ::weir::base::CheckFailed(__FILE__, __LINE__, #condition))

/// As WEIR_CHECK, but compiled away in release builds: for loops that touch every record.
#ifdef NDEBUG
#define WEIR_DCHECK(condition) (true ? void() : void(condition))
#else
#define WEIR_DCHECK(condition) WEIR_CHECK(condition)
#endif
