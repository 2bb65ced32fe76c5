// The exit codes of a Weir program.
#pragma once

namespace weir::cli {

enum class ExitCode : int {
  kDone = 0,
  kFailed = 1,    // the job failed; or what was looked for is damaged or not there
  kUsage = 2,     // the command line or the program is wrong: nothing was started
  kRefused = 3,   // state or output would be lost or repeated: nothing was changed
  kSignal = 128,  // plus the number of the signal that stopped the job; the next run resumes
};

}  // namespace weir::cli
