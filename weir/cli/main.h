// Main: the command line of a Weir program. The program's own binary is the job.
//
//   int main(int argc, char** argv) {
//     return weir::Main(argc, argv, [](weir::Pipeline& p) {
//       p.Name("clicks");
//       ...
//     });
//   }
//
//   ./clicks run --input clicks.csv        runs the job; it resumes from its newest checkpoint
//   ./clicks checkpoints list              what there is to resume from
//   ./clicks run --help                    all options, those of the program too
//
// docs/configuration.md has every option and exit code.
#pragma once

#include <cstdint>
#include <functional>

namespace weir {
inline namespace v0 {

class Pipeline;

/// Whether the program is built a second time, to find out that it depends on more than its
/// options: another process of the job, or its next run, would build another one then.
enum class BuildCheck : uint8_t { kOnce, kTwice };
#ifdef NDEBUG
constexpr BuildCheck kBuildCheckDefault = BuildCheck::kOnce;
#else
constexpr BuildCheck kBuildCheckDefault = BuildCheck::kTwice;
#endif

/// Does what the command line says, and returns the exit code for `main`: 0 done, 1 the job failed,
/// 2 the command line or the program is wrong, 3 refused, because state or output would be lost or
/// repeated; 128 and the signal's number when a signal stopped it.
///
/// `build` writes the program down. It is called several times and may depend on nothing but
/// `Pipeline::Option`.
/// Threads: called first thing in `main`, once.
int Main(int argc, char** argv, const std::function<void(Pipeline&)>& build,
         BuildCheck check = kBuildCheckDefault);

}  // namespace v0
}  // namespace weir
