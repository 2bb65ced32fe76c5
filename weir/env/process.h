// What this process runs on.
// Threads: any thread.
#pragma once

#include <cstdint>
#include <string>

namespace weir::env {

/// The cores that this process may use; at least 1.
uint32_t Cores();

/// For people: "host-a (pid 4711)".
std::string ThisProcess();

/// An absolute form of a path, from the working directory on.
std::string AbsolutePath(const std::string& path);

/// Ends this process at once, with what was printed: its other threads are not waited for. Files
/// and locks are let go as when it is killed.
[[noreturn]] void EndThisProcess(int exit_code);

/// Opens those of the three standard streams that are closed, on nothing: else the next file that
/// is opened takes their number, and what is printed ends in it.
/// Threads: before any other.
void KeepStandardStreams();

}  // namespace weir::env
