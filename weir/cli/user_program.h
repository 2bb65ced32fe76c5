// UserProgram: what the build callback writes down, for the command line at hand: the program's own
// options beside Weir's, its settings below those of the command line, and its plan.
//
// The options of a program are known only once it was built, and an option may be declared only for
// certain values of another: so the program is built until no new option appears.
// Threads: the main thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "weir/api/pipeline.h"
#include "weir/base/status.h"
#include "weir/cli/arguments.h"
#include "weir/cli/main.h"

namespace weir::cli {

using BuildCallback = std::function<void(Pipeline&)>;

class UserProgram {
 public:
  /// Reads a command line and builds the program for it.
  /// Shapes: `line` begins behind the subcommand; `own` are Weir's options there, and `reserved`
  ///   the names of all of Weir's options. `build` outlives the result.
  /// Errors: InvalidArgument: the command line is wrong.
  static StatusOr<UserProgram> Read(std::span<const std::string> line,
                                    std::span<const OptionSpec> own,
                                    std::span<const std::string> reserved,
                                    const BuildCallback& build);

  const Arguments& arguments() const { return arguments_; }
  const std::string& job() const { return pipeline_->program().name(); }

  /// The options that the program declares, as options of a command line.
  const std::vector<OptionSpec>& options() const { return declared_; }

  /// A setting as it holds for this run.
  std::string Setting(std::string_view key) const;

  /// Errors: InvalidArgument: one line for each mistake of the program; also when `check` is kTwice
  ///   and the program comes out differently when it is built again.
  StatusOr<api::JobPlan> Plan(std::optional<uint32_t> inherited_max_parallelism, BuildCheck check);

  /// The mistakes of the last Plan that failed.
  std::vector<std::string> mistakes() const;

 private:
  explicit UserProgram(const BuildCallback& build) : build_(&build) {}

  Status FindOptions(std::span<const std::string> line, std::span<const OptionSpec> own,
                     std::span<const std::string> reserved);
  Status ReadConfig();
  api::OptionValues ProgramValues(const Arguments& arguments) const;
  StatusOr<std::unique_ptr<Pipeline>> Build(const api::OptionValues& values) const;

  const BuildCallback* build_;
  Arguments arguments_;
  std::vector<OptionSpec> declared_;
  api::Config config_;  // of the command line: -D, --parallelism, --checkpoint-dir
  api::OptionValues values_;
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace weir::cli
